"""The table of commands: name, module, group and the one line that `stockade --help` shows. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One command; its Click command is `command` in `stockade.cli.commands.<module>`."""

    name: str
    group: str
    help: str

    @property
    def module(self) -> str:
        """Where the command lives."""
        return f"stockade.cli.commands.{self.name}_command"


TABLE: tuple[Entry, ...] = (
    Entry("status", "Look", "Am I protected? Then jails, sources and bans"),
    Entry("bans", "Look", "Who is banned, by which jail, for how long"),
    Entry("why", "Look", "Why an address is banned, or what keeps it from being banned"),
    Entry("ban", "Act", "Ban addresses or networks by hand"),
    Entry("unban", "Act", "Lift bans"),
    Entry("reload", "Act", "Read the configuration again"),
    Entry("check", "Try", "Find every mistake in the configuration"),
    Entry("config", "Try", "The effective configuration, and where each value comes from"),
    Entry("test", "Try", "Run a filter over a log, exactly as the daemon would"),
    Entry("replay", "Try", "Who would have been banned, when and by which lines, over finished logs"),
    Entry("run", "Serve", "The daemon, in the foreground"),
    Entry("ping", "Serve", "Does the daemon answer?"),
    Entry("version", "Serve", "Versions of this command and of the daemon"),
    Entry("completion", "Serve", "Completion for bash, zsh or fish"),
)

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("stockade status", "is this machine protected?"),
    ("stockade why 192.0.2.7", "the whole story of one address"),
    ("stockade ban 192.0.2.0/24 --for 1d", "shut out a network for a day"),
    ("stockade test /var/log/auth.log sshd", "what would the filter find?"),
    ("stockade replay /var/log/auth.log*", "who would have been banned?"),
)
