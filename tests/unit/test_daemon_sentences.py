"""What the daemon says of decisions: the contract lines of §6.9, to the letter."""

from __future__ import annotations

import pytest

from stockade.core.commands import AlreadyBanned, FoundBad, Ignored, NotBegun, StartBan
from stockade.daemon import sentences
from stockade.daemon.words import Level
from stockade.model.ban import Ban, Past
from stockade.model.clock import Wall

NOW = Wall(1_763_791_003.0)
THEN = Wall(NOW - 1003)
BAN = Ban("a", "192.0.2.1", NOW, Wall(NOW + 1200), count=2)


def shown(sentence: sentences.Sentence) -> tuple[Level, str, str]:
    """Level, logger and text."""
    return sentence.level, sentence.logger, sentence.text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5400, "1h 30m"),
        (700_000, "1w 1d 2h"),
        (86_399, "24h"),
        (31_795_200, "1y 3d"),
        (3594, "59m 54s"),
        (0, "0"),
        (8, "8s"),
        (16, "16s"),
        (600, "10m"),
        (1200, "20m"),
        (86_400, "1d"),
        (90_061, "1d 1h 1m"),
        (3_155_760_000, "100y 3w 4d"),
    ],
)
def test_durations_have_fail2bans_form(seconds: float, text: str) -> None:
    """At most three units, the coarser the longer (§2.4)."""
    assert sentences.span(seconds) == text


def test_a_ban_is_one_line_of_the_contract() -> None:
    """`[a] Ban ID` alone on its line, as recidive and graphers read it; what we add is another line."""
    first, second = sentences.of_start(StartBan(BAN))
    assert shown(first) == (Level.NOTICE, "actions", "[a] Ban 192.0.2.1")
    assert second.level is Level.INFO


def test_a_longer_ban_says_why_and_how_long() -> None:
    """`IP … is bad` and `Increase Ban`, from the observer."""
    previous = Past("a", "192.0.2.1", 1, THEN, 600.0)
    *_, bad, increase = sentences.of_start(StartBan(BAN, previous=previous, usual=600.0))
    last, end = sentences.stamp(THEN), sentences.stamp(NOW + 1200)
    assert shown(bad) == (Level.INFO, "observer", f"[a] IP 192.0.2.1 is bad: 1 # last {last} - incr 10m to 20m")
    assert shown(increase) == (Level.NOTICE, "observer", f"[a] Increase Ban 192.0.2.1 (2 # 20m -> {end})")


def test_a_ban_that_did_not_grow_is_not_called_longer() -> None:
    """A formula may leave the time as it is: then there is no `Increase Ban`."""
    previous = Past("a", "192.0.2.1", 1, THEN, 600.0)
    told = [one.text for one in sentences.of_start(StartBan(BAN, previous=previous, usual=1200.0))]
    assert not any("Increase" in text for text in told)
    assert any("is bad: 1 #" in text for text in told)


def test_a_permanent_ban_is_infinite() -> None:
    """Its length and end have words instead of numbers."""
    permanent = Ban("a", "x", NOW, None, count=2)
    *_, increase = sentences.of_start(StartBan(permanent, previous=Past("a", "x", 1, THEN, 600.0), usual=600.0))
    assert increase.text == "[a] Increase Ban x (2 # permanent -> infinite)"


@pytest.mark.parametrize(
    ("late", "level"),
    [(0, Level.DEBUG), (2.9, Level.DEBUG), (3, Level.NOTICE), (59, Level.NOTICE), (60, Level.WARNING)],
)
def test_already_banned_gets_louder(late: float, level: Level) -> None:
    """DEBUG below 3 s, NOTICE below a minute, then WARNING (§4.3)."""
    assert shown(sentences.of_repeat(AlreadyBanned(BAN, late))) == (level, "actions", "[a] 192.0.2.1 already banned")


def test_a_bad_failure_says_its_weight_as_a_fraction() -> None:
    """`2 # -> 3.0`, and `, Ban` when it is the last straw (§4.6)."""
    for is_ban, end in ((False, "2 # -> 3.0"), (True, "2 # -> 3.0, Ban")):
        told = sentences.of_bad(FoundBad("a", "192.0.2.1", NOW, 2, 3, is_ban))
        assert shown(told) == (Level.INFO, "observer", f"[a] Found 192.0.2.1, bad - {sentences.stamp(NOW)}, {end}")


def test_a_ban_that_would_be_over_is_said() -> None:
    """The dialect's words (§4.2)."""
    told = sentences.of_not_begun(NotBegun("a", "192.0.2.1"))
    assert shown(told) == (Level.INFO, "actions", "[a] Ignore 192.0.2.1, expired bantime")


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("ignoreip 192.0.2.1", "ip"),
        ("ignoreip 192.0.2.0/24", "ip"),
        ("ignoreip bob", "ip"),
        ("ignoreip admin.example.org", "dns"),
        ("ignoreip file:/etc/friends", "file:/etc/friends"),
        ("ignoreself", "ignoreself rule"),
        ("ignorecommand", "command"),
    ],
)
def test_who_is_ignored_and_by_what(rule: str, source: str) -> None:
    """fail2ban's words for the kinds of rules (§2.6)."""
    identifier = "bob" if rule == "ignoreip bob" else "192.0.2.1"
    told = sentences.of_ignored(Ignored("a", identifier, rule))
    assert shown(told) == (Level.INFO, "filter", f"[a] Ignore {identifier} by {source}")


def test_a_time_beyond_every_calendar_is_a_number() -> None:
    """Nothing that a ledger may hold stops a log line."""
    assert sentences.stamp(1e300) == f"{1e300:.0f}"


def test_a_resolved_name_is_said_with_its_addresses() -> None:
    """The warning of `usedns = warn` has the reference's words, and its addresses in a fixed order."""
    sentence = sentences.of_lookup("host.example", ["192.0.2.2", "192.0.2.1"])
    assert (sentence.level, sentence.logger) == (Level.WARNING, "ipdns")
    assert sentence.text == "Determined IP using DNS Lookup: host.example = {'192.0.2.1', '192.0.2.2'}"


def test_a_failure_is_said_with_its_time() -> None:
    """The line that log parsers of the reference look for."""
    sentence = sentences.of_found("sshd", "192.0.2.1", NOW)
    assert shown(sentence) == (Level.INFO, "filter", f"[sshd] Found 192.0.2.1 - {sentences.stamp(NOW)}")
