"""Outcome: how a command ended, and what the log is told of it.

In: exit status and output of one run. Out: a value, and its lines in the wording operators know from fail2ban:
`<id> -- exec: …`, `<id> -- stdout: '…'`, `<id> -- returned 1`. Must not run or write anything.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from stockade.actions.output import Output
from stockade.model.clock import Seconds
from stockade.model.saying import Level, Saying

NOT_FOUND: Final = 127
"""The shell's exit status when a program is not there."""

EXEC_CHARACTERS: Final = 4000
"""Characters of a command that the log is told; the rest is cut and marked."""

_BY_SIGNAL: Final = 128
"""Added by shells to the number of the signal that ended a program."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended.

    `status` is the exit status, negative for a signal, None if it could not be started (`error` says why) or not be
    ended. `timed_out` is the time limit if that was exceeded. The outputs are complete: nobody writes to them any more.
    """

    number: int
    shown: str
    status: int | None
    error: str = ""
    timed_out: Seconds | None = None
    stdout: Output = field(default_factory=Output)
    stderr: Output = field(default_factory=Output)

    @property
    def is_success(self) -> bool:
        """Whether the command did what it should; one that ran too long did not, whatever it returned at last."""
        return self.status == 0 and self.timed_out is None

    @property
    def reason(self) -> str:
        """The end in a few words, for `status`."""
        if self.error:
            return self.error
        if self.timed_out is not None:
            return f"timed out after {self.timed_out:g} seconds"
        return "returned successfully 0" if self.status == 0 else _ending(self.status or 0)

    def sayings(self, path: str = "") -> Iterator[Saying]:
        """The lines for the log: DEBUG after a success, ERROR otherwise. `path` is named in the hint on 127."""
        level = Level.DEBUG if self.is_success else Level.ERROR
        prefix = f"{self.number:x} --"
        yield Saying(level, f"{prefix} exec: {_shortened(self.shown)}")
        if self.timed_out is not None:
            yield Saying(Level.ERROR, f"{prefix} timed out after {self.timed_out:g} seconds.")
        for name, output in (("stdout", self.stdout), ("stderr", self.stderr)):
            for line in output.lines():
                yield Saying(level, f"{prefix} {name}: {line!r}")
        if self.error:
            yield Saying(Level.ERROR, f"{prefix} {self.error}")
        elif self.status is not None:
            ending = "returned successfully 0" if self.status == 0 else _ending(self.status)
            yield Saying(level, f"{prefix} {ending}")
        if self.status == NOT_FOUND:
            yield Saying(Level.INFO, f"HINT on 127: a program was not found; actions look for it in PATH={path}")


def _ending(status: int) -> str:
    number = -status if status < 0 else status - _BY_SIGNAL
    if number <= 0:
        return f"returned {status}"
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"killed with {name} (return code: {status})"


def _shortened(text: str) -> str:
    text = text.strip().replace("\n", "\\n")
    return text if len(text) <= EXEC_CHARACTERS else text[:EXEC_CHARACTERS] + "…"
