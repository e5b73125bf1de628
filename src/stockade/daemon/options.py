"""Options of one run of the daemon, as `stockade run` hands them over: one JSON object on the command line."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from stockade.errors import UsageError
from stockade.rights import INSECURE


@dataclass(frozen=True, slots=True)
class Options:
    """Where things are and what is allowed to be missing. `config` "" means the shipped configuration, with
    /etc/stockade over it where that exists. `bans_at_exit` is keep, remove or auto: see `is_keeping_bans`."""

    config: str = ""
    state: str = "/var/lib/stockade"
    socket: str = "/run/stockade/control.sock"
    dry_run: bool = False
    stdin: bool = False
    bans_at_exit: str = "auto"
    insecure: tuple[str, ...] = ()

    @property
    def ledger_path(self) -> Path:
        """The ledger's file."""
        return Path(self.state) / "ledger.sqlite3"

    def is_keeping_bans(self, is_configured: bool) -> bool:
        """Whether blocks stay in the kernel after a clean end. Under a service manager the configuration's `keepbans`
        decides (a restart must leave no gap); in a terminal nothing is left behind unless asked for. The ledger keeps
        the bans in any case, and the next start blocks them again."""
        if self.bans_at_exit == "auto":
            return is_configured and bool(os.environ.keys() & {"NOTIFY_SOCKET", "INVOCATION_ID"})
        return self.bans_at_exit == "keep"

    def to_json(self) -> str:
        """The text that `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Options:
        """Reads what `to_json` wrote; raises UsageError for anything else."""
        try:
            values = json.loads(text)
            values["insecure"] = tuple(values.get("insecure", ()))
            options = cls(**values)
        except (ValueError, TypeError, AttributeError) as error:
            raise UsageError(
                f"the daemon's options are not readable: {error}", "start it with `stockade run`"
            ) from None
        for field in fields(cls):
            if not isinstance(getattr(options, field.name), type(field.default)):
                raise UsageError(f"option {field.name} has the wrong type", "start it with `stockade run`")
        if options.bans_at_exit not in ("auto", "keep", "remove"):
            raise UsageError(f"bans_at_exit cannot be {options.bans_at_exit!r}", "auto, keep or remove")
        unknown = set(options.insecure) - INSECURE
        if unknown:
            raise UsageError(f"--insecure knows no {', '.join(sorted(unknown))}", f"it may name {', '.join(INSECURE)}")
        return options
