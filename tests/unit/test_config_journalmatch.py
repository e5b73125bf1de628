"""journalmatch: groups of matches."""

from __future__ import annotations

import pytest

from stockade.config.journalmatch import parse_journalmatch
from stockade.config.trouble import Trouble


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", ()),
        ("_UID=0 _UID=1", (("_UID=0", "_UID=1"),)),
        ("_A=1 _B=2 + _C=3", (("_A=1", "_B=2"), ("_C=3",))),
        ("_A=1\n_B=2\n_A=1", (("_A=1",), ("_B=2",))),
        ('_A=1 + "SYSLOG_IDENTIFIER=my app"', (("_A=1",), ("SYSLOG_IDENTIFIER=my app",))),
        ("__REALTIME=1 MESSAGE=", (("__REALTIME=1", "MESSAGE="),)),
    ],
)
def test_groups(text: str, groups: tuple[tuple[str, ...], ...]) -> None:
    """Tokens are quoted as in a shell; + and lines separate groups."""
    assert parse_journalmatch(text) == groups


@pytest.mark.parametrize("text", ["x", "a=1", "=1", "+", "_A=1 + + _B=2", "_A='1", "_A=1 \\", "_A-B=1"])
def test_wrong_matches(text: str) -> None:
    """Anything else is refused with a remedy."""
    with pytest.raises(Trouble) as caught:
        parse_journalmatch(text)
    assert caught.value.remedy
