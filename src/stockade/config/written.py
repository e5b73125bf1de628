"""Where the properties of a jail's actions were written: in the action's file, or where the jail names the action.

In: actions, the files they were read from, and the jail's `action`. Out: the effective text of each property with its
places. Nothing is read or replaced here.
"""

from __future__ import annotations

from stockade.config.history import Merged
from stockade.config.options import Effective
from stockade.model.settings import ActionSettings, Origin

_AUTOMATIC = ("name", "actname")
"""Given by the reader where the jail does not."""


def written_properties(action: ActionSettings, merged: Merged | None, place: Origin) -> dict[str, Effective]:
    """Where each property of an action was written: in its file, or at `place`, where the jail names it."""
    found = {}
    for option, text in action.properties.items():
        count = text.count("\n") + 1
        lines = (place,) * count
        if option not in (*action.arguments, *_AUTOMATIC) and merged is not None:
            versions = merged.own("Init").get(option) or merged.own("Definition").get(option)
            versions = versions or merged.defaults.get(option)
            if versions:
                places = [Origin(*written) for written in versions[-1].value.places]
                lines = tuple(places) if len(places) == count else (places[0],) * count
        found[option] = Effective(text, lines[0], lines)
    return found
