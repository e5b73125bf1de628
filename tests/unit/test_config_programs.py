"""Which programs a shell command is sure to run."""

from __future__ import annotations

import pytest

from stockade.config.programs import programs


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("wall -w add x; wall list", ["wall", "wall"]),
        ('printf "a\nb" | mailer -f x', ["mailer"]),
        ("one\ntwo \\\n  three\nfour 2>/dev/null", ["one", "two", "four"]),
        ("A=1 B=2 one", ["one"]),
        ("! one -q x || two", ["one"]),
        ("one > file < other | two", ["one", "two"]),
        ("/opt/x/one && two", ["/opt/x/one"]),
        ("one & two", ["one", "two"]),
        ("if one; then two; fi; three", ["one"]),
        ("[ -n x ] && one", []),
    ],
)
def test_what_surely_runs(command: str, found: list[str]) -> None:
    """A word where a program stands, in every step that no condition guards."""
    assert list(programs(command)) == found


@pytest.mark.parametrize(
    "command",
    [
        "",
        "'my program' x",
        "<mailcmd> x",
        "$SHELL -c x",
        "echo a; cd /tmp; : b; true",
        "(one)",
        "f() { one; }",
        "for x in a b; do one; done",
        "case a in b) one;; esac",
        "echo 'never closed; one",
        "echo ';' one",
        "echo \\; one",
        "echo $(one)",
        "2>/dev/null",
    ],
)
def test_silence_where_it_is_not_sure(command: str) -> None:
    """Builtins, conditions, substitutions, quoted and variable words are no programs that could be missing."""
    assert list(programs(command)) == []
