"""The canned results that stand in for a daemon have the shape of the published schema."""

from __future__ import annotations

import pytest

from stockade.control.protocol import COMMANDS
from tests.unit.control_owner import bans_result, degraded_result, status_result, why_result
from tests.unit.control_schema import RESULTS, faults


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("status", status_result()),
        ("status", degraded_result()),
        ("bans", bans_result()),
        ("why", why_result()),
        ("ping", {"pong": True}),
        ("unban", {"lifted": [{"jail": "sshd", "id": "192.0.2.1"}], "not_banned": []}),
    ],
)
def test_canned_results_fit_the_schema(command: str, result: object) -> None:
    """What the command line is tested with is what a daemon may send."""
    assert faults(result, RESULTS[command]) == []


def test_every_command_has_a_schema() -> None:
    """No command answers with something that is not written down."""
    assert RESULTS.keys() == {command.name for command in COMMANDS}


def test_faults_are_found() -> None:
    """The comparison itself notices missing, unknown and wrong fields, however deep."""
    result = status_result()
    result["jails"][0]["bans_active"] = "many"  # type: ignore[typeddict-item]
    result["jails"][0]["sources"][0]["unread"] = True
    del result["rights"]
    result["extra"] = 1  # type: ignore[typeddict-unknown-key]
    assert faults(result, RESULTS["status"]) == [
        "result.rights: missing",
        "result.extra: not in the schema",
        "result.jails[0].sources[0].unread: True is not int | None",
        "result.jails[0].bans_active: 'many' is not <class 'int'>",
    ]
    assert faults({"bans": {}}, RESULTS["bans"]) == ["result.bans: not a list"]
    why = {**why_result(), "verdict": "perhaps"}
    assert faults(why, RESULTS["why"]) == ["result.verdict: 'perhaps' is not one of ('banned', 'not-banned')"]
