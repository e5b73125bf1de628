"""A writer of numbered lines into several logs, each of which is rotated in a way of its own, at random moments.

Every line holds an address of its own that says which log it belongs to and the how-manieth it is, so whoever reads it
can say which lines came. Run as a program: `rotating.py DIRECTORY RATE EVERY SEED STYLE…`; EVERY is how many seconds
lie between two rotations of a log, on average. It writes a few lines and says so; a line on standard input lets it
rotate, another ends it, and it prints as JSON how many lines each style wrote and which of them it destroyed itself:
those written between the copy and the truncation.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

PAUSE = 0.005
FIRST_NETWORK = 20
"""The first log's addresses are those of 20.0.0.0/8, the next one's those of 21.0.0.0/8, …"""

KEPT = 60
"""Rotations that are kept of one log; whoever reads must not be further behind."""


def number_of(name: str) -> int:
    """The line of its log that an address stands for."""
    _, high, middle, low = map(int, name.split("."))
    return high << 16 | middle << 8 | low


@dataclass
class Log(ABC):
    """One log and its writer. A rotation keeps the old descriptor for a random number of lines, as programs do that
    are told later to reopen."""

    path: Path
    network: int
    every: float
    chance: random.Random
    written: int = 0
    destroyed: list[int] = field(default_factory=list)
    destroyed_bytes: int = 0
    rotations: int = 0
    left: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.out = self.opened()
        self.reopen_in = 0

    def opened(self) -> BinaryIO:
        """The log, opened by its path."""
        file = self.path.open("ab", buffering=0)
        os.fchmod(file.fileno(), 0o644)
        return file

    def write(self, lines: int) -> None:
        """Appends lines, the last of them sometimes in two pieces."""
        data = b"".join(self.line() for _ in range(lines))
        cut = self.chance.randrange(len(data) + 1) if self.chance.random() < 0.2 else 0
        for piece in (data[:cut], data[cut:]):
            if piece:
                self.out.write(piece)
        self.reopen_in -= lines
        if self.reopen_in <= 0 < self.reopen_in + lines:
            self.reopen()

    def line(self) -> bytes:
        """The next line."""
        self.written += 1
        number = self.written
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        name = f"{self.network}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        user, port = "u" * self.chance.randrange(1, 120), number % 60000 + 1
        return f"{stamp} srv sshd[{number}]: Failed password for {user} from {name} port {port} ssh2\n".encode()

    def reopen(self) -> None:
        """The program takes notice of the rotation."""
        self.out.close()
        self.out = self.opened()

    def turn(self) -> None:
        """Rotates now and then, sometimes twice at once."""
        if self.chance.random() < PAUSE / self.every:
            self.rotate_once()
            if self.chance.random() < 0.2:
                self.write(self.chance.randrange(1, 5))
                self.rotate_once()
            self.reopen_in = self.chance.randrange(1, 60)

    def rotate_once(self) -> None:
        """Rotates, and deletes what is too old to be kept."""
        self.rotations += 1
        self.rotate()
        while len(self.left) > KEPT:
            self.left.pop(0).unlink()

    @abstractmethod
    def rotate(self) -> None:
        """What the log's rotation does."""

    def shift(self) -> None:
        """Makes room for the name `.1`."""
        Path(f"{self.path}.{KEPT}").unlink(missing_ok=True)
        for number in range(KEPT - 1, 0, -1):
            old = Path(f"{self.path}.{number}")
            if old.exists():
                old.rename(f"{self.path}.{number + 1}")


class Renamed(Log):
    """`log` becomes `log.1`; the program makes the new one when it reopens."""

    def rotate(self) -> None:
        if self.path.exists():
            self.shift()
            self.path.rename(f"{self.path}.1")
            if self.chance.random() < 0.5:
                self.reopen()


class Created(Log):
    """`log` becomes `log-20260105-7`, and an empty one is made at once; the program reopens later."""

    def rotate(self) -> None:
        self.left.append(self.path.rename(f"{self.path}-20260105-{self.written:09d}-{self.rotations}"))
        self.opened().close()


class Copied(Log):
    """copytruncate; what is written between the copy and the truncation is destroyed by it."""

    def rotate(self) -> None:
        self.shift()
        shutil.copyfile(self.path, f"{self.path}.1")
        os.chmod(f"{self.path}.1", 0o644)
        if self.chance.random() < 0.3:
            first, before = self.written + 1, self.path.stat().st_size
            self.write(self.chance.randrange(1, 4))
            self.destroyed += range(first, self.written + 1)
            self.destroyed_bytes += self.path.stat().st_size - before
        os.truncate(self.path, 0)


class Linked(Log):
    """`log` is a symbolic link that is turned to `log-8`, `log-9`, …"""

    def __post_init__(self) -> None:
        self.link()
        super().__post_init__()

    def link(self) -> None:
        """Turns the link to a file of a new name."""
        fresh = f"{self.path.name}-{self.rotations:09d}"
        (self.path.parent / fresh).touch(mode=0o644)
        self.left.append(self.path.parent / fresh)
        os.symlink(fresh, f"{self.path}.new")
        os.rename(f"{self.path}.new", self.path)

    def rotate(self) -> None:
        self.link()
        if self.chance.random() < 0.5:
            self.reopen()


class Daily(Log):
    """Each day has a name of its own: `log-000000001.log`."""

    def opened(self) -> BinaryIO:
        file = open(f"{self.path}-{self.rotations:09d}.log", "ab", buffering=0)  # noqa: SIM115 - closed when it reopens
        os.fchmod(file.fileno(), 0o644)
        return file

    def rotate(self) -> None:
        self.left.append(Path(self.out.name))
        self.reopen()


class Saved(Log):
    """Replaced by a copy of itself, as an editor saves it; now and then, when it has grown, a new one is begun."""

    def rotate(self) -> None:
        if self.path.stat().st_size > 1_000_000:
            self.left.append(self.path.rename(f"{self.path}-{self.rotations:09d}"))
        else:
            shutil.copyfile(self.path, f"{self.path}.swp")
            os.chmod(f"{self.path}.swp", 0o644)
            os.replace(f"{self.path}.swp", self.path)
        self.reopen()


STYLES: dict[str, type[Log]] = {
    "renamed": Renamed,
    "created": Created,
    "copied": Copied,
    "linked": Linked,
    "daily": Daily,
    "saved": Saved,
}


def pattern(directory: Path, style: str) -> str:
    """The `logpath` of a style's log."""
    return str(directory / f"{style}.log-*.log" if style == "daily" else directory / f"{style}.log")


def main(directory: str, rate: str, every: str, seed: str, *styles: str) -> None:
    """Writes until a line comes in."""
    chance = random.Random(int(seed))
    logs = {
        style: STYLES[style](Path(directory) / f"{style}.log", FIRST_NETWORK + number, float(every), chance)
        for number, style in enumerate(styles)
    }
    for log in logs.values():
        log.write(10)
    print("begun", flush=True)
    sys.stdin.readline()  # the reader has seen every log once: of one that came and went before, nobody could know
    began = time.monotonic()
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        due = int((time.monotonic() - began) * float(rate)) - sum(log.written for log in logs.values())
        shares = [chance.random() for _ in logs]
        for log, share in zip(logs.values(), shares, strict=True):
            lines = round(due * share / sum(shares))
            if lines:
                log.write(lines)
            log.turn()
    print(
        json.dumps(
            {
                style: {
                    "written": log.written,
                    "rotations": log.rotations,
                    "destroyed": log.destroyed,
                    "destroyed_bytes": log.destroyed_bytes,
                }
                for style, log in logs.items()
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
