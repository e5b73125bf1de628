"""Where tags stand in a script, as a shell reads it."""

from __future__ import annotations

import pytest

from stockade.actions.contexts import Context, Position
from stockade.actions.tags import Place, parse

BARE, DOUBLE, SINGLE, COMMENT = Context.BARE, Context.DOUBLE, Context.SINGLE, Context.COMMENT


def positions(script: str) -> list[Position]:
    """The position of every tag of a script."""
    template = parse(script)
    assert not hasattr(template, "message")
    return [piece.position for piece in template.pieces if isinstance(piece, Place)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("script", "contexts"),
    [
        ("a <ip> \"b <ip>\" 'c <ip>' <ip>", [BARE, DOUBLE, SINGLE, BARE]),
        ('"<ip>"<ip>', [DOUBLE, BARE]),
        ("\\'<ip> \\\"<ip>", [BARE, BARE]),
        ('"a \\" <ip>" <ip>', [DOUBLE, BARE]),
        ("'it'\\''s <ip>' <ip>", [SINGLE, BARE]),
        ('"it\'s <ip>"', [DOUBLE]),
        ("x # it's <ip>\n<ip>", [COMMENT, BARE]),
        ("x#y <ip> $# <ip>", [BARE, BARE]),
        ('"$(grep \'<ip>\' "<ip>" <ip>) <ip>" <ip>', [SINGLE, DOUBLE, BARE, DOUBLE, BARE]),
        ("`a '<ip>' <ip>` \"`<ip>` <ip>\"", [SINGLE, BARE, BARE, DOUBLE]),
        ("(a '<ip>'; b <ip>) '<ip>'", [SINGLE, BARE, SINGLE]),
        ("case x in a) b '<ip>';; esac; <ip>", [SINGLE, BARE]),
        ("grep x <<ip> >out; cat <in '<ip>'", [BARE, SINGLE]),
        ("a \\\n '<ip>' \\", [SINGLE]),
        ("'unfinished <ip>", [SINGLE]),
        ('"$((1<<2)) <ip>"\n2 <ip>', [DOUBLE, BARE]),
    ],
)
def test_quotes(script: str, contexts: list[Context]) -> None:
    """Quotes, escapes, comments, substitutions and subshells, nested as a shell nests them."""
    assert positions(script) == [Position(context) for context in contexts]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cat <<END\n<ip>\nEND\n'<ip>'", [Position(DOUBLE, "END"), Position(SINGLE)]),
        ("cat <<'END' | mail <ip>\nit's <ip>\nEND\n<ip>", [Position(BARE), Position(SINGLE, "END"), Position(BARE)]),
        ("cat <<-\\END\n\t<ip>\n\tEND\n<ip>", [Position(SINGLE, "END"), Position(BARE)]),
        ("cat <<END\n\tEND\n<ip>\nEND", [Position(DOUBLE, "END")]),
        ("cat <<A - <<\"B\"\n<ip>\nA\n<ip> <ip>\nB\n<ip>", [
            Position(DOUBLE, "A"), Position(SINGLE, "B"), Position(SINGLE, "B"), Position(BARE),
        ]),
        ("x=$(cat <<END\n<ip>\nEND\n); <ip>", [Position(DOUBLE, "END"), Position(BARE)]),
        ("cat <<END\n<ip>", [Position(DOUBLE, "END")]),
        ("echo '<<END'\n<ip>", [Position(BARE)]),
    ],
)  # fmt: skip
def test_here_documents(script: str, expected: list[Position]) -> None:
    """A tag in a here-document knows the line that ends it; one behind it is in the script again."""
    assert positions(script) == expected
