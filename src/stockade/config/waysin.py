"""The backends `command`, `docker[…]`, `podman[…]` and `kmsg`: ways in beside files, the journal and syslog.

In: the name and arguments of `backend`, the text of `logcommand`. Out: settings. Nothing is looked up: programs and
containers may come later. Errors are Trouble.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from stockade.config.limits import MAX_ITEMS
from stockade.config.trouble import Trouble, suggest
from stockade.model.settings import CommandSettings, ContainerSettings, KernelLogSettings, WayIn

COMMAND, KERNEL = "command", "kmsg"
ENGINES = ("docker", "podman")
WAYS_IN = (COMMAND, *ENGINES, KERNEL)

_ARGUMENTS = ("name", "label", "root")
_NAME = re.compile(r"[\w.*?\[\]!-]{1,255}", re.ASCII)
_LABEL = re.compile(r"[^\s=]{1,255}(?:=\S{0,255})?")
MAX_COMMAND = 4096
"""Characters of `logcommand`; a longer one is an error."""


def parse_way_in(name: str, arguments: Mapping[str, str], command: str) -> WayIn:
    """Reads one of `WAYS_IN`; `command` is the text of `logcommand`."""
    if name in ENGINES:
        return _containers(name, arguments)
    if arguments:
        remedy = "write the program as logcommand" if name == COMMAND else "write backend = kmsg"
        raise Trouble(f"backend {name} takes no arguments", ", ".join(arguments), remedy)
    return _command(command) if name == COMMAND else KernelLogSettings()


def _command(text: str) -> CommandSettings:
    try:
        argv = tuple(shlex.split(text)) if len(text) <= MAX_COMMAND else ()
    except ValueError as error:
        raise Trouble(f"logcommand cannot be split ({error})", text, "close the quotes") from None
    if not argv or "\0" in text:
        raise Trouble("logcommand names no program", text[:80], "write for example: journalctl -fu app -o cat")
    return CommandSettings(argv)


def _containers(engine: str, arguments: Mapping[str, str]) -> ContainerSettings:
    for argument in arguments:
        if argument not in _ARGUMENTS:
            raise Trouble(f"unknown argument of the {engine} backend", argument, suggest(argument, _ARGUMENTS))
    names = _words(arguments.get("name", ""), _NAME, "not a container's name", "write a name or a pattern: web-*")
    labels = _words(arguments.get("label", ""), _LABEL, "not a label", "write key, key=value or key=pattern")
    if not names and not labels:
        raise Trouble(f"the {engine} backend names no container", "", f"write {engine}[name=web-*] or [label=app=web]")
    if labels and engine == "podman":
        remedy = "Podman keeps labels in its database, which only Podman reads: write podman[name=…]"
        raise Trouble("podman's containers cannot be chosen by label", arguments["label"], remedy)
    root = arguments.get("root", "")
    if root and not root.startswith("/"):
        raise Trouble("root is not an absolute path", root, "write the directory that holds the containers")
    return ContainerSettings(engine, names, labels, root.rstrip("/"))


def _words(text: str, form: re.Pattern[str], message: str, remedy: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(text.replace(",", " ").split()))
    for word in words:
        if not form.fullmatch(word):
            raise Trouble(message, word, remedy)
    if len(words) > MAX_ITEMS:
        raise Trouble(f"more than {MAX_ITEMS} names", "", "use a pattern")
    return words
