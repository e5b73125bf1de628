"""Actions: the list in `action` becomes `ActionSettings`, each with the commands and properties of its file.

In: the tree, the text of `action`, the jail's options. Out: settings with run-time tags left in place. Nothing is run,
and nothing is quoted here: that is the enforcer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from stockade.config.brackets import parse_item, split_items
from stockade.config.definition import FAMILY_MARK, INIT, SECTION, Definition
from stockade.config.history import Merged
from stockade.config.merge import TreeReader
from stockade.config.options import is_true
from stockade.config.times import parse_seconds
from stockade.config.trouble import Trouble
from stockade.model.settings import COMMANDS, ActionSettings

FLAGS = ("actionstart_on_demand", "actionrepair_on_unban", "norestored")
ACTION_OPTIONS = COMMANDS + FLAGS
"""What an action file may set in `[Definition]`; everything else there is a helper variable."""

RUN_TIME_TAGS = ("matches", "ipmatches", "ipjailmatches", "timeout", "bantime")
"""Tags that are never replaced before a ban, whatever the options are called."""


class ActionReader:
    """Reads the actions of one jail; `warnings` collects what does not disable it."""

    def __init__(self, reader: TreeReader, jail: str, variables: Mapping[str, str]) -> None:
        self.reader = reader
        self.jail = jail
        self.variables = variables
        self.warnings: list[Trouble] = []

    def read(self, text: str) -> tuple[ActionSettings, ...]:
        """Every item of an `action` list; raises Trouble for the first wrong one."""
        actions: list[ActionSettings] = []
        taken: set[str] = set()
        for item in split_items(text):
            action = self._read_item(item)
            if action.actname in taken:
                action = self._rename(action, taken)
            taken.add(action.actname)
            actions.append(action)
        return tuple(actions)

    def _read_item(self, item: str) -> ActionSettings:
        name, arguments = parse_item(item)
        actname = arguments.pop("actname", "") or action_name(name, self.jail, arguments.get("name", self.jail))
        if name.endswith(".py"):
            message = "actions written in Python are off: Stockade does not run code of action files"
            remedy = "use an action that runs a command, or mail through the announcers"
            self.warnings.append(Trouble(message, name, remedy))
            return ActionSettings(name, actname, arguments)
        return ActionSettings(name, actname, arguments, self._properties(name, actname, arguments))

    def _properties(self, name: str, actname: str, arguments: Mapping[str, str]) -> dict[str, str]:
        """Commands with their configuration-time tags replaced, then arguments and `[Init]` as they stand."""
        merged = self.reader.read(f"action.d/{name}")
        if merged.flaws:
            raise merged.flaws[0].trouble
        given = {**arguments, "name": arguments.get("name", self.jail), "actname": actname}
        definition = Definition(merged, given, self.variables, options=ACTION_OPTIONS, excluded=RUN_TIME_TAGS)
        self._warn_of_variants(merged)
        texts = {option: definition.final(option) for option in ACTION_OPTIONS}
        properties = {option: text for option, text in texts.items() if text is not None}
        for flag in FLAGS:
            if flag in properties:
                properties[flag] = "true" if is_true(properties[flag]) else "false"
        for option in (*given, *definition.init):
            text = definition.property_text(option)
            if text is not None:
                properties.setdefault(option, text)
        self._read_timeout(actname, properties)
        return properties

    def _warn_of_variants(self, merged: Merged) -> None:
        """`[Definition?family=…]` never had an effect; files that have it would change their meaning."""
        for option, versions in merged.own(SECTION).items():
            if FAMILY_MARK in option:
                section = f"{SECTION}{FAMILY_MARK}{option.partition(FAMILY_MARK)[2]}"
                message = f"option of [{section}] has no effect"
                remedy = f"variants by family belong to [{section.replace(SECTION, INIT)}]"
                value = versions[-1].value
                self.warnings.append(Trouble(message, option.partition(FAMILY_MARK)[0], remedy, value.path, value.line))

    def _read_timeout(self, actname: str, properties: dict[str, str]) -> None:
        """Turns `timeout` into seconds, which is also what `<timeout>` says; a wrong one is left out."""
        text = properties.pop("timeout", None)
        if text is None:
            return
        try:
            seconds = parse_seconds(text)
        except Trouble as trouble:
            message = f"timeout of action {actname!r}: {trouble.message}; its commands may run for a minute"
            self.warnings.append(Trouble(message, text, trouble.remedy))
        else:
            properties["timeout"] = f"{seconds:.15g}"

    def _rename(self, action: ActionSettings, taken: set[str]) -> ActionSettings:
        number = 2
        while f"{action.actname}-{number}" in taken:
            number += 1
        actname = f"{action.actname}-{number}"
        message = f"two actions of the jail are called {action.actname!r}; the second is now {actname!r}"
        self.warnings.append(Trouble(message, action.name, "give one of them actname=…"))
        properties = {**action.properties, "actname": actname} if action.properties else {}
        return replace(action, actname=actname, properties=properties)


def action_name(file: str, jail: str, name: str) -> str:
    """The action's unique name in the jail: the file's, and a suffix when its `name` is not the jail's."""
    base = file.removesuffix(".py")
    if name == jail:
        return base
    return base + (name.removeprefix(jail) if name.startswith(jail) else "-" + name)
