"""The combined options of a filter or action file: `[Definition]`, `[Init]` and bracket arguments, tags substituted.

In: merged files, the bracket arguments, the jail's variables. Out: final texts of single options. Precedence of an
option: argument, `[Init]`, `[Definition]`, `[DEFAULT]`. Which options a kind of file has is the caller's business.

Where `<tag>` is looked up: an option of that exact name; the jail's variables; any option of the file, in lower case;
`known/o` (the file's own value of o), `default/o`, `sect/o`; otherwise the tag stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stockade.config.history import Merged
from stockade.config.ini import DEFAULT, Place
from stockade.config.interpolate import Scope
from stockade.config.tags import expand
from stockade.config.text import Text, at_place
from stockade.config.trouble import Trouble

SECTION = "Definition"
INIT = "Init"
FAMILY_MARK = "?"


class Definition:
    """One file, as one jail uses it. Raises Trouble, with its place, for every wrong reference.

    `place` is where the jail names the file, with its arguments.
    """

    def __init__(
        self,
        merged: Merged,
        arguments: Mapping[str, str],
        variables: Mapping[str, str],
        *,
        options: Collection[str],
        excluded: Collection[str] = (),
        place: Place = ("", 0),
    ) -> None:
        self.merged = merged
        self.arguments = arguments
        self.options = options
        self.variables = {**variables, **arguments}
        self.place = place
        self._plain = Scope(merged, SECTION)
        self._supplied = Scope(merged, SECTION, self.variables)
        self.file_init = self._read_init()
        self.init = self._overridden_init()
        self.excluded = {*excluded, *self._conditional()}
        self._seen: dict[str, Text | None] = {}

    def _read_init(self) -> dict[str, Text]:
        scope = Scope(self.merged, INIT)
        found = {option: scope.find(option) for option in self.merged.own(INIT)}
        return {option: text for option, text in found.items() if text is not None}

    def _overridden_init(self) -> dict[str, str]:
        """`[Init]` under the arguments; an argument replaces conditional variants that are not passed themselves."""
        init: dict[str, str] = {}
        for option, found in self.file_init.items():
            plain = option.partition(FAMILY_MARK)[0]
            init[option] = self.arguments.get(option, self.arguments.get(plain, found.text))
        return init

    def _conditional(self) -> set[str]:
        """Options that differ by address family: their tags are settled at run time."""
        names = (*self.init, *self.arguments)
        return {name.partition(FAMILY_MARK)[0] for name in names if FAMILY_MARK in name}

    def raw(self, option: str) -> Text | None:
        """The option before its tags are replaced."""
        if option in self.arguments:
            return at_place(self.arguments[option], self.place)
        if option in self.init:
            return self._init_text(option)
        return self._in_file(option, self._supplied)

    def _init_text(self, option: str) -> Text:
        """An option of `[Init]`: the file's own text, or that of the argument that replaces it."""
        found, text = self.file_init[option], self.init[option]
        return found if found.text == text else at_place(text, self.place)

    def final(self, option: str) -> str | None:
        """The option with all tags replaced that are known now; None when it is nowhere."""
        found = self.find(option)
        return None if found is None else found.text

    def find(self, option: str) -> Text | None:
        """The same with the places of its lines."""
        raw = self.raw(option)
        if raw is None or "<" not in raw.text or option in self.excluded:
            return raw
        try:
            return expand(option, raw, self._resolve, self.excluded)
        except Trouble as trouble:
            raise trouble.at(*raw.places[0]) from None

    def property_text(self, option: str) -> str | None:
        """An argument or `[Init]` option for run time: only its `<known/…>` are settled, all other tags stay."""
        text = self.init.get(option, self.arguments.get(option))
        if text is None or "<known/" not in text:
            return text
        family = option.partition(FAMILY_MARK)[2]

        def resolve(tag: str) -> Text | None:
            name = tag.removeprefix("known/")
            variant = f"{name}{FAMILY_MARK}{family}" if family else name
            if name == tag:
                return None
            return self.file_init.get(variant) or self.file_init.get(name) or self._look_up_in("known", name)

        return expand(option, at_place(text, self.place), resolve).text

    def is_supplied(self, option: str) -> bool:
        """Tells whether the option comes from an argument or `[Init]`, which a jail's own value does not displace."""
        return option in self.arguments or option in self.init

    def place_of(self, option: str) -> Place | None:
        """Where the option is set: by the jail, or in a file; None when it is nowhere."""
        if option in self.arguments:
            return self.place
        version = self.merged.own(INIT).get(option, [None])[-1] or self.merged.latest(SECTION, option)
        return version.value.places[0] if version else None

    def _in_file(self, option: str, scope: Scope) -> Text | None:
        """The option of `[Definition]`; `<known/…>` of itself in it is what the file below said."""
        found = scope.find(option)
        tag = f"known/{option}"
        if found is None or f"<{tag}>" not in found.text:
            return found
        below, *above = scope.versions(option) or [found]
        for text in above:
            below = expand(option, text, {tag: below}.get)
        return below

    def _resolve(self, tag: str) -> Text | None:
        if tag not in self._seen:
            self._seen[tag] = self._look_up(tag)
        return self._seen[tag]

    def _look_up(self, tag: str) -> Text | None:
        if tag in self.arguments:
            return at_place(self.arguments[tag], self.place)
        if tag in self.init:
            return self._init_text(tag)
        if tag in self.options and (found := self._in_file(tag, self._supplied)) is not None:
            return found
        name = tag.lower()
        if name in self.variables:
            return at_place(self.variables[name], self.place)
        if (found := self._in_file(name, self._supplied)) is not None:
            return found
        section, slash, option = tag.rpartition("/")
        return self._look_up_in(section, option.lower()) if slash else None

    def _look_up_in(self, section: str, option: str) -> Text | None:
        if section == "known":
            return self.file_init.get(option) or self._in_file(option, self._plain)
        if section.upper() == DEFAULT:
            return Scope(self.merged, DEFAULT).find(option)
        return Scope(self.merged, section).find(option) if section in self.merged.sections else None
