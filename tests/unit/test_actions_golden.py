"""Golden actions: our own action files and exactly what a shell would get; see tests/golden/actions/README.md."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions_help import TICKETS, action_tree, built, commands, ticket_data

FOLDER = Path(__file__).parents[1] / "golden" / "actions"
NAMES = sorted(path.stem for path in FOLDER.glob("*.conf"))
MANY = ticket_data(
    "192.0.2.3", fields={**{name: f"{name};" for name in "abcdefghijkl"}, "a-b": "1;", "a_b": "2;", "user": "END"}
)


def golden_tree(root: Path, names: list[str]) -> Path:
    """A tree with a jail for each of the golden actions."""
    texts = {name: (FOLDER / f"{name}.conf").read_text() for name in names}
    items = {name: text.partition("# jail: ")[2].partition("\n")[0] or name for name, text in texts.items()}
    return action_tree(root, texts, {f"jail-{name}": item for name, item in items.items()})


def shown(root: Path, name: str) -> str:
    """Every command of one golden action, as the file beside it shows them."""
    actions, problems = built(golden_tree(root, [name]))
    ((jail, (action,)),) = ((jail, own.values()) for jail, own in actions.items())
    lines = [f"{problem}\n\n" for problem in problems]
    head = (
        f"{action.actname}: on demand {action.is_on_demand}, norestored {action.is_norestored}, {action.timeout:g} s\n"
    )
    return "".join([head, *lines, *_blocks(commands(action, jail, (*TICKETS, MANY)))])


def _blocks(found: dict[str, list[str]]) -> Iterator[str]:
    for key, (text, *arguments) in found.items():
        if text:
            yield f"\n── {key}\n{text}\n" + "".join(f"   ${n} = {value!r}\n" for n, value in enumerate(arguments))


@pytest.mark.parametrize("name", NAMES)
def test_golden(tmp_path: Path, name: str) -> None:
    """Every command of the action file, for every family and ticket, is what the file beside it says."""
    assert shown(tmp_path, name) == (FOLDER / f"{name}.txt").read_text()


if __name__ == "__main__":
    for each in NAMES:
        with tempfile.TemporaryDirectory() as directory:
            (FOLDER / f"{each}.txt").write_text(shown(Path(directory), each))
