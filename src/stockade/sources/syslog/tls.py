"""TLS for the syslog listeners: the server's side of RFC 5425, from certificate files.

In: settings with `cert`, `key` and perhaps `ca`. Out: a context, or a SourceError. Keys are read when the listener is
opened, with the rights the daemon has at its start.
"""

from __future__ import annotations

import socket
import ssl

from stockade.errors import SourceError
from stockade.model.settings import SyslogSettings


def server_context(settings: SyslogSettings) -> ssl.SSLContext:
    """Makes the context of a `tls:` listener: TLS 1.2 and later; with `ca`, clients must show a certificate of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.num_tickets = 0
    try:
        # An encrypted key is refused at once; without a password function OpenSSL would ask on the terminal.
        context.load_cert_chain(settings.cert, settings.key or settings.cert, password=lambda: "")
        if settings.ca:
            context.load_verify_locations(settings.ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # ssl.SSLError is one
        files = ", ".join(dict.fromkeys(file for file in (settings.cert, settings.key, settings.ca) if file))
        remedy = "name PEM files, the key without a password; they are read at the start, as root, and at a reload"
        raise SourceError(f"no TLS with {files}: {error.strerror or error}", remedy) from error
    return context


class TlsChannel:
    """The server's end of one TLS connection on a non-blocking socket; see `connection.Channel`."""

    def __init__(self, accepted: socket.socket, context: ssl.SSLContext) -> None:
        """Raises OSError when the peer has gone already."""
        self._socket = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        self.is_shaking = True
        self.is_writing = False

    def receive(self, most: int) -> bytes | None:
        """Goes on with the handshake, or reads; see `connection.Channel`."""
        self.is_writing = False
        try:
            if self.is_shaking:
                self._socket.do_handshake()
                self.is_shaking = False
            return self._socket.recv(most)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLWantWriteError:
            self.is_writing = True
            return None

    def has_buffered(self) -> bool:
        """Whether decrypted bytes wait, of which the descriptor says nothing."""
        return self._socket.pending() > 0

    def fileno(self) -> int:
        """The descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Closes the connection without the farewell, for which a hostile peer could make us wait."""
        self._socket.close()
