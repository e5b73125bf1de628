"""The view of mistakes in the configuration (`check`, `reload`): place, value, what is wrong, what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from stockade.cli.humanise import plural
from stockade.cli.safe_text import safe_text
from stockade.cli.views.style import BAD, FAINT, GOOD, HEAD, WARN
from stockade.control.schema import ProblemRow


def render_problems(problems: Sequence[ProblemRow]) -> Iterator[RenderableType]:
    """Gives each problem as `file:line: message`, its value and its remedy, then a sum."""
    for problem in problems:
        yield from _problem(problem)
    if problems:
        fatal = {problem["jail"] for problem in problems if problem["is_fatal"] and problem["jail"]}
        yield ""
        shown = plural(len(problems), "problem")
        kept = f"; these jails do not run: {', '.join(sorted(fatal))}" if fatal else ""
        yield Text(safe_text(shown + kept), BAD if fatal else WARN)


def _problem(problem: ProblemRow) -> Iterator[Text]:
    """Never wrapped by us: `file:line:` stays whole for editors and grep."""
    sign, style = ("✖", BAD) if problem["is_fatal"] else ("!", WARN)
    place = safe_text(problem["path"]) + (f":{problem['line']}" if problem["line"] else "")
    jail = f"  [{safe_text(problem['jail'])}]" if problem["jail"] else ""
    yield Text.assemble(
        (f"{sign} ", style), (f"{place}: ", HEAD), safe_text(problem["message"]), (jail, FAINT), no_wrap=True
    )
    if problem["value"]:
        yield Text(f"    {safe_text(problem['value'])}", FAINT, no_wrap=True)
    if problem["remedy"]:
        yield Text.assemble(("  → ", GOOD), safe_text(problem["remedy"]), no_wrap=True)


def render_success(jails: Sequence[str], *, has_problems: bool) -> Iterator[Text]:
    """Says which jails can run."""
    names = safe_text(", ".join(jails))
    if jails:
        sign = ("  ", "") if has_problems else ("✔ ", GOOD)
        yield Text.assemble(sign, f"{plural(len(jails), 'jail')} can run: ", (names, HEAD))
    elif has_problems:
        yield Text("  no jail can run", BAD)
    else:
        yield Text.assemble(
            ("! ", WARN), "no jail is enabled", (" → ", GOOD), "write `[sshd]` and `enabled = true` into jail.local"
        )
