"""Owns a program whose output is a log: starts it, reads it, and starts it again when it has ended.

In: its arguments. Out: chunks of what it writes, live; the end of a run ends a line. It runs as the daemon's own user,
without rights and without a shell, in a process group of its own that ends with the source; its standard input is
empty. What it writes to standard error becomes sayings. Must not block.
"""

from __future__ import annotations

import errno
import os
import select
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic, Seconds
from stockade.model.saying import Level, Saying
from stockade.model.settings import CommandSettings
from stockade.sources.complaints import Complaints

MAX_CHUNK, MAX_CHUNKS = 64 * 1024, 16
"""Bytes of one chunk (a pipe holds no more) and chunks of one `read`; the next call goes on. The program waits."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the program is started again: twice as many each time, up to a minute."""

STEADY_SECONDS: Seconds = 60.0
"""A run of this length is none that failed: the next pause is the first again."""

REAP_SECONDS: Seconds = 1.0
"""Between looks at a program that has closed its output and lives on."""

GRACE_SECONDS: Seconds = 0.3
"""For the program to end by itself when the source is closed; then it is killed."""

INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "HOME")
"""What the program gets of the daemon's environment."""


def command_name(settings: CommandSettings) -> str:
    """The name of the source: `command:journalctl -fu app`."""
    return f"command:{shlex.join(settings.argv)}"


class Command:
    """A `Source` of one program's output, for however many jails."""

    def __init__(self, settings: CommandSettings, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.source = command_name(settings)
        self._environment = {name: environment[name] for name in INHERITED if name in environment}
        self._epoll = select.epoll()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ended = False
        self._looks = self._starts = self._position = 0
        self._begun = b""
        self._pause: Seconds = FIRST_PAUSE
        self._due: Monotonic | None = None
        self._started = Monotonic(0.0)
        self._problem = ""
        self._complaints = Complaints(settings.argv[0])

    # The Source protocol

    def fileno(self) -> int:
        """A descriptor that stays the same from run to run; -1 after `close`."""
        return -1 if self._epoll.closed else self._epoll.fileno()

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """When the program is started again, or looked after; at once before the first start."""
        if self._epoll.closed:
            return None
        return self._due if self._process is not None or self._due is not None else now

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what the program has written; starts it where it is due."""
        if self._epoll.closed:
            return []
        if self._process is None:
            if self._due is None or now >= self._due:
                self._start(now)
            return []
        chunks: list[Chunk | Entries] = list(self._take(self._process))
        stderr = self._process.stderr
        if stderr is not None and not stderr.closed and not self._complaints.take(stderr):
            stderr.close()  # and leaves the epoll
        if self._is_ended and (self._due is None or now >= self._due):
            self._look_after(self._process, now)
        return chunks

    def status(self) -> list[SourceStatus]:
        """One row."""
        restarts = f"started {self._starts} times" if self._starts > 1 else ""
        if self._process is None and self._problem:
            again = "; it is started again" if not self._epoll.closed else ""
            return [SourceStatus(self.source, "failed", f"{self._problem}{again}", self._position)]
        state = "reading" if self._process is not None else "waiting"
        return [SourceStatus(self.source, state, restarts, self._position)]

    def close(self) -> None:
        """Ends the program with everything it started, and releases every descriptor; idempotent."""
        if self._process is not None:
            _end(self._process)
            _release(self._process)
        self._process = None
        self._epoll.close()

    # For the owner

    def take_sayings(self) -> list[Saying]:
        """What should stand in the log since the last call: the program's own complaints, starts that failed, ends."""
        return self._complaints.take_sayings()

    # Runs

    def _start(self, now: Monotonic) -> None:
        self._started, self._due, self._is_ended, self._looks = now, None, False, 0
        program = self.settings.argv[0]
        try:
            if shutil.which(program, path=self._environment.get("PATH")) is None:
                raise FileNotFoundError(errno.ENOENT, "there is no such program")
            process = subprocess.Popen(
                _bound(self.settings.argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                env=self._environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            self._fail(now, f"{program} cannot be started: {why} → check logcommand")
            return
        self._process = process
        self._starts += 1
        self._position, self._begun = 0, b""
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._epoll.register(pipe.fileno(), select.EPOLLIN)

    def _take(self, process: subprocess.Popen[bytes]) -> list[Chunk]:
        chunks: list[Chunk] = []
        while not self._is_ended and process.stdout is not None and len(chunks) < MAX_CHUNKS:
            data = process.stdout.read(MAX_CHUNK)
            if data is None:
                break
            self._is_ended = not data
            if self._is_ended or b"\n" in data or len(self._begun) >= MAX_CHUNK:
                chunks.append(self._chunk(data))
            else:
                self._begun += data
        return chunks

    def _chunk(self, data: bytes) -> Chunk:
        """Whole lines, as far as they are no longer than a chunk: what is unfinished waits here, for a reload begins
        with a new scanner and nothing can be read twice."""
        data = self._begun + data
        end = len(data) if self._is_ended else (data.rfind(b"\n") + 1 or len(data))
        self._begun = data[end:]
        chunk = Chunk(self.source, str(self._starts), self._position, data[:end], True, is_end=self._is_ended)
        self._position += end
        return chunk

    def _look_after(self, process: subprocess.Popen[bytes], now: Monotonic) -> None:
        """The output has ended: so has the program, as a rule. One that lives on is of no use: it is given a second, is
        asked to end, and is killed."""
        if not _has_ended(process):
            if self._looks == 0 and process.stdout is not None:
                process.stdout.close()
            elif self._looks:
                _signal(process, signal.SIGTERM if self._looks == 1 else signal.SIGKILL)
            self._looks += 1
            self._due = Monotonic(now + REAP_SECONDS)
            return
        _signal(process, signal.SIGKILL)  # what it left behind in its group
        status = process.wait()
        _release(process)
        self._process = None
        how = f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
        self._fail(now, f"{self.settings.argv[0]} {how}{self._complaints.last_words()}")

    def _fail(self, now: Monotonic, problem: str) -> None:
        if now - self._started >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self._due = Monotonic(now + self._pause)
        self._problem = problem
        self._complaints.say(Level.WARNING, f"{problem}; it is started again in {self._pause:g} s")
        self._pause = min(2 * self._pause, LONGEST_PAUSE)


def _bound(argv: Sequence[str]) -> Sequence[str]:
    """The program bound to this process, so that it ends when the daemon is killed outright: prctl(2),
    PR_SET_PDEATHSIG, through util-linux's setpriv. A function between fork and exec could do it without, but is not
    safe beside threads. Without setpriv (Busybox's does not know it) such a program ends at its next write."""
    launcher = shutil.which("setpriv")
    if launcher is None or os.path.basename(os.path.realpath(launcher)) != "setpriv":
        return argv
    return [launcher, "--pdeathsig", "TERM", "--", *argv]


def _release(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()  # and leaves the epoll


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks the group to end, waits a moment for its leader, and kills what is left."""
    _signal(process, signal.SIGTERM)
    descriptor = os.pidfd_open(process.pid)
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        waiting.poll(GRACE_SECONDS * 1000)
    finally:
        os.close(descriptor)
    _signal(process, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: nobody can wait for that
        process.wait(GRACE_SECONDS)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tells whether the program is over, and leaves its number to it: `_signal` is still to come."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Signals the program's group. Until the program is waited for, its number and its group's are nobody else's."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
