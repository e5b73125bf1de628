"""One enabled section of the jail files becomes one `JailSettings`, or problems that say why not.

In: the tree, the merged jail files, the section's name. Out: settings, problems, origins. Every wrong option of the
jail is reported, not just the first; any fatal one disables this jail and no other.
"""

from __future__ import annotations

from collections.abc import Mapping

from stockade.config.actions import ActionReader
from stockade.config.addresses import parse_ignoreip
from stockade.config.backends import Backend, Feed, Machine, journal, parse_backend, parse_logpaths, wants_journal
from stockade.config.bantimes import read_ban
from stockade.config.definition import Definition
from stockade.config.filters import FILTER_OPTIONS, build_filter, combine, read_filter
from stockade.config.history import Merged
from stockade.config.ignorecache import parse_ignorecache
from stockade.config.interpolate import Scope
from stockade.config.merge import TreeReader
from stockade.config.modes import unknown_modes
from stockade.config.names import JAIL_OPTIONS
from stockade.config.options import Findings, OptionReader
from stockade.config.syslog import parse_listeners, parse_spoofable
from stockade.config.text import Text, at_place
from stockade.config.waysin import KERNEL, parse_way_in
from stockade.config.written import written_properties
from stockade.model.settings import ActionSettings, JailSettings, JournalSettings, LogPath, Origin, WayIn

CHAIN_CHARS = 26
"""From this length on a jail's name, with `f2b-` before it, is too long for a chain of iptables (28 characters)."""


