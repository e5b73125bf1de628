"""Replay: what the daemon would have decided over finished logs, in the time that the logs tell.

Use `plan.plan_replay` and `replay.Replay`. Like the daemon this part joins configuration, scanner and core; unlike it,
nothing goes out: no ledger, no enforcer, no clock.
"""
