"""The command line: `stockade`, the only executable.

In: arguments, and results of the daemon or of the tester; out: text for people or JSON for machines, and an honest exit
status. Commands are imported when they are called, so that each starts fast. Must not decide who is banned.
"""

from __future__ import annotations


def main() -> int:
    """Runs the command line and gives the exit status; the entry point of the package."""
    from stockade.cli.guard import run

    return run()
