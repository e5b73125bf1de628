"""The control protocol's wire format and its table of commands."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockade.control.arguments import MAX_IDS
from stockade.control.protocol import COMMANDS, MAX_DEPTH, decode_request
from stockade.control.wire import encode_error, encode_request, encode_result
from stockade.errors import LedgerError, RequestError
from stockade.model.identifier import MAX_LENGTH


def ask(command: object, **arguments: object) -> bytes:
    return json.dumps({"command": command, "arguments": arguments, "version": 1}).encode()


def test_what_is_encoded_is_read_back() -> None:
    """A request survives the wire; identifiers come out in their one spelling and without repetition."""
    ids = ["2001:DB8::1", "2001:db8:0::1", "::ffff:192.0.2.1", "198.51.100.9/24", "free text id"]
    call = decode_request(encode_request("ban", {"ids": ids, "seconds": 60, "jail": "sshd", "reason": "scan"})[:-1])
    assert call.command.name == "ban"
    assert call.arguments == {
        "ids": ("2001:db8::1", "192.0.2.1", "198.51.100.0/24", "free text id"),
        "seconds": 60.0,
        "jail": "sshd",
        "reason": "scan",
    }


def test_a_null_argument_counts_as_left_out() -> None:
    """Clients may send null for what they do not mean."""
    assert decode_request(ask("status", jail=None)).arguments == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "not an object"),
        (b'{"command": "ping"}', "speaks version 1"),
        (b'{"command": "ping", "version": 2}', "speaks version 1"),
        (b'{"command": "ping", "version": true}', "speaks version 1"),
        (b'{"command": "ping", "version": 1, "extra": 0}', "unknown key 'extra'"),
        (b'{"command": 7, "version": 1}', "must be a string"),
        (b'{"command": "stauts", "version": 1}', "unknown command 'stauts'"),
        (b'{"command": "ping", "version": 1, "arguments": []}', "must be an object"),
        (b'{"command": "ban", "version": 1, "arguments": {"ids": ["a"], "seconds": NaN}}', "not JSON"),
        (b'{"command": "ban", "version": 1, "arguments": {"seconds": ' + b"9" * 9999 + b"}}", "not JSON"),
        (b"[" * 60_000, "nested deeper"),
        (b"[]" * 30_000, "nested deeper"),
        (b'"' + b'\\"' * 30_000, "not JSON"),
        (b'"' * 60_001, "not JSON"),
        (ask("ping", loud=True), "no argument 'loud'"),
        (ask("why"), "needs 'id'"),
        (ask("why", id=""), "must not be empty"),
        (ask("why", id="a\0b"), "NUL"),
        (ask("why", id="\ud800"), "not valid Unicode"),
        (ask("why", id="x" * (MAX_LENGTH + 1)), "longer than"),
        (ask("ban", ids=[]), "at least one"),
        (ask("ban", ids="192.0.2.1"), "must be a list"),
        (ask("ban", ids=[1]), "must be a string"),
        (ask("ban", ids=["a"] * (MAX_IDS + 1)), "more than"),
        (ask("ban", ids=["a"], seconds=0), "between 1 and"),
        (ask("ban", ids=["a"], seconds=True), "must be a number"),
        (ask("ban", ids=["a"], seconds=10**300), "between 1 and"),
        (ask("ban", ids=["a"], jail="a\nb"), "name of a jail"),
        (ask("ban", ids=["a"], reason=7), "must be a string"),
        (ask("unban"), "exactly one of"),
        (ask("unban", ids=["a"], all=True), "exactly one of"),
        (ask("unban", all=False), "exactly one of"),
        (ask("unban", all="yes"), "true or false"),
    ],
)
def test_a_wrong_request_is_refused_with_a_remedy(line: bytes, message: str) -> None:
    """Each mistake gets an error that names it and says what to send instead."""
    with pytest.raises(RequestError) as caught:
        decode_request(line)
    assert message in caught.value.message
    assert caught.value.remedy


def test_brackets_inside_strings_do_not_count_as_depth() -> None:
    """A reason may contain any number of brackets and quotes."""
    text = '[{"\\' * 40
    assert decode_request(ask("ban", ids=["192.0.2.1"], reason=text)).arguments["reason"] == text


def test_an_unknown_command_gets_the_nearest_one() -> None:
    """A slip of the finger is answered with the command that was meant."""
    with pytest.raises(RequestError, match="stauts") as caught:
        decode_request(ask("stauts"))
    assert caught.value.remedy == "did you mean 'status'?"


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_request_or_a_refusal(line: bytes) -> None:
    """Nothing but RequestError leaves the decoder, whatever a client sends."""
    with contextlib.suppress(RequestError):
        decode_request(line)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_NAMES = st.sampled_from([c.name for c in COMMANDS])
_ARGUMENTS = st.sampled_from(sorted({a.name for c in COMMANDS for a in c.arguments}))


@given(_NAMES, st.dictionaries(_ARGUMENTS, _JSON, max_size=4))
def test_any_arguments_are_checked_values_or_a_refusal(command: str, arguments: dict[str, object]) -> None:
    """A call that passes holds only the table's arguments, with the table's types."""
    try:
        call = decode_request(ask(command, **arguments))
    except RequestError:
        return
    assert call.arguments.keys() <= {a.name for a in call.command.arguments}
    assert all(isinstance(value, str | float | bool | tuple) for value in call.arguments.values())


def test_replies_are_one_line_of_ascii() -> None:
    """No text of an attacker can end a reply early or reach a terminal as a control character."""
    hostile = "a\nb\x1b[2J\u202e\ud800"
    for line in (encode_result({"x": hostile}), encode_error(LedgerError(hostile, hostile))):
        assert line.count(b"\n") == 1
        assert all(32 <= byte < 127 for byte in line[:-1])


def test_the_table_is_documented() -> None:
    """Every command and argument has its line of help, and the limits leave room for what the table can say."""
    for command in COMMANDS:
        assert command.help
        assert all(argument.help for argument in command.arguments)
        assert set(command.one_of) <= {argument.name for argument in command.arguments}
    assert MAX_DEPTH >= 3
