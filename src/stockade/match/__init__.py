"""Matching, the Python half: filters as configured become what the native scanner takes, and the scanner is opened.

Use `engine.open_scanner` and `engine.check_filter` (daemon, check, replay), `tester.run_test` (`stockade test`),
`zones.local_zone` and `problem.ExpressionError`; the other modules are their parts. No log is opened here and no clock
read: bytes and `now` are arguments.
"""
