"""Which programs a shell command is sure to run, as far as that can be told without a shell.

In: the text of a command. Out: words that stand where a program's name stands. It errs on the side of silence: at the
first condition, here-document, parenthesis or unclosed quote it stops, and a word that the shell would still change is
no program's name. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""[ \t\r]+ | (?P<operator>[();<>|&\n]+) | (?P<word>(?:[^\s();<>|&'"\\] | \\. | '[^']*' | "(?:[^"\\]|\\.)*")+)""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9_./+][A-Za-z0-9_./+-]*")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_STEPS = frozenset((";", "|", "|&", "&", ""))
_REDIRECTIONS = frozenset(("<", ">", ">>", "<>"))
_BEFORE_COMMAND = frozenset(("!", "{", "if", "while", "until", "exec", "time"))
_STOPS = frozenset(("case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "in", "select", "then"))
_BUILTINS = frozenset((
    *(".", ":", "}", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exit", "export", "false"),
    *("fg", "getopts", "hash", "jobs", "kill", "local", "newgrp", "printf", "pwd", "read", "readonly", "return", "set"),
    *("shift", "test", "times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "wait"),
))  # fmt: skip


def programs(command: str) -> Iterator[str]:
    """Yields the programs that the command surely starts, in order; a name may come twice."""
    is_start, is_target = True, False
    for word, is_operator, is_function in _tokens(command):
        if is_operator:
            is_start = word.strip("\n") in _STEPS
            is_target = word in _REDIRECTIONS
            if not (is_start or is_target):
                return
        elif is_target:
            is_target = False
        elif is_start and not _ASSIGNMENT.fullmatch(word):
            if word in _STOPS:
                return
            is_start = word in _BEFORE_COMMAND
            if not is_start and word not in _BUILTINS and not is_function and _NAME.fullmatch(word):
                yield word


def _tokens(command: str) -> Iterator[tuple[str, bool, bool]]:
    """Words, quotes kept, whether they are operators, and whether they are defined as functions here.

    Ends early at a quote that is not closed.
    """
    command = command.replace("\\\n", " ")
    at = 0
    while (match := _TOKEN.match(command, at)) is not None:
        if match.lastgroup:
            yield match[0], match.lastgroup == "operator", command.startswith("(", match.end())
        at = match.end()
