"""Blocking: the privileged process, its protocol, and the firewall behind it.

The daemon imports `client` (the real thing), `recorder` (dry run), `link` (what both are) and `protocol` (what they are
asked). Everything else lives in the child.
"""
