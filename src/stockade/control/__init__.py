"""The control socket: how the command line (and, later, the gateway) talks to the daemon.

`protocol` holds the table of commands and the wire format, `schema` the shape of every result, `server` the daemon's
end, `client` the other. Import from the module that owns the word; nothing here decides who is banned.
"""
