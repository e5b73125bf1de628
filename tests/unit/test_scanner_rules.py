"""Rules: hints, order, prefix, ignores, several filters, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scanner_specs import ADDR, NOW, Filter, Rule, make, rule, scan

ONE = "192.0.2.1"


def _rules(spec: Filter, data: bytes) -> list[int]:
    return [failure.rule for failure in scan(spec, data).failures]


def test_the_first_rule_wins() -> None:
    """Rules are tried in order, whatever their hints; with `is_all_rules` each one that matches gives a failure."""
    rules = (rule(rf"^no {ADDR}", "no"), Rule(rf"bad {ADDR}", (b"bad",)), Rule(rf"^bad {ADDR}"))
    spec = Filter(rules=(*rules, rule(rf"^BAD {ADDR}", "BAD")))
    assert _rules(spec, b"bad 192.0.2.1\n") == [1]
    assert _rules(replace(spec, is_all_rules=True), b"bad 192.0.2.1\n") == [1, 2]


def test_hints_may_ignore_case() -> None:
    """Heads and literals of a caseless rule are compared without regard to ASCII case."""
    head = Rule(rf"(?i)^bad {ADDR}", (b"BAD",), (b"Bad",), is_caseless=True)
    inner = Rule(rf"(?i)evil {ADDR}", (b"evil",), is_caseless=True)
    assert _rules(Filter(rules=(head, inner)), b"bAD 192.0.2.1\nx eVIL 192.0.2.1\nbad\n") == [0, 1]


def test_the_prefix_narrows_the_text() -> None:
    """Rules see the prefix's content; its other groups are defaults for theirs; the match keeps the whole line."""
    spec = Filter(
        prefix=Rule(r"^(?P<host>\S+) x(?P<user>\d*): (?P<content>.*)$"),
        rules=(rule(rf"^a(?P<user>b)? {ADDR}$", "a"),),
    )
    failures = scan(spec, b"h x7: a 192.0.2.1\nh x7: ab 192.0.2.1\na 192.0.2.1\n").failures
    assert [failure.fields for failure in failures] == [
        {"host": "h", "user": "7", "ip4": ONE},
        {"host": "h", "user": "b", "ip4": ONE},
    ]
    assert failures[0].matches == ["h x7: a 192.0.2.1"]


def test_an_empty_content_leaves_the_line() -> None:
    """A content that is empty does not replace the text."""
    spec = Filter(prefix=Rule("^(?P<content>z*)"), rules=(Rule(f"^bad {ADDR}"),))
    assert _rules(spec, b"bad 192.0.2.1\n") == [0]


def test_ignores_see_line_and_content() -> None:
    """An ignore expression may fit the whole line or the content; either ends the line."""
    base = Filter(prefix=Rule("^h: (?P<content>.*)"), rules=(rule(f"^bad {ADDR}", "bad"),))
    for pattern in ("^h: bad", "^bad .*2.1$"):
        spec = replace(base, ignores=(Rule(pattern),))
        assert _rules(spec, b"h: bad 192.0.2.1\n") == []
    assert _rules(replace(base, ignores=(Rule("^other"),)), b"h: bad 192.0.2.1\n") == [0]


def test_filters_share_a_pass() -> None:
    """Each filter finds what it would find alone, in line order, then filter order."""
    one = Filter("one", rules=(rule(f"^bad {ADDR}", "bad"),))
    two = Filter("two", rules=(Rule(f"{ADDR} evil", (b"evil",)),))
    every = Filter("every", rules=(Rule(f"{ADDR}"),))
    data = b"noise\nbad 192.0.2.1 evil\nevil\n192.0.2.2 evil\nbad 192.0.2.3\n192.0.2.4\n"
    found = [(failure.filter, failure.id) for failure in scan((one, two), data).failures]
    assert found == [(0, ONE), (1, ONE), (1, "192.0.2.2"), (0, "192.0.2.3")]
    assert len(scan((one, two, every), data).failures) == 8


