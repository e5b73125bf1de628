"""Runs one script with `/bin/sh -c` and never waits for it: its owner's selector says when there is something to do.

In: a Script, a time limit, an environment. Out: an Outcome. The command has a session of its own, nothing to read, no
descriptor of ours but its two pipes, umask 077 and the root directory. Must not decide what is run, or log.

Time limit exceeded: SIGTERM to the whole process group, 0.2 s later SIGKILL, whatever the shell said meanwhile. The
shell is reaped only after the last signal, so its number cannot have become somebody else's. A process that survives
SIGKILL for 5 s (stuck in the kernel) is given up and reaped when it ends.

Signals that the host ignores are ignored by commands, too: it must catch SIGTERM and SIGCHLD or leave them alone
(`Runner` insists on it).

A program that goes on in the background does not hold us: when the shell has ended, what is in the pipes is read and
they are closed. It lives on, as with fail2ban.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto
from typing import IO, Final

from stockade.actions.outcome import Outcome
from stockade.actions.output import Output
from stockade.actions.script import Script
from stockade.model.clock import Monotonic, Seconds

TERM_SECONDS: Final[Seconds] = 0.2
"""Between SIGTERM and SIGKILL."""

KILL_SECONDS: Final[Seconds] = 5.0
"""After SIGKILL; then the process is given up."""

PIPE_READ: Final = 64 * 1024
PIPE_READS: Final = 16
"""Bytes of one read, and reads of one pipe in one turn (1 MiB); what is left waits for the next turn."""

UMASK: Final = 0o077


class _Phase(Enum):
    RUNNING = auto()
    TERMINATED = auto()
    KILLED = auto()


def start(
    script: Script,
    timeout: Seconds,
    *,
    number: int,
    environment: Mapping[str, str],
    selector: selectors.BaseSelector,
    now: Monotonic,
) -> Shell | Outcome:
    """Starts a script; gives the failed outcome at once if there is no process, descriptor or memory for it.

    `number` names the run in the log. The Shell registers its descriptors with `selector`, itself as their data.
    """
    shown = repr([script.text, *script.arguments]) if script.arguments else script.text
    try:
        process = _spawn(script, environment)
    except (OSError, ValueError) as problem:
        return Outcome(number, shown, None, f"failed with {problem}")
    try:
        return Shell(process, selector, timeout, now, Outcome(number, shown, None))
    except OSError as problem:
        with process:  # closes its pipes and reaps it
            _signal(process, signal.SIGKILL)
        return Outcome(number, shown, None, f"failed with {problem}")


class Shell:
    """One run of one script."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        selector: selectors.BaseSelector,
        timeout: Seconds,
        now: Monotonic,
        outcome: Outcome,
    ) -> None:
        self.process = process
        self.deadline = Monotonic(now + timeout)
        """When `turn` must be called even if no descriptor is ready."""
        self._timeout = timeout
        self._selector = selector
        self._outcome = outcome
        self._phase = _Phase.RUNNING
        self._pidfd = os.pidfd_open(process.pid)
        self._watch_end(True)
        self._pipes: dict[IO[bytes], Output] = {}
        for pipe, output in ((process.stdout, outcome.stdout), (process.stderr, outcome.stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._pipes[pipe] = output
                selector.register(pipe, selectors.EVENT_READ, self)

    def turn(self, now: Monotonic) -> Outcome | None:
        """Drains the pipes and looks whether the command ended or its time is over; how it ended, if it did."""
        self._drain()
        if self._phase is not _Phase.TERMINATED and self._has_ended():
            self._drain()  # what was written between the two looks
            return self._end(self.process.wait())
        return self._next_phase(now) if now >= self.deadline else None

    def kill(self) -> None:
        """Ends the command at once, for a host that ends itself; the process must still be reaped."""
        _signal(self.process, signal.SIGKILL)
        self._end(None)

    def _drain(self) -> None:
        for pipe in list(self._pipes):
            if not _read(pipe, self._pipes[pipe]):
                self._close_pipe(pipe)

    def _has_ended(self) -> bool:
        """Asks the kernel without reaping."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _next_phase(self, now: Monotonic) -> Outcome | None:
        match self._phase:
            case _Phase.RUNNING:
                _signal(self.process, signal.SIGTERM)
                self._watch_end(False)  # the group gets its SIGKILL even if the shell ends before: it stays a zombie
                self._phase, self.deadline = _Phase.TERMINATED, Monotonic(now + TERM_SECONDS)
            case _Phase.TERMINATED:
                _signal(self.process, signal.SIGKILL)
                self._watch_end(True)
                self._phase, self.deadline = _Phase.KILLED, Monotonic(now + KILL_SECONDS)
            case _Phase.KILLED:
                return self._end(None, f"unable to kill PID {self.process.pid}")
        return None

    def _end(self, status: int | None, error: str = "") -> Outcome:
        for pipe in list(self._pipes):
            self._close_pipe(pipe)
        if self._phase is not _Phase.TERMINATED:
            self._watch_end(False)
        os.close(self._pidfd)
        timed_out = None if self._phase is _Phase.RUNNING else self._timeout
        return replace(self._outcome, status=status, error=error, timed_out=timed_out)

    def _close_pipe(self, pipe: IO[bytes]) -> None:
        del self._pipes[pipe]
        self._selector.unregister(pipe)
        pipe.close()

    def _watch_end(self, is_watched: bool) -> None:
        if is_watched:
            self._selector.register(self._pidfd, selectors.EVENT_READ, self)
        else:
            self._selector.unregister(self._pidfd)


def _read(pipe: IO[bytes], output: Output) -> bool:
    """Reads one pipe until it is empty or had its turn; False at its end."""
    for _ in range(PIPE_READS):
        try:
            data = os.read(pipe.fileno(), PIPE_READ)
        except BlockingIOError:
            return True
        if not data:
            return False
        output.take(data)
    return True


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(OSError):  # gone already, or not ours to end: then it is given up
        os.killpg(process.pid, number)


def _spawn(script: Script, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        script.argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        close_fds=True,
        start_new_session=True,
        umask=UMASK,
        cwd="/",
        env=dict(environment),
    )
