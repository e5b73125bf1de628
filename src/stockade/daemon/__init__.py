"""The daemon: the only part that knows everyone.

`start` sets the processes up, `loop` turns, `intake` makes failures of what sources read, `runner` executes the core's
commands, `enforcement` speaks with the enforcer, `answers` with clients of the control socket. Run as
`python -m stockade.daemon`, which `stockade run` does.
"""
