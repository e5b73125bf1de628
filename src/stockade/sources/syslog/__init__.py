"""Syslog over sockets: listeners on Unix, UDP, TCP and TLS addresses, as sources of lines.

`listener.SyslogListener` is the source; `message` knows RFC 3164 and RFC 5424, `framing` how a stream is cut into
messages. Every byte is a stranger's: what is bounded, and what happens at the bound, stands in `limits`.
"""
