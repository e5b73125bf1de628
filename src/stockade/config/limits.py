"""Bounds of the configuration reader, each with what happens at it.

The files belong to the operator, yet a mistake (an include of itself, a reference that doubles) must end in a message
and not in a machine without memory. Nothing else lives here.
"""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 16 << 20
"""A longer file is not read at all: a Problem."""

MAX_TREE_BYTES: Final = 64 << 20
"""All files of one load together; those behind it are not read: a Problem each."""

MAX_LINES: Final = 300_000
"""Lines of one file; the rest is left out with a Problem."""

MAX_NAME_CHARS: Final = 200
"""Characters of the name of an option or of a reference to one; a longer one is a Problem."""

MAX_VALUE_CHARS: Final = 256 << 10
"""A value that is longer, as written or after substitution, is a Problem; the option counts as wrong."""

MAX_FLAWS: Final = 100
"""A file with more syntax errors is given up at the hundredth."""

MAX_INCLUDE_DEPTH: Final = 20
"""Includes nested deeper are a Problem; they are not followed."""

MAX_MERGED_FILES: Final = 500
"""Files read for one configuration name, repeated ones counted; the rest is left out with a Problem."""

MAX_OPTIONS: Final = 300_000
"""Options of one configuration name, each version counted; files behind them are left out with a Problem."""

MAX_REFERENCE_DEPTH: Final = 10
"""Nesting of `%(…)s`; deeper is a Problem (the same bound as fail2ban's)."""

MAX_TREE_REFERENCES: Final = 500_000
"""`%(…)s` replaced in one load (the stock tree with every jail: 20,000); each further option that has one is wrong."""

MAX_REFERENCES: Final = 10_000
"""`%(…)s` replaced for one option; more is a Problem. Ten levels that each double twice stay below it."""

MAX_TAG_ROUNDS: Final = 25
"""How often one tag may be replaced within one value; more is a Problem (the same bound as fail2ban's)."""

MAX_TAGS: Final = 5_000
"""Replacements of all tags within one value; more is a Problem."""

MAX_JAILS: Final = 1_000
"""Enabled jails; those behind it are left out with one Problem, which concerns all."""

MAX_JAIL_NAME: Final = 100
"""Characters of a jail's name; a longer one is a Problem of that jail."""

MAX_ARGUMENTS: Final = 200
"""Bracket arguments of one item; more is a Problem."""

MAX_ITEMS: Final = 1_000
"""Lines or entries of one list option (failregex, logpath, ignoreip, …); more is a Problem of the jail."""

MAX_TIME_CHARS: Final = 200
"""Characters of a time; longer is a Problem."""

MAX_SECONDS: Final = 1e12
"""Largest time (some 30,000 years); beyond is a Problem."""

MAX_WORDS: Final = 2_000
"""Words that are compared for a suggestion; the rest is not looked at, and nothing is suggested from it."""

MAX_WARNINGS: Final = 100
"""Unknown options of one kind of file that are reported; the rest is not."""

MAX_NESTING: Final = 20
"""Parentheses within one another in a time; deeper is a Problem."""
