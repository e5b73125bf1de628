"""The combined options of a filter or action file: `[Definition]`, `[Init]` and bracket arguments, tags substituted.

In: merged files, the bracket arguments, the jail's variables. Out: final texts of single options. Precedence of an
option: argument, `[Init]`, `[Definition]`, `[DEFAULT]`. Which options a kind of file has is the caller's business.

Where `<tag>` is looked up: an option of that exact name; the jail's variables; any option of the file, in lower case;
`known/o` (the file's own value of o), `default/o`, `sect/o`; otherwise the tag stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stockade.config.history import Merged
from stockade.config.ini import DEFAULT, Value
from stockade.config.interpolate import Found, Scope
from stockade.config.tags import expand
from stockade.config.trouble import Trouble

SECTION = "Definition"
INIT = "Init"
FAMILY_MARK = "?"


class Definition:
    """One file, as one jail uses it. Raises Trouble, with its place, for every wrong reference."""

    def __init__(
        self,
        merged: Merged,
        arguments: Mapping[str, str],
        variables: Mapping[str, str],
        *,
        options: Collection[str],
        excluded: Collection[str] = (),
    ) -> None:
        self.merged = merged
        self.arguments = arguments
        self.options = options
        self.variables = {**variables, **arguments}
        self._plain = Scope(merged, SECTION)
        self._supplied = Scope(merged, SECTION, self.variables)
        self.file_init = self._read_init()
        self.init = self._overridden_init()
        self.excluded = {*excluded, *self._conditional()}
        self._seen: dict[str, str | None] = {}

    def _read_init(self) -> dict[str, Found]:
        scope = Scope(self.merged, INIT)
        found = {option: scope.find(option) for option in self.merged.own(INIT)}
        return {option: value for option, value in found.items() if value is not None}

    def _overridden_init(self) -> dict[str, str]:
        """`[Init]` under the arguments; an argument replaces conditional variants that are not passed themselves."""
        init: dict[str, str] = {}
        for option, found in self.file_init.items():
            plain = option.partition(FAMILY_MARK)[0]
            init[option] = self.arguments.get(option, self.arguments.get(plain, found.text))
        return init

    def _conditional(self) -> set[str]:
        """Options that differ by address family: their tags are settled at run time."""
        names = (*self.init, *self.merged.own(SECTION), *self.arguments)
        return {name.partition(FAMILY_MARK)[0] for name in names if FAMILY_MARK in name}

    def raw(self, option: str) -> str | None:
        """The option before its tags are replaced."""
        if option in self.arguments:
            return self.arguments[option]
        if option in self.init:
            return self.init[option]
        return self._supplied.text(option)

    def final(self, option: str) -> str | None:
        """The option with all tags replaced that are known now; None when it is nowhere."""
        text = self.raw(option)
        if text is None or "<" not in text or option in self.excluded:
            return text
        try:
            return expand(option, text, self._resolve, self.excluded)
        except Trouble as trouble:
            written = self.written(option)
            raise (trouble.at(written.path, written.line) if written else trouble) from None

    def property_text(self, option: str) -> str | None:
        """An argument or `[Init]` option for run time: only its `<known/…>` are settled, all other tags stay."""
        text = self.init.get(option, self.arguments.get(option))
        if text is None or "<known/" not in text:
            return text
        family = option.partition(FAMILY_MARK)[2]

        def resolve(tag: str) -> str | None:
            name = tag.removeprefix("known/")
            variant = f"{name}{FAMILY_MARK}{family}" if family else name
            if name == tag:
                return None
            own = self.file_init.get(variant) or self.file_init.get(name)
            return own.text if own else self._look_up_in("known", name)

        return expand(option, text, resolve)

    def is_supplied(self, option: str) -> bool:
        """Tells whether the option comes from an argument or `[Init]`, which a jail's own value does not displace."""
        return option in self.arguments or option in self.init

    def written(self, option: str) -> Value | None:
        """Where the file defines the option; None for bracket arguments and unknown options."""
        if option in self.arguments:
            return None
        if option in self.file_init:
            return self.file_init[option].value
        version = self.merged.latest(SECTION, option)
        return version.value if version else None

    def _resolve(self, tag: str) -> str | None:
        if tag not in self._seen:
            self._seen[tag] = self._look_up(tag)
        return self._seen[tag]

    def _look_up(self, tag: str) -> str | None:
        for texts in (self.arguments, self.init):
            if tag in texts:
                return texts[tag]
        if tag in self.options and (text := self._supplied.text(tag)) is not None:
            return text
        name = tag.lower()
        if name in self.variables:
            return self.variables[name]
        if (text := self._supplied.text(name)) is not None:
            return text
        section, slash, option = tag.rpartition("/")
        return self._look_up_in(section, option.lower()) if slash else None

    def _look_up_in(self, section: str, option: str) -> str | None:
        if section == "known":
            own = self.file_init.get(option)
            return own.text if own else self._plain.text(option)
        if section.upper() == DEFAULT:
            return Scope(self.merged, DEFAULT).text(option)
        return Scope(self.merged, section).text(option) if section in self.merged.sections else None