def test_alternatives_and_tuples() -> None:
    """ALT groups fill a name that is empty, TUPLE groups are joined to it as Python prints a tuple."""
    spec = Filter(rules=(Rule(rf"^(?P<user>a*)(?P<alt_user>b*) (?P<alt_user1>c*) {ADDR}$"),))
    fields = [failure.fields for failure in scan(spec, b"b c 192.0.2.1\n c 192.0.2.1\n").failures]
    assert [(each["user"], each.get("user1")) for each in fields] == [("b", "c"), ("c", "c")]
    spec = Filter(rules=(Rule(r"^(?P<fid>\S+) (?P<tuple_id>\S+) (?P<tuple_id_1>\S+)$"),))
    assert scan(spec, b"192.0.2.3 left right\n").failures[0].id == "('192.0.2.3', 'left', 'right')"


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (Filter("ssh", rules=(Rule("ok"), Rule("a(b"))), r"\"ssh\", failregex 1.*offset 3"),
        (Filter("ssh", prefix=Rule("a)")), "prefregex"),
        (Filter("ssh", ignores=(Rule("*"),)), "ignoreregex 0"),
        (Filter("ssh", usedns="maybe"), "maybe"),
        (Filter("ssh", maxlines=100_000), "maxlines"),
    ],
)
def test_errors_name_their_place(spec: Filter, named: str) -> None:
    """What PCRE2 or the scanner does not take raises ValueError with filter, expression and reason."""
    with pytest.raises(ValueError, match=named):
        make(spec)


def test_patterns_beyond_ascii() -> None:
    """A pattern with characters beyond ASCII means characters, on every line."""
    spec = Filter(rules=(Rule(f"^é*[^ü]b {ADDR}$"),))
    assert _rules(spec, "éé-b 192.0.2.1\n-b 192.0.2.1\nüb 192.0.2.1\n".encode()) == [0, 0]


def test_failures_on_demand() -> None:
    """A batch gives identifiers at once and makes a failure when asked; the failure outlives batch and later calls."""
    spec = Filter(rules=(rule(f"^bad (?P<fid>\\S+)(?: at {ADDR})?", "bad"),))
    scanner = make(spec)
    batch = scanner.feed(b"bad bob at 192.0.2.1\nbad amy\n", NOW)
    assert (len(batch), batch.ids, batch.filters) == (2, ["bob", "amy"], [0, 0])
    for index in (-1, 2):
        with pytest.raises(IndexError):
            batch.failure(index)
    bob, amy = batch.failure(0), batch.failure(1)
    del batch
    again = scanner.feed(b"bad tom at 192.0.2.9\n", NOW).ids
    assert again == ["tom"]
    assert [(f.id, f.ip, f.raw_host, f.matches) for f in (bob, amy)] == [
        ("bob", ONE, ONE, ["bad bob at 192.0.2.1"]),
        ("amy", "", "amy", ["bad amy"]),
    ]
    empty = scanner.feed(b"fine\n", NOW)
    assert (len(empty), empty.ids, empty.filters, empty.failures) == (0, [], [], [])
    assert empty.others({"tom"}) == []


def test_others_are_not_known() -> None:
    """A batch tells which failures are of identifiers outside a set, a mapping or anything that contains; what that
    raises is raised. A batch keeps its identifiers when the scanner has let go of all."""
    scanner = make(Filter(rules=(rule(f"^bad {ADDR}", "bad"),)))
    batch = scanner.feed(b"bad 192.0.2.1\nbad 192.0.2.2\nbad 2001:db8::1\nbad 192.0.2.1\n", NOW)
    assert batch.others(set()) == [0, 1, 2, 3]
    assert batch.others({"192.0.2.1": None}) == [1, 2]
    assert batch.others(["2001:db8::1", "192.0.2.2"]) == [0, 3]
    with pytest.raises(TypeError):
        batch.others(7)  # type: ignore[arg-type]
    many = b"".join(b"bad 10.%d.%d.%d\n" % (n >> 16, n >> 8 & 255, n & 255) for n in range(70_000))
    assert len(scanner.feed(many, NOW).others({"10.0.0.0"})) == 69_999
    assert scanner.feed(b"bad 192.0.2.9\n", NOW).ids == ["192.0.2.9"]
    assert (batch.ids, batch.failure(2).id) == (["192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.1"], "2001:db8::1")


def test_python_objects_read_well() -> None:
    """Identifiers of equal text are one string, and everything has a short representation."""
    spec = Filter(rules=(rule(f"^bad {ADDR}", "bad"),))
    scanner = make(spec, is_explaining=True)
    first = scanner.feed(b"bad 192.0.2.1\n", NOW)
    second = scanner.feed(b"bad 192.0.2.1\nbad 999.0.0.1\n", NOW)
    assert first.failures[0].id is second.failures[0].id
    assert ONE in repr(first.failures[0])
    assert "fail" in repr(first.verdicts[0])
    assert "bad-address" in repr(second.odd[0])
    assert "failures 1" in repr(first)
