"""What `make bench` measures: the rows of its table, and where fail2ban's stock filters are.

In: nothing. Out: `WORKS`, and the tree of a row. The stock filters belong to fail2ban: they are read where they are
installed or unpacked, never copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "src/stockade/data"
STOCK = (
    ROOT / "build/peers/fail2ban/etc/fail2ban",
    Path("/etc/fail2ban"),
    ROOT.parent / "shared/compat/fail2ban/config",
)
"""Where a stock tree may be, the one that belongs to the measured engine first."""

WEB_JAILS = (
    "nginx-http-auth",
    "nginx-botsearch",
    "nginx-bad-request",
    "nginx-limit-req",
    "apache-badbots",
    "apache-botsearch",
    "apache-noscript",
    "apache-overflows",
    "php-url-fopen",
    "traefik-auth",
)
"""Ten stock filters as administrators point them at `/var/log/nginx/*.log`. Five of them read access logs: the bad
requests, two kinds of probes, robots by their name, refused logins. The other five are for error logs, and find nothing
here. Left out: `apache-fakegooglebot`, which every line of the real one fails unless a command vouches for it."""


@dataclass(frozen=True, slots=True)
class Work:
    """One row: a corpus, our filters for it, and fail2ban's filters. `is_stock`: ours are fail2ban's own, too."""

    name: str
    kind: str
    filters: tuple[str, ...]
    is_stock: bool = False
    differences: Mapping[str, str] = field(default_factory=dict)
    """Jails whose failures rightly differ from fail2ban's, with the reason."""

    def tree(self) -> Path | None:
        """The configuration tree of our side; None if there is no stock tree here."""
        return stock_tree() if self.is_stock else SHIPPED


WORKS = (
    Work("attack", "attack", ("sshd",)),
    Work("quiet", "quiet", ("sshd",)),
    Work("nginx, ten jails", "nginx", WEB_JAILS, is_stock=True),
)
"""The table's rows."""


def stock_tree() -> Path | None:
    """Finds fail2ban's stock configuration."""
    return next((tree for tree in STOCK if (tree / "filter.d/nginx-botsearch.conf").is_file()), None)
