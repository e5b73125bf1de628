"""Scanners: those of the sources that were read last; of the others only what they must remember.

A scanner takes 200 KB and more, and of ten thousand log files few are written to at a time. In: the jails of a source.
Out: a scanner that behaves like any other, and is made when there is something to scan. Filters are compiled once for
all the sources that the same jails watch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from stockade._scanner import Scanner
from stockade.daemon.configuration import Configuration
from stockade.match.engine import FilterUse, compile_uses, scanner_of
from stockade.match.line_scanner import Batch, LineScanner
from stockade.match.spec import FilterSpec
from stockade.model.settings import JailSettings

MAX_OPEN = 256
"""Scanners kept ready; beyond, the one that was used longest ago is put away, and made again when it is needed.
One that stands within a line is not put away: its bytes are nowhere else."""

LOOKED_AT = 16
"""Scanners, the longest unused ones, of which one is put away; when all stand within lines, one more is kept."""


@dataclass(frozen=True, slots=True)
class Form:
    """What all scanners for the same jails have in common: `zeros` are the counts of one that has read nothing,
    `nothing` is the yield of no bytes."""

    uses: tuple[FilterUse, ...]
    specs: tuple[FilterSpec, ...]
    zeros: Mapping[str, int]
    nothing: Batch

    @classmethod
    def of(cls, jails: Sequence[JailSettings], made: Configuration) -> Form:
        """Compiles the filters. Raises ExpressionError."""
        uses = tuple(FilterUse(jail.filter, jail.findtime) for jail in jails)
        specs = compile_uses(uses, now=made.made_at, local_zone=made.zone, shared=made.shared)
        first = scanner_of(specs, uses)
        return cls(uses, specs, first.statistics(), first.feed(b"", made.made_at))


class Scanners:
    """Makes scanners for one configuration, and keeps the busy ones."""

    def __init__(self, configuration: Configuration, max_open: int = MAX_OPEN) -> None:
        self._configuration = configuration
        self._max_open = max_open
        self._forms: dict[tuple[str, ...], Form] = {}
        self._open: OrderedDict[SourceScanner, LineScanner] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, jails: Sequence[JailSettings]) -> LineScanner:
        """The scanner of a source that these jails watch; its filters have the order of the jails. Raises
        ExpressionError."""
        names = tuple(jail.name for jail in jails)
        if names not in self._forms:
            self._forms[names] = Form.of(jails, self._configuration)
        return SourceScanner(self, self._forms[names])

    def ready(self, scanner: SourceScanner) -> LineScanner | None:
        """The native part of a scanner, if it is not put away."""
        return self._open.get(scanner)

    def take_out(self, scanner: SourceScanner) -> LineScanner:
        """The native part of a scanner, made again if it was put away."""
        native = self._open.get(scanner)
        if native is None:
            native = self._open[scanner] = scanner.begin(self._make_room())
        self._open.move_to_end(scanner)
        return native

    def _make_room(self) -> tuple[Form, LineScanner] | None:
        """Puts one away when there are too many; what it was made of may serve the next source."""
        if len(self._open) < self._max_open:
            return None
        for scanner in islice(self._open, LOOKED_AT):
            if self._open[scanner].pending == 0:
                native = self._open.pop(scanner)
                scanner.put_away(native)
                return scanner.form, native
        return None


class SourceScanner:
    """A `LineScanner` that needs memory only while its source is written to."""

    __slots__ = ("_before", "_counts", "_pool", "_state", "form")

    def __init__(self, pool: Scanners, form: Form) -> None:
        self._pool = pool
        self._state = b""
        self._counts = self._before = form.zeros
        self.form = form

    def begin(self, spare: tuple[Form, LineScanner] | None) -> LineScanner:
        """Gives a native scanner what it must remember: one that another source of the same jails had, or a new one."""
        if spare is not None and spare[0] is self.form and isinstance(spare[1], Scanner):
            native: LineScanner = spare[1]
            native.load(self._state)  # without a state it begins anew
        else:  # a converter in front of a scanner may remember more of its source
            native = scanner_of(self.form.specs, self.form.uses)
            if self._state:
                native.load(self._state)
        self._state = b""
        self._before = native.statistics()
        return native

    def put_away(self, native: LineScanner) -> None:
        """Keeps what the native scanner remembers and has counted."""
        self._state = native.dump()
        self._counts = self._sum(native)

    def _sum(self, native: LineScanner) -> Mapping[str, int]:
        counts, before = self._counts, self._before
        now = native.statistics()
        return {name: counts.get(name, 0) + count - before.get(name, 0) for name, count in now.items()}

    @property
    def pending(self) -> int:
        """See `LineScanner`."""
        native = self._pool.ready(self)
        return native.pending if native is not None else 0

    def feed(self, data: bytes, now: float, *, is_live: bool = True) -> Batch:
        """See `LineScanner`."""
        if not data:
            return self.form.nothing
        return self._pool.take_out(self).feed(data, now, is_live=is_live)

    def feed_entries(self, entries: Sequence[tuple[float, bytes]], now: float, *, is_live: bool = True) -> Batch:
        """See `LineScanner`."""
        return self._pool.take_out(self).feed_entries(entries, now, is_live=is_live)

    def finish(self, now: float, *, is_live: bool = True) -> Batch:
        """See `LineScanner`."""
        if not self.pending:
            return self.form.nothing
        return self._pool.take_out(self).finish(now, is_live=is_live)

    def statistics(self) -> dict[str, int]:
        """See `LineScanner`."""
        native = self._pool.ready(self)
        return dict(self._sum(native) if native is not None else self._counts)

    def dump(self) -> bytes:
        """See `LineScanner`."""
        native = self._pool.ready(self)
        return native.dump() if native is not None else self._state

    def load(self, state: bytes) -> bool:
        """See `LineScanner`; while the scanner is put away, whether the dump fits shows when it is needed."""
        native = self._pool.ready(self)
        if native is not None:
            return native.load(state)
        self._state = state
        return True
