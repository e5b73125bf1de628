"""Advice: places of an action where a value from a log would be printed wrongly or could do harm.

In: the template of a command. Out: problems that name action, option and remedy; none of them stops the action.
Whoever writes to a log chooses user names, lines and host names, but not what an address looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stockade.actions.contexts import Context
from stockade.actions.tags import Place, Template
from stockade.actions.ticket import is_field
from stockade.model.settings import FilterSettings

_FREE_TEXT = frozenset({"matches", "ipmatches", "ipjailmatches", "ip-host", "raw-ticket", "F-*"})
_IDENTIFIERS = frozenset({"ip", "fid"})
_FREE_ID = re.compile(r"<F-ID>|\(\?P<fid>")
_SECOND_SHELL = re.compile(r"(?:^|[\s;&|(`])(?:eval|(?:ba|da|k|z)?sh\s+-[a-z]*c)\s")


def takes_free_ids(filter_settings: FilterSettings) -> bool:
    """Tells whether a filter captures identifiers that need not be addresses."""
    return any(_FREE_ID.search(regex) for regex in (*filter_settings.failregex, filter_settings.prefregex))


def advise(template: Template, *, has_free_ids: bool) -> Iterator[tuple[str, str]]:
    """Gives a sentence and a remedy for each kind of place; `has_free_ids` tells that ids need not be addresses."""
    free = [place for place in template.places if _is_free(place.tag, has_free_ids=has_free_ids)]
    for place in dict.fromkeys(free):
        if place.position.context is Context.SINGLE:
            message = (
                f"tag <{place.tag}> stands in single quotes, where a shell puts in no value with special characters"
            )
            yield message, f'write it in double quotes: "<{place.tag}>"'
        elif place.position.context is Context.BARE:
            message = (
                f"tag <{place.tag}> stands outside quotes: its blanks would part words and a leading '-' an option"
            )
            yield message, f'write it in double quotes: "<{place.tag}>"'
    if free and _SECOND_SHELL.search("".join(_own_texts(template))) is not None:
        message = f"a second shell (eval, sh -c) may take the value of tag <{free[0].tag}> for commands"
        yield message, "run the command directly, or pass the value as an argument of the second shell"


def _is_free(tag: str, *, has_free_ids: bool) -> bool:
    return tag in _FREE_TEXT or is_field(tag) or (has_free_ids and tag in _IDENTIFIERS)


def _own_texts(template: Template) -> Iterator[str]:
    return (f"<{piece.tag}>" if isinstance(piece, Place) else piece for piece in template.pieces)
