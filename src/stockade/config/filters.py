"""Filters: `sshd[mode=aggressive]` and the jail's own values of the same options become one `FilterSettings`.

In: the tree, the text of `filter`, the jail's values. Out: settings whose texts are final, except for the tags of
regular expressions. Expressions are not compiled here.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from stockade.config.brackets import parse_item
from stockade.config.definition import SECTION, Definition
from stockade.config.history import Merged
from stockade.config.ini import Place
from stockade.config.journalmatch import parse_jsonmatch
from stockade.config.limits import MAX_ITEMS
from stockade.config.merge import TreeReader
from stockade.config.options import OptionReader, whole_number
from stockade.config.text import Text, joined
from stockade.config.trouble import Trouble, suggest
from stockade.model.settings import FilterSettings, JsonSettings

JSON_OPTIONS = ("jsontext", "jsontime", "jsonmatch")
"""Our own: how lines that are JSON objects become the text that expressions see."""

FILTER_OPTIONS = (
    "usedns",
    "prefregex",
    "ignoreregex",
    "failregex",
    "maxlines",
    "datepattern",
    "journalmatch",
    *JSON_OPTIONS,
)
"""What a filter file may set; everything else in it is a helper variable. A jail may set the same names."""

_USEDNS = ("yes", "warn", "no", "raw")
_NO_FAILREGEX = "no failregex: the jail can never find a failure"
_ADDED = ("failregex", "ignoreregex", "journalmatch")
_SUPPLIED_FIRST = ("prefregex", "usedns", "maxlines")


def read_filter(
    reader: TreeReader,
    item: str,
    variables: Mapping[str, str],
    *,
    is_journal: bool,
    place: Place = ("", 0),
    merged: Merged | None = None,
) -> tuple[str, Definition]:
    """The name and the combined options of the filter that `item`, written at `place`, names.

    `merged` spares looking it up.

    Unless an argument or the file's own [Definition] says which `logtype` it reads, the backend does.
    """
    name, arguments = parse_item(item)
    merged = merged or reader.read(f"filter.d/{name}")
    if merged.flaws:
        raise merged.flaws[0].trouble
    if "logtype" not in arguments and "logtype" not in merged.own(SECTION):
        arguments["logtype"] = "journal" if is_journal else "file"
    return name, Definition(merged, arguments, variables, options=FILTER_OPTIONS, place=place)


def combine(definition: Definition | None, own: Mapping[str, Text]) -> dict[str, Text]:
    """The texts of the filter options after the jail's own values (`own`) have replaced or extended the filter's.

    A jail's value replaces the file's; against a bracket argument or `[Init]` it is added (expressions, journal
    matches) or loses (prefregex, usedns, maxlines), except for `datepattern`, where it wins.
    """
    combined = {}
    for option in FILTER_OPTIONS:
        is_supplied = definition is not None and definition.is_supplied(option)
        theirs = definition.find(option) if definition and (is_supplied or option not in own) else None
        if option in _ADDED:
            parts = [text for text in (theirs, own.get(option)) if text is not None and text.text]
            text = joined(parts) if parts else None
        elif option in _SUPPLIED_FIRST:
            text = theirs if theirs is not None else own.get(option)
        else:
            text = own.get(option, theirs)
        if text is not None:
            combined[option] = text
    return combined


def build_filter(name: str, texts: Mapping[str, Text], options: OptionReader) -> FilterSettings:
    """The settings from the combined texts and the jail's own `logtimezone` and `logencoding`."""

    def text_of(option: str) -> str:
        return texts[option].text if option in texts else ""

    def lines(option: str) -> tuple[str, ...]:
        return options.parsed(option, text_of(option), (), expressions)

    failregex = lines("failregex")
    if not failregex:
        options.warn("filter", _NO_FAILREGEX, name, "name a filter, or write a failregex")
    return FilterSettings(
        name=name,
        failregex=failregex,
        ignoreregex=lines("ignoreregex"),
        prefregex=text_of("prefregex"),
        datepattern=lines("datepattern"),
        maxlines=options.parsed("maxlines", text_of("maxlines") or "1", 1, whole_number(1, 1, 1_000), is_fatal=False),
        usedns=options.parsed(
            "usedns", text_of("usedns") if "usedns" in texts else "warn", "no", parse_usedns, is_fatal=False
        ),
        logtimezone=(options.text("logtimezone") or "").strip(),
        logencoding=options.convert("logencoding", "auto", parse_encoding),
        json=_json(texts, options),
    )


def _json(texts: Mapping[str, Text], options: OptionReader) -> JsonSettings | None:
    """How JSON lines become text; None without `jsontext`, which the other two need."""
    text, time, match = (texts[option].text.strip() if option in texts else "" for option in JSON_OPTIONS)
    if text:
        return JsonSettings(text, time, options.parsed("jsonmatch", match, (), parse_jsonmatch))
    for option, value in (("jsontime", time), ("jsonmatch", match)):
        if value:
            options.warn(option, f"{option} without jsontext: nothing is read as JSON", value, "write jsontext")
    return None


def expressions(text: str) -> tuple[str, ...]:
    """The non-empty lines of a multi-line option; blanks at their ends belong to the expression."""
    found = tuple(line for line in text.split("\n") if line.strip())
    if len(found) > MAX_ITEMS:
        raise Trouble(f"more than {MAX_ITEMS} expressions", "", "split the jail")
    return found


def parse_usedns(text: str) -> str:
    """One of yes, warn, no, raw."""
    word = text.strip().lower()
    if word not in _USEDNS:
        raise Trouble("unknown value", text, suggest(word, _USEDNS, "write yes, warn, no or raw; no is used"))
    return word


def parse_encoding(text: str) -> str:
    """`auto` or the name of a codec for text."""
    name = text.strip()
    if name.lower() == "auto":
        return "auto"
    try:
        is_text = bool(name) and codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        is_text = False
    if not is_text:
        raise Trouble("unknown encoding", text, "write auto, utf-8, latin-1, …")
    return name
