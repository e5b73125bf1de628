"""The ledger against a plain model of dictionaries, with restarts and purges at any point."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stockade.ledger import Ledger
from stockade.model.ban import Ban, BanOrigin, BanState
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.record import BanEnd, Progress, Record, WindowState
from tests.ledger_help import DAY, NOW

LINES = 3
names = st.sampled_from(["sshd", "nginx", "'; --", "ü\0"])
ids = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::/64", "a b", "☃"])
times = st.integers(0, 50).map(lambda n: Wall(NOW + n))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
fields = st.dictionaries(texts, texts, max_size=3)
matches = st.lists(texts, max_size=LINES).map(tuple)
bans = st.builds(
    Ban,
    names,
    ids,
    times,
    st.one_of(st.none(), st.integers(1, 90).map(lambda n: Wall(NOW + n))),
    st.integers(1, 2**40),
    st.integers(0, 2**40),
    st.sampled_from([BanOrigin.FILTER, BanOrigin.MANUAL]),
    texts,
    fields,
    matches,
)
ends = st.builds(BanEnd, names, ids, times, st.sampled_from([BanState.EXPIRED, BanState.LIFTED]))
stamps = st.lists(st.floats(-1e11, 1e11), max_size=4).map(tuple)
windows = st.builds(WindowState, names, ids, stamps, fields, matches)
cursors = st.builds(Cursor, names, texts, st.integers(0, 2**62), texts)
progresses = st.builds(Progress, cursors, st.binary(max_size=40))


class Model(RuleBasedStateMachine):
    """What a ledger must answer, kept in dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.ledger = self.open()
        self.standing: dict[tuple[str, str], Ban] = {}
        self.past: list[tuple[Ban, float, BanState]] = []
        self.windows: dict[tuple[str, str], WindowState] = {}
        self.progress: dict[str, Progress] = {}
        self.counters: dict[str, int] = {}

    def open(self) -> Ledger:
        """Opens the ledger anew."""
        return Ledger.open(self.home / "ledger.sqlite3", now=NOW, maxmatches=LINES)

    @rule(written=st.lists(bans, max_size=4))
    def ban(self, written: list[Ban]) -> None:
        """Writes bans; of several for the same names in one record the last one stands."""
        self.ledger.commit(Record(tuple(written)))
        for ban in written:
            key = ban.jail, ban.id
            before = self.standing.get(key)
            if before is not None and before.since != ban.since:
                at = ban.since if before.until is None else min(before.until, ban.since)
                self.past.append((before, at, BanState.EXPIRED))
            elif before is not None:  # the same ban once more: evidence is only replaced by evidence
                kept = replace(ban, fields=ban.fields or before.fields, matches=ban.matches or before.matches)
                self.standing[key] = kept
                continue
            self.standing[key] = ban

    @rule(written=st.lists(ends, max_size=3))
    def end(self, written: list[BanEnd]) -> None:
        """Ends bans; an end without a ban is nothing."""
        self.ledger.commit(Record(ends=tuple(written)))
        for end in written:
            before = self.standing.pop((end.jail, end.id), None)
            if before is not None:
                self.past.append((before, end.at, end.state))

    @rule(written=st.lists(windows, max_size=4, unique_by=lambda one: (one.jail, one.id)))
    def change_windows(self, written: list[WindowState]) -> None:
        """Writes windows; one without times is gone."""
        self.ledger.commit(Record(windows=tuple(written)))
        for window in written:
            if window.times:
                self.windows[window.jail, window.id] = window
            else:
                self.windows.pop((window.jail, window.id), None)

    @rule(written=st.lists(progresses, max_size=3), counts=st.dictionaries(names, st.integers(0, 2**63 - 1)))
    def read_on(self, written: list[Progress], counts: Mapping[str, int]) -> None:
        """Writes progress and counters; the last one counts."""
        self.ledger.commit(Record(progress=tuple(written), counters=counts))
        self.progress.update((one.cursor.source, one) for one in written)
        self.counters.update(counts)

    @rule()
    def restart(self) -> None:
        """Closes and opens: nothing changes."""
        self.ledger.close()
        self.ledger = self.open()

    @rule()
    def crash(self) -> None:
        """Goes on with the files as a killed process leaves them: nothing changes."""
        copy = Path(tempfile.mkdtemp())
        for name in self.home.glob("ledger.sqlite3*"):
            shutil.copy(name, copy)
        self.ledger.close()
        shutil.rmtree(self.home)
        self.home = copy
        self.ledger = self.open()

    @rule(at=st.integers(0, 40))
    def purge(self, at: int) -> None:
        """Purging forgets history only."""
        self.ledger.purge(Wall(NOW + at), DAY)

    @invariant()
    def answers_agree(self) -> None:
        """Every question gets the model's answer."""
        now = Wall(NOW + 45)
        key = lambda ban: (ban.jail, ban.id)  # noqa: E731
        standing = sorted(self.standing.values(), key=key)
        assert sorted(self.ledger.active_bans(now), key=key) == [ban for ban in standing if not ban.is_over(now)]
        assert sorted(self.ledger.overdue_bans(now), key=key) == [ban for ban in standing if ban.is_over(now)]
        assert {(one.jail, one.id): one for one in self.ledger.windows()} == self.windows
        assert {one.cursor.source: one for one in self.ledger.progress()} == self.progress
        assert self.ledger.counters() == self.counters
        ended = [(past.ban, past.ended, past.state) for past in self.ledger.last_bans(10_000) if past.ended is not None]
        assert sorted(ended, key=repr) == sorted(self.past, key=repr)
        assert self.ledger.notices == ()

    def teardown(self) -> None:
        """Leaves nothing behind."""
        self.ledger.close()
        shutil.rmtree(self.home)


Model.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class TestLedgerIsItsModel(Model.TestCase):
    """Whatever is written, ended, purged or restarted, in whatever order: the ledger answers as its model does."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory):
    """One ledger for many examples."""
    opened = Ledger.open(tmp_path_factory.mktemp("any") / "ledger.sqlite3", now=NOW)
    yield opened
    opened.close()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(jail=st.text(max_size=30), identifier=st.text(max_size=300), text=st.text(max_size=300))
def test_any_text_can_be_committed_and_found_again(ledger: Ledger, jail: str, identifier: str, text: str) -> None:
    """Any text at all, as name or evidence, is taken without an error; what UTF-8 can hold is found again unchanged."""
    written = Ban(jail, identifier, NOW, None, reason=text, fields={text: text}, matches=(text,))
    ledger.commit(Record((written,)))
    found = [past.ban for past in ledger.history(identifier, 10_000)]
    ledger.take_notices()
    is_clean = not any("\ud800" <= letter <= "\udfff" for letter in jail + identifier + text)
    if jail and identifier and is_clean:
        assert replace(written, fields={text[:256]: text}) in found
