"""The 17 date templates that are tried where a filter has no `datepattern`, in their order, as data.

Each is written from the form it stands for, in the pattern language of `directives.py`. The order decides between
readings of the same text (day before month in number 4, month before day in number 7).
"""

from __future__ import annotations

from dataclasses import dataclass

EPOCH, TAI64N = "EPOCH", "TAI64N"
"""Templates that are words of the pattern language, not patterns."""

LN_BEG = "{^LN-BEG}"
"""Binds a pattern to the line's beginning, behind up to two signs."""


@dataclass(frozen=True, slots=True)
class Template:
    """One form of date; `is_word_led` says that every date of this form begins with a letter or digit."""

    pattern: str
    is_word_led: bool = True

    @property
    def is_bound(self) -> bool:
        """Whether the form itself stands at the line's beginning, so that it has no twin."""
        return self.is_twin or self.pattern.startswith("^")

    @property
    def is_twin(self) -> bool:
        """Whether the form is nothing but the twin of `text`: up to two signs may stand before the date."""
        return self.pattern.startswith(LN_BEG)

    @property
    def text(self) -> str:
        """The pattern without `{^LN-BEG}`."""
        return self.pattern.removeprefix(LN_BEG)


_YMD = r"%ExY(?P<_sep>[-/.])%m(?P=_sep)%d"
_CLOCK = r"%k:%M:%S(?:\.%f)?"
_ZONE = r"(?:\s*%z)?"

ISO = rf"{_YMD}(?:T|  ?)%H:%M:%S(?:[.,]%f)?{_ZONE}"
SYSLOG = rf"(?:%a )?%b %d {_CLOCK}(?: %ExY)?"
CLF = r"%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\.%f)?(?: %z)?"

DEFAULT_TEMPLATES: tuple[Template, ...] = (
    Template(ISO),
    Template(SYSLOG),
    Template(rf"(?:%a )?%b %d %ExY {_CLOCK}"),
    Template(r"%d(?P<_sep>[-/])%m(?P=_sep)(?:%ExY|%Exy) %k:%M:%S", is_word_led=False),
    Template(CLF, is_word_led=False),
    Template(r"%m/%d/%ExY:%H:%M:%S"),
    Template(rf"%m-%d-%ExY {_CLOCK}"),
    Template(EPOCH),
    Template(LN_BEG + r"%H:%M:%S"),
    Template(r"^<%m/%d/%Exy@%H:%M:%S>"),
    Template(r"%Exy%Exm%Exd  ?%H:%M:%S"),
    Template(r"%b %d, %ExY %I:%M:%S %p"),
    Template(r"^%b-%d-%Exy %k:%M:%S"),
    Template(rf"%ExY%Exm%Exd(?:[-T]| {{0,2}})%ExH:?%ExM:?%ExS(?:[.,]%f)?{_ZONE}"),
    Template(rf"(?:%Z )?(?:%a )?%b %d {_CLOCK}(?: %ExY)?"),
    Template(rf"(?:%z )?(?:%a )?%b %d {_CLOCK}(?: %ExY)?", is_word_led=False),
    Template(TAI64N, is_word_led=False),
)

LAYOUTS: dict[str, tuple[str, str]] = {
    ISO: ("iso", ""),
    rf"{_YMD}[T ]%H:%M:%S(?:[.,]%f)?{_ZONE}": ("iso", ""),
    SYSLOG: ("syslog", ""),
    "%b %d %H:%M:%S": ("syslog", ""),
    CLF: ("", "clf"),
    "%d/%b/%Y:%H:%M:%S %z": ("", "clf"),
    "%d/%b/%ExY:%H:%M:%S %z": ("", "clf"),
}
"""Patterns for which the scanner has a hand-made parser: (bound to the line's beginning, anywhere in the line). The
times of nginx's error log are of the form `ISO`; a pattern for them alone has no parser, since "iso" accepts more."""
