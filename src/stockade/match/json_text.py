"""Makes the line that expressions see of a record: `jsontext` with its fields put in, and the time in front.

In: the template and the field of the time, as configured; records. Out: one line of text. A field's control characters
become blanks, so that no field can begin another line. What the text means is the expressions' business.
"""

from __future__ import annotations

import re
from typing import Final

from stockade.match.json_record import Path, Record
from stockade.match.problem import ExpressionError

MAX_FIELDS: Final = 64
"""Fields of one template; more are an error of the configuration."""

MAX_TIME: Final = 64
"""Characters of a time; the rest is cut off, and then most likely no date."""

ABSENT: Final = "-"
"""What stands for a field that is missing or null, as in the logs of web servers."""

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_CONTROL: Final = dict.fromkeys([*range(0x20), 0x7F, 0x85, 0x2028, 0x2029], " ")
_NUMBER = re.compile(r"\d{1,19}(?:\.\d{1,40})?(?:[eE]\+?\d{1,2})?", re.ASCII)
_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (1e9, 1.0))
"""From which number on a time counts nano-, micro-, milliseconds, seconds: from 2001 to the year 5138."""


class Template:
    """`jsontext`: text with fields in braces, `{request.remote_ip}`; `{{` and `}}` are braces. Raises ExpressionError
    for a brace that stands alone and for a template without a field."""

    __slots__ = ("_fields", "_texts")

    def __init__(self, text: str) -> None:
        texts, fields, at = [""], [], 0
        for piece in _PIECE.finditer(text):
            texts[-1] += text[at : piece.start()]
            at = piece.end()
            if piece[0] in ("{{", "}}"):
                texts[-1] += piece[0][0]
            elif piece[1] is None:
                raise _no_template("a brace stands alone", piece.start())
            else:
                fields.append(Path(piece[1].strip()))
                texts.append("")
        texts[-1] += text[at:]
        if not 0 < len(fields) <= MAX_FIELDS:
            raise _no_template("no field" if not fields else f"more than {MAX_FIELDS} fields", None)
        self._texts = texts
        self._fields = fields

    def render(self, record: Record) -> str:
        """The text for one record; raises NotRead for a field whose key is repeated."""
        parts = [self._texts[0]]
        for path, text in zip(self._fields, self._texts[1:], strict=True):
            value = path.find(record)
            parts.append(ABSENT if value is None else value)
            parts.append(text)
        line = "".join(parts)
        return line if line.isprintable() else line.translate(_CONTROL)


def _no_template(what: str, position: int | None) -> ExpressionError:
    remedy = "name fields in braces, such as: from {request.remote_ip} status {status}; write {{ for a brace"
    return ExpressionError(f"jsontext: {what}", remedy, position=position)


def time_text(value: str) -> str:
    """A time as the date templates read it: a number becomes seconds since 1970, whatever its unit; text stays."""
    if _NUMBER.fullmatch(value):
        number = float(value)
        for least, per_second in _UNITS:
            if least <= number < 1e20:
                return f"{number / per_second:.6f}"
    value = value[:MAX_TIME]
    return value if value.isprintable() else value.translate(_CONTROL)
