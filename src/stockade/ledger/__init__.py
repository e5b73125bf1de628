"""The ledger (SQLite): what must outlive the daemon."""

from stockade.ledger.ledger import Ledger
from stockade.ledger.rows import PastBan

__all__ = ["Ledger", "PastBan"]
