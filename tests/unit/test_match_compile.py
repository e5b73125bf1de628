"""A filter's settings become what the scanner takes, or errors that name the place and the remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stockade.match.compile import compile_filter, filter_errors, surroundings
from stockade.match.engine import FilterUse, check_filter, open_scanner
from stockade.match.problem import ExpressionError
from stockade.match.spec import FilterSpec
from stockade.model.settings import FilterSettings

NOW = 1_795_348_800.0
SHARED = surroundings(NOW, UTC)
DEMO = FilterSettings(
    name="demo",
    prefregex=r"^ \S+ demo\[<F-MLFID>\d+</F-MLFID>\]: <F-CONTENT>.+</F-CONTENT>$",
    failregex=(r"^refused <F-USER>\S+</F-USER> from <HOST>$", r"^\S+ <ADDR>$"),
    ignoreregex=(r"^refused root ",),
    datepattern=("{^LN-BEG}",),
)


def compiled(settings: FilterSettings, **options: Any) -> FilterSpec:
    return compile_filter(settings, findtime=600.0, now=NOW, local_zone=UTC, shared=SHARED, **options)


def test_a_filter_is_compiled_whole() -> None:
    """Prefix, rules, ignores, dates and options arrive; rules keep their order."""
    spec = compiled(DEMO, is_all_rules=True)
    assert (spec.name, spec.findtime, spec.is_all_rules, spec.maxlines, spec.usedns) == ("demo", 600.0, True, 1, "warn")
    assert spec.prefix is not None
    assert spec.prefix.literals == (b" demo[",)
    assert [rule.heads for rule in spec.rules] == [(b"refused ",), ()]
    assert [ignore.heads for ignore in spec.ignores] == [(b"refused root ",)]
    assert len(spec.dates) == 17
    assert spec.zone == ((946_684_800, 0),)


def test_rules_without_literals_take_those_of_the_prefix() -> None:
    """Whatever line such a rule matches, the prefix has matched; so it is no candidate without the prefix's literal."""
    spec = compiled(DEMO)
    assert spec.rules[0].literals == (b"refused ",)
    assert spec.rules[1].literals == (b" demo[",)


def test_multiline_filters_search_every_line() -> None:
    """A match may begin lines earlier, so that the last line need not contain any literal."""
    spec = compiled(replace(DEMO, prefregex="", failregex=(r"^a<SKIPLINES>b <HOST>$",), maxlines=5))
    (rule,) = spec.rules
    assert (rule.literals, rule.heads) == ((), ())
    assert rule.pattern.startswith("(?m)")


def test_zone_of_the_log_or_of_the_machine() -> None:
    """`logtimezone` is one offset; without it the steps of the local zone hold."""
    assert compiled(replace(DEMO, logtimezone="CET")).zone == ((0, 3600),)
    berlin = compile_filter(DEMO, findtime=None, now=NOW, local_zone=ZoneInfo("Europe/Berlin"))
    assert len(berlin.zone) > 50


@pytest.mark.parametrize(
    ("change", "option", "index", "message"),
    [
        ({"failregex": (r"^ok <HOST>$", r"^a(b <HOST>$")}, "failregex", 1, "unable to compile"),
        ({"failregex": ("   ",)}, "failregex", 0, "empty regex"),
        ({"prefregex": "", "failregex": ("^no id$",)}, "failregex", 0, "no failure-id group"),
        ({"prefregex": "^<F-CONTENT>.+"}, "prefregex", 0, "unable to compile"),
        ({"ignoreregex": ("[",)}, "ignoreregex", 0, "unable to compile"),
        ({"failregex": ("<HOST> <HOST>",)}, "failregex", 0, "redefinition"),
        ({"failregex": ("<F-A-B>x</F-A-B> <HOST>",)}, "failregex", 0, "bad character in group name"),
        ({"datepattern": ("%Y", "%Q")}, "datepattern", 1, "%Q"),
        ({"logtimezone": "Mars"}, "logtimezone", 0, "time zone"),
        ({"logencoding": "utf-7"}, "logencoding", 0, "utf-7"),
        ({"usedns": "maybe"}, "usedns", 0, "yes, warn, no, raw"),
        ({"maxlines": 0}, "maxlines", 0, "maxlines"),
    ],
)
def test_errors_name_place_and_remedy(change: dict[str, Any], option: str, index: int, message: str) -> None:
    """Each mistake is an ExpressionError with filter, option, index, text and remedy."""
    broken = replace(DEMO, **change)
    with pytest.raises(ExpressionError, match=message) as caught:
        compiled(broken)
    error = caught.value
    assert (error.filter_name, error.option, error.index) == ("demo", option, index)
    assert f"filter demo, {option} #{index + 1}" in str(error)
    assert error.remedy
    assert error.exit_status == 1


def test_all_errors_of_a_filter_are_found() -> None:
    """Checking does not stop at the first mistake."""
    broken = replace(DEMO, failregex=("(", r"^x <HOST>$", ")"), datepattern=("%Q",), logtimezone="Mars")
    assert [(error.option, error.index) for error in filter_errors(broken, SHARED)] == [
        ("datepattern", 0),
        ("logtimezone", 0),
        ("failregex", 0),
        ("failregex", 2),
    ]


def test_an_identifier_may_come_from_the_prefix() -> None:
    """A failregex needs no identifier of its own where prefregex has one; a broken prefregex is reported alone."""
    only = replace(DEMO, failregex=("^failed$",))
    assert compiled(only).rules
    broken = replace(only, prefregex="(<F-MLFID>")
    assert [error.option for error in filter_errors(broken, SHARED)] == ["prefregex"]


def test_what_only_the_engine_refuses_is_an_error_too() -> None:
    """An expression that grows too large when compiled passes Python and is refused by PCRE2, with its place."""
    huge = replace(DEMO, prefregex="", failregex=(r"(?:(?:\S{500}){500}){9} <HOST>",))
    assert filter_errors(huge, SHARED) == []
    (error,) = check_filter(huge, SHARED)
    assert "matching engine" in str(error)
    assert "demo" in str(error)


def test_every_filter_of_a_source_sees_every_line() -> None:
    """Failures carry the index of their filter, in the order given."""
    plain = FilterSettings(name="plain", failregex=(r"from <HOST>$",))
    scanner = open_scanner([FilterUse(DEMO), FilterUse(plain)], now=NOW, local_zone=UTC)
    line = b"Nov 22 11:59:59 web demo[7]: refused bob from 192.0.2.9\n"
    found = scanner.feed(line, NOW, is_live=True).failures
    assert [(failure.filter, failure.id, failure.time) for failure in found] == [
        (0, "192.0.2.9", NOW - 1),
        (1, "192.0.2.9", NOW - 1),
    ]
