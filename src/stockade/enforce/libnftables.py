"""libnftables in process: runs nft commands, each buffer one transaction, and turns its refusals into FirewallError.

In: nft text that this package made from constants and validated names. Out: nothing, or the error. Must not be used for
elements: it parses text and reloads every element for some commands (0.7 s at 100,000); `netlink` does those.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Final

from stockade.errors import FirewallError

_LIBRARY: Final = "libnftables.so.1"
_INSTALL: Final = (
    "install nftables' library: `apt install libnftables1` (Debian, Ubuntu), `dnf install nftables` (Fedora, "
    "RHEL), `apk add nftables` (Alpine), `pacman -S nftables` (Arch)"
)
_REMEDIES: Final = {
    errno.EPERM: "the enforcer needs CAP_NET_ADMIN in this network namespace: start as root, or set "
    "AmbientCapabilities=CAP_NET_ADMIN in the service unit",
    errno.EOPNOTSUPP: "load the kernel's modules: `modprobe -a nf_tables nft_objref` (inside a container: on its host)",
    errno.EPROTONOSUPPORT: "this kernel has no nf_tables: `modprobe nf_tables`, or a kernel with CONFIG_NF_TABLES_INET",
    errno.ENOMEM: "the kernel is out of memory for firewall elements",
    errno.ENOSPC: "the kernel's set is full",
}


def remedy_for(number: int) -> str:
    """Says what to do about an error number of the kernel's firewall; "" when nothing particular is known."""
    return _REMEDIES.get(number, "")


class Libnftables:
    """One context of libnftables. Not thread-safe."""

    def __init__(self) -> None:
        """Loads the library and makes a context; raises FirewallError with the package to install."""
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError as problem:
            raise FirewallError(f"{_LIBRARY} cannot be loaded: {problem}", _INSTALL) from None
        self._declare()
        self._context: int | None = self._library.nft_ctx_new(0)
        if not self._context:
            raise FirewallError("libnftables makes no context", "the system is probably out of memory")
        self._library.nft_ctx_buffer_output(self._context)
        self._library.nft_ctx_buffer_error(self._context)

    def _declare(self) -> None:
        library = self._library
        library.nft_ctx_new.argtypes, library.nft_ctx_new.restype = [ctypes.c_uint32], ctypes.c_void_p
        library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        library.nft_run_cmd_from_buffer.restype = ctypes.c_int
        for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error"):
            function = getattr(library, name)
            function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_int
        for name in ("nft_ctx_get_error_buffer", "nft_ctx_get_output_buffer"):
            function = getattr(library, name)
            function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_char_p
        library.nft_ctx_free.argtypes, library.nft_ctx_free.restype = [ctypes.c_void_p], None

    def run(self, commands: str) -> None:
        """Runs commands as one transaction: all or none; raises FirewallError with nft's own first line."""
        if self._context is None:
            raise FirewallError("libnftables is closed")
        status = self._library.nft_run_cmd_from_buffer(self._context, commands.encode())
        said = (self._library.nft_ctx_get_error_buffer(self._context) or b"").decode(errors="replace")
        self._library.nft_ctx_get_output_buffer(self._context)  # reading empties it
        if status != 0:
            raise FirewallError(f"nftables refuses: {_first_line(said)}", _remedy(said))

    def close(self) -> None:
        """Frees the context; idempotent."""
        if self._context is not None:
            self._library.nft_ctx_free(self._context)
            self._context = None


def _first_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "rror" in line), lines[0] if lines else "no reason given")


def _remedy(said: str) -> str:
    """Finds the error number by its text: errno itself is overwritten before libnftables returns."""
    return next((remedy for code, remedy in _REMEDIES.items() if os.strerror(code) in said), "")