class JailReader:
    """Reads one jail; `findings` are the load's own."""

    def __init__(
        self,
        reader: TreeReader,
        merged: Merged,
        name: str,
        *,
        machine: Machine,
        findings: Findings,
    ) -> None:
        self.reader = reader
        self.name = name
        self.machine = machine
        self.scope = Scope(merged, name)
        self.options = OptionReader(self.scope, name, findings.problems, findings.origins)
        self.filter_name = name
        self.action_origins = findings.actions
        self.is_skipped = False

    def is_enabled(self) -> bool:
        """Reads `enabled`; a wrong one is a problem, and the jail counts as not enabled."""
        return self.options.flag("enabled", False)

    def read(self) -> JailSettings | None:
        """Reads everything else; None when the jail cannot run, or shall not because it has no log now."""
        problems = self.options.problems
        before = len(problems)
        settings = self._settings()
        is_wrong = any(problem.is_fatal for problem in problems[before:])
        return None if is_wrong or self.is_skipped else settings

    def _settings(self) -> JailSettings:
        options = self.options
        texts, feed = self._feed()
        return JailSettings(
            name=self.name,
            filter=build_filter(self.filter_name, texts, options),
            logpaths=feed.logpaths,
            journal=feed.journal,
            syslog=feed.syslog,
            way_in=feed.way_in,
            is_spoofable_banned=self._is_spoofable_banned(feed),
            maxretry=options.number("maxretry", 3, 1, 1_000_000),
            findtime=options.seconds("findtime", 600.0, 1e-3),
            maxmatches=options.number("maxmatches", 5, 0, 10_000),
            ban=read_ban(options),
            ignoreip=self._ignoreip(),
            is_ignoreself=options.flag("ignoreself", True),
            ignorecommand=options.text("ignorecommand") or "",
            ignorecache=options.convert("ignorecache", None, parse_ignorecache, is_fatal=False),
            prefix_v6=options.number("banprefix6", 128, 1, 128),
            port=options.text("port", is_fatal=False) or "",
            protocol=options.text("protocol", is_fatal=False) or "tcp",
            actions=options.attempt("action", self._actions, ()),
        )

    def _feed(self) -> tuple[dict[str, Text], Feed]:
        """The filter's texts and what feeds them: they depend on each other through `logtype` and `journalmatch`."""
        options = self.options
        backend = options.convert("backend", Backend("auto", {}), parse_backend)
        logpaths: tuple[LogPath, ...] = options.attempt("logpath", lambda: parse_logpaths(options.lines("logpath")), ())
        if (options.text("backend") or "").strip().lower() == "gamin":
            self._warn("backend", "backend gamin no longer exists; auto is used", "write backend = auto")
        is_allowed = options.flag("systemd_if_nologs", True)
        texts = self._filter_texts(backend.is_journal or backend.is_syslog or backend.name == KERNEL)
        if backend.is_way_in:
            return texts, Feed(way_in=options.attempt("backend", lambda: self._way_in(backend), None))
        if backend.is_syslog:
            return texts, Feed(syslog=options.attempt("backend", lambda: parse_listeners(backend.arguments), ()))
        match = _journalmatch(texts)
        if not wants_journal(backend, logpaths, match, self.machine, is_allowed):
            if not logpaths:
                self._warn("logpath", "the jail has nothing to read", "set logpath, or backend = systemd")
            elif options.flag("skip_if_nologs", False):
                self._skip_without(logpaths)
            return texts, Feed(logpaths)
        if not backend.is_journal:
            texts = self._filter_texts(is_journal=True)
            match = _journalmatch(texts)
        source = options.attempt("journalmatch", lambda: journal(backend, match), JournalSettings())
        return texts, Feed(journal=source)

    def _way_in(self, backend: Backend) -> WayIn:
        return parse_way_in(backend.name, backend.arguments, self.options.text("logcommand") or "")

    def _is_spoofable_banned(self, feed: Feed) -> bool:
        """Reads `spoofable`, and says so when without it the jail can never ban."""
        is_banned = self.options.convert("spoofable", False, parse_spoofable)
        if feed.syslog and not is_banned and all(listener.is_spoofable for listener in feed.syslog):
            remedy = "send over TCP or a Unix socket, or write spoofable = ban if only your hosts can reach it"
            self._warn("backend", "lines over UDP can be forged by anybody: the jail only watches", remedy)
        return is_banned

    def _skip_without(self, logpaths: tuple[LogPath, ...]) -> None:
        """Leaves the jail out until the next load when none of its logs exists, as `skip_if_nologs` asks."""
        self.is_skipped = not any(self.machine.has_files(log.pattern) for log in logpaths)
        if self.is_skipped:
            message = "skip_if_nologs: none of its logs exists, the jail does not run"
            self._warn("logpath", message, "reload when there is one, or let the jail wait: skip_if_nologs = false")

    def _warn(self, option: str, message: str, remedy: str) -> None:
        self.options.warn(option, message, f"[{self.name}]", remedy)

    def _filter_texts(self, is_journal: bool) -> dict[str, Text]:
        """The filter options with the jail's own; notes where each was written."""
        options = self.options
        definition = options.attempt("filter", lambda: self._open_filter(is_journal), None)
        own = {}
        for option in FILTER_OPTIONS:
            options.forget(option)
            if (found := options.find(option)) is not None:
                own[option] = found
        texts: dict[str, Text] = options.attempt("filter", lambda: combine(definition, own), {})
        for trouble in unknown_modes(definition, texts) if definition else ():
            options.report(trouble, "filter", is_fatal=False)
        for option, text in texts.items():
            place = options.place(option) if option in own else definition and definition.place_of(option)
            options.note(option, text, place or text.places[0])
        return texts

    def _open_filter(self, is_journal: bool) -> Definition | None:
        """Reads the filter file, and makes its options known to the jail as `known/…`."""
        text = self.options.text("filter") or ""
        if not text.strip():
            return None
        variables = {"enabled": "True", "backend": self.options.text("backend") or "auto", "filter": text}
        place = self.options.place("filter") or ("", 0)
        self.filter_name, definition = read_filter(self.reader, text, variables, is_journal=is_journal, place=place)
        self.scope.known = definition.find
        return definition

    def _ignoreip(self) -> tuple[str, ...]:
        entries, troubles = parse_ignoreip(self.options.text("ignoreip") or "")
        for trouble in troubles:
            self.options.report(trouble, "ignoreip", is_fatal=False)
        return entries

    def _actions(self) -> tuple[ActionSettings, ...]:
        options = self.options
        texts = {option: options.text(option) for option in JAIL_OPTIONS}
        variables = {option: text for option, text in texts.items() if text is not None and option != "action"}
        reader = ActionReader(self.reader, self.name, variables)
        actions = reader.read(options.text("action") or "")
        for trouble in reader.warnings:
            options.report(trouble, "action", is_fatal=False)
        if len(self.name) >= CHAIN_CHARS and any(action.name.startswith("iptables") for action in actions):
            self._warn(
                "action", "iptables cannot have a chain with so long a name", "shorten the jail's name, or use nftables"
            )
        for action in actions:
            merged = None if action.name.endswith(".py") else self.reader.read(f"action.d/{action.name}")
            written = written_properties(action, merged, self._named_at(action.name))
            self.action_origins[self.name, action.actname] = written
        if not actions:
            self._warn(
                "action", "the jail has no action; it blocks in nftables all the same", "set action = %(action_)s"
            )
        return actions

    def _named_at(self, action: str) -> Origin:
        """The line of the jail's `action` on which an action is named."""
        found = self.options.find("action") or at_place("", ("", 0))
        lines = zip(found.text.split("\n"), found.places, strict=False)
        return Origin(*next((place for line, place in lines if action in line), found.places[0]))


def _journalmatch(texts: Mapping[str, Text]) -> str:
    return texts["journalmatch"].text if "journalmatch" in texts else ""
