"""Files of `ignoreip`, and `ignorecache`."""

from __future__ import annotations

import pytest

from stockade.config.addresses import parse_ignoreip
from stockade.config.ignorecache import parse_ignorecache
from stockade.config.ignorefile import MAX_ENTRIES, MAX_PROBLEMS, parse_ignore_file
from stockade.config.trouble import Trouble
from stockade.model.settings import IgnoreCache


def test_entries_stand_anywhere_and_comments_begin_behind_blanks() -> None:
    """Blanks, commas and lines separate; `#` and `;` begin a comment at a line's start or behind a blank (§2.6)."""
    text = "# friends\n192.0.2.1, 192.0.2.2\t10.0.0.0/8 ; ours\r\n; 203.0.113.9\nbob#1 [2001:db8::1]\n192.0.2.1\n"
    entries, problems = parse_ignore_file(text, "/f")
    assert entries == ("192.0.2.1", "192.0.2.2", "10.0.0.0/8", "bob#1", "[2001:db8::1]")
    assert problems == ()


def test_a_wrong_entry_has_a_line_and_the_others_count() -> None:
    """A network that is none, a mask with holes, a file within a file."""
    entries, problems = parse_ignore_file("10.0.0.0/33\n192.0.2.1\n10.0.0.0/255.0.255.0\nfile:/x\n", "/f")
    assert entries == ("192.0.2.1",)
    assert [(one.path, one.line, one.value, one.is_fatal) for one in problems] == [
        ("/f", 1, "10.0.0.0/33", False),
        ("/f", 3, "10.0.0.0/255.0.255.0", False),
        ("/f", 4, "file:/x", False),
    ]
    assert all(one.remedy for one in problems)


def test_a_file_is_bounded() -> None:
    """Neither entries nor complaints grow without end."""
    entries, problems = parse_ignore_file("\n".join(f"host-{n}" for n in range(MAX_ENTRIES + 9)), "/f")
    assert len(entries) == MAX_ENTRIES
    assert [one.line for one in problems] == [MAX_ENTRIES + 1]
    _, problems = parse_ignore_file("\n".join(f"{n}/99" for n in range(500)), "/f")
    assert len(problems) == MAX_PROBLEMS + 1
    assert str(500 - MAX_PROBLEMS) in problems[-1].message


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("127.0.0.1/8", "127.0.0.1/8"),
        ("10.0.0.0/255.255.0.0", "10.0.0.0/255.255.0.0"),
        ("2001:db8::/ffff:ffff::", "2001:db8::/32"),
        ("[2001:db8::]/32", "2001:db8::/32"),
        ("bob", "bob"),
        ("file:/etc/friends", "file:/etc/friends"),
    ],
)
def test_every_form_of_an_entry(text: str, entry: str) -> None:
    """Addresses, networks by length or mask, names and files; a mask in IPv6 form becomes a length."""
    assert parse_ignoreip(text) == ((entry,), [])


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.0/255.0.255.0", "x/y", "file:", "file:///", "::/129"])
def test_entries_that_mean_nothing_are_refused(text: str) -> None:
    """Over-long prefixes and masks with holes match nothing useful: they are said (§10.14)."""
    entries, (trouble,) = parse_ignoreip(text)
    assert entries == ()
    assert trouble.remedy


@pytest.mark.parametrize(
    ("text", "cache"),
    [
        ("", None),
        ("  ", None),
        ('key="<ip>"', IgnoreCache("<ip>", 100, 300.0)),
        ('key="<F-USER>@<ip-host>", max-time=1h', IgnoreCache("<F-USER>@<ip-host>", 100, 3600.0)),
        ("max-count=7, key=<ip>, max-time=1m30", IgnoreCache("<ip>", 7, 90.0)),
    ],
)
def test_ignorecache(text: str, cache: IgnoreCache | None) -> None:
    """Arguments in the bracket grammar; blank is off."""
    assert parse_ignorecache(text) == cache


@pytest.mark.parametrize(
    "text",
    ["max-count=7", "key=", "key=a, max-count=0", "key=a, max-count=x", "key=a, max-time=1x", "key=a, more=1", "a"],
)
def test_a_wrong_ignorecache_is_said(text: str) -> None:
    """A cache without key, or with a count, time or argument that is none."""
    with pytest.raises(Trouble) as caught:
        parse_ignorecache(text)
    assert caught.value.remedy
