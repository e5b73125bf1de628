"""Options of one run of the daemon, as `stockade run` hands them over: one JSON object on the command line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from stockade.errors import UsageError

INSECURE_NAMES = ("user", "capabilities", "sandbox")
"""What `--insecure` may name: rights or protections that are then not fatal when they cannot be had."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where things are and what is allowed to be missing. `config` "" means the shipped configuration, with
    /etc/stockade over it where that exists."""

    config: str = ""
    state: str = "/var/lib/stockade"
    socket: str = "/run/stockade/control.sock"
    dry_run: bool = False
    stdin: bool = False
    remove_bans: bool = False
    insecure: tuple[str, ...] = ()

    @property
    def ledger_path(self) -> Path:
        """The ledger's file."""
        return Path(self.state) / "ledger.sqlite3"

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
        unknown = set(options.insecure) - set(INSECURE_NAMES)
        if unknown:
            raise UsageError(
                f"--insecure knows no {', '.join(sorted(unknown))}", f"it may name {', '.join(INSECURE_NAMES)}"
            )
        return options
