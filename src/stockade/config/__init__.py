"""The reader of fail2ban's configuration dialect: directories in, `model.settings.Settings` and `errors.Problem`s out.

Use `load`, `load_filter` and `parse_seconds`; the other modules are its parts.
It opens configuration files and looks which logs exist; it runs nothing, resolves nothing and compiles no expression.
"""

from __future__ import annotations

from stockade.config.absent import absent_logs, absent_programs
from stockade.config.load import Loaded, load, load_filter
from stockade.config.names import BUILT_IN
from stockade.config.options import Effective
from stockade.config.paths import SHIPPED, search_path
from stockade.config.times import parse_seconds
from stockade.config.trouble import Trouble

__all__ = [
    "BUILT_IN",
    "SHIPPED",
    "Effective",
    "Loaded",
    "Trouble",
    "absent_logs",
    "absent_programs",
    "load",
    "load_filter",
    "parse_seconds",
    "search_path",
]
