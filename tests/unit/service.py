"""An invented service: a filter with a variant and a log of six lines, for the tests of the command line."""

from __future__ import annotations

FILTER = """\
[Definition]
failregex = ^\\s*svc: refused <HOST>
            ^\\s*svc: %(word)s user <F-USER>\\S+</F-USER> from <HOST>
ignoreregex = from 192\\.0\\.2\\.99
word = <mode>
mode = bad
[Init]
mode = bad
"""
LOG = b"""\
2026-01-05 01:31:41 svc: refused 192.0.2.1
2026-01-05 01:31:42 svc: bad user bob from 192.0.2.2
2026-01-05 01:31:43 svc: bad user bob from 192.0.2.99
2026-01-05 01:31:44 svc: worse user eve from 192.0.2.3
2026-01-05 01:31:45 svc: all is well
2026-01-05 01:31:46 svc: refused 192.0.2.1
"""
