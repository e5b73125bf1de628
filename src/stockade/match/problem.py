"""ExpressionError: the one error of this part, and it always says which expression of which filter is meant.

In: the offending text, the option it stands in and its place there. Out: a message with a remedy.
"""

from __future__ import annotations

from typing import ClassVar

from stockade.errors import StockadeError

SHOWN = 400
"""Characters of an expression that a message repeats; the rest is replaced by an ellipsis."""


POINTED = 24
"""Characters that a message repeats from the place of the mistake on."""


class ExpressionError(StockadeError):
    """An expression, date pattern, zone or encoding of a filter cannot be used; that filter's jail cannot run.

    `option` is the name of the filter's option, `index` counts its lines from 0, `text` is the line as configured.
    `position` counts characters of `text` from 0, where it is known which one is wrong.
    """

    code: ClassVar[str] = "expression"
    exit_status: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        filter_name: str = "",
        option: str = "",
        index: int = 0,
        text: str = "",
        position: int | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.reason = message
        self.filter_name = filter_name
        self.option = option
        self.index = index
        self.text = text
        self.position = position

    def placed(self, filter_name: str, option: str, index: int, text: str) -> ExpressionError:
        """Returns the same error with its place, which the inner functions do not know."""
        reason = self.reason + _pointer(text, self.position)
        shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
        message = f"filter {filter_name}, {option} #{index + 1}: {reason}\n  in: {shown}"
        placed = ExpressionError(
            message,
            self.remedy,
            filter_name=filter_name,
            option=option,
            index=index,
            text=text,
            position=self.position,
        )
        placed.reason = reason
        return placed


def _pointer(text: str, position: int | None) -> str:
    """Where in the line the mistake is, in words: a caret would need the line to be shown in one piece."""
    if position is None:
        return ""
    rest = text[position : position + POINTED]
    return f" (character {position + 1}, at {rest!r})" if rest.strip() else " (at its end)"
