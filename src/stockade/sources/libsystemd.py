"""Owns the binding to libsystemd's journal reader (sd-journal(3)) through ctypes: prototypes, errors, memory.

In: one `sd_journal` handle's calls. Out: Python values; a negative return code becomes OSError. Knows nothing of lines,
jails or cursors' meaning. The library is found at run time: without it there is no journal, and no other part suffers.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint64, c_void_p
from typing import Any

from stockade.errors import SourceError

LIBRARY = "libsystemd.so.0"

NOP, APPEND, INVALIDATE = 0, 1, 2
"""What `Handle.process` says: nothing new, new entries, files came or went."""

_NEVER = 2**64 - 1

_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "sd_journal_open": (POINTER(c_void_p), c_int),
    "sd_journal_open_namespace": (POINTER(c_void_p), c_char_p, c_int),
    "sd_journal_open_directory": (POINTER(c_void_p), c_char_p, c_int),
    "sd_journal_open_files": (POINTER(c_void_p), POINTER(c_char_p), c_int),
    "sd_journal_add_match": (c_void_p, c_char_p, c_size_t),
    "sd_journal_add_disjunction": (c_void_p,),
    "sd_journal_set_data_threshold": (c_void_p, c_size_t),
    "sd_journal_seek_head": (c_void_p,),
    "sd_journal_seek_cursor": (c_void_p, c_char_p),
    "sd_journal_seek_realtime_usec": (c_void_p, c_uint64),
    "sd_journal_test_cursor": (c_void_p, c_char_p),
    "sd_journal_next": (c_void_p,),
    "sd_journal_get_cursor": (c_void_p, POINTER(c_void_p)),
    "sd_journal_get_data": (c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_size_t)),
    "sd_journal_get_realtime_usec": (c_void_p, POINTER(c_uint64)),
    "sd_journal_get_monotonic_usec": (c_void_p, POINTER(c_uint64), c_void_p),
    "sd_journal_get_fd": (c_void_p,),
    "sd_journal_get_timeout": (c_void_p, POINTER(c_uint64)),
    "sd_journal_process": (c_void_p,),
    "sd_journal_reliable_fd": (c_void_p,),
}


class Library:
    """The loaded library."""

    def __init__(self, name: str = LIBRARY) -> None:
        """Loads it; raises SourceError with the package to install."""
        try:
            self.calls = ctypes.CDLL(name)
            for function, arguments in _PROTOTYPES.items():
                getattr(self.calls, function).argtypes = arguments
            self.calls.sd_journal_close.argtypes, self.calls.sd_journal_close.restype = (c_void_p,), None
            self.free = ctypes.CDLL(None).free
            self.free.argtypes, self.free.restype = (c_void_p,), None
        except (OSError, AttributeError) as error:
            raise SourceError(
                f"the journal cannot be read: {name} is missing or too old",
                "install the package libsystemd0 (Debian, Ubuntu), systemd-libs (Fedora, Arch) or libsystemd0 (SUSE)",
            ) from error


class Handle:
    """One open journal. Every method raises OSError when the library reports an error."""

    def __init__(self, library: Library, opener: str, *arguments: Any) -> None:
        """Calls one of the `sd_journal_open…` functions."""
        self._calls = library.calls
        self._free = library.free
        self._journal: c_void_p | None = c_void_p()
        self._data = c_void_p()
        self._length = c_size_t()
        self._number = c_uint64()
        self._boot = ctypes.create_string_buffer(16)
        self._references = byref(self._data), byref(self._length)
        _checked(getattr(self._calls, opener)(byref(self._journal), *arguments), opener)

    @classmethod
    def of_files(cls, library: Library, paths: Sequence[str]) -> Handle:
        """Opens these journal files and no others."""
        array = (c_char_p * (len(paths) + 1))(*[os.fsencode(path) for path in paths], None)
        return cls(library, "sd_journal_open_files", array, 0)

    def call(self, function: str, *arguments: Any) -> int:
        """Calls a function whose result is a number."""
        return _checked(getattr(self._calls, function)(self._journal, *arguments), function)

    def next(self) -> bool:
        """Goes to the next entry; False at the end."""
        return _checked(self._calls.sd_journal_next(self._journal), "sd_journal_next") > 0

    def field(self, name: bytes) -> bytes | None:
        """The value of a field of this entry (the first, when there are several); None when it cannot be had."""
        code = self._calls.sd_journal_get_data(self._journal, name, *self._references)
        if code < 0 or not self._data.value:
            return None
        return ctypes.string_at(self._data.value + len(name) + 1, max(0, self._length.value - len(name) - 1))

    def realtime(self) -> int:
        """When the journal received this entry, in microseconds since 1970."""
        self.call("sd_journal_get_realtime_usec", byref(self._number))
        return self._number.value

    def monotonic(self) -> int:
        """The same in microseconds since boot."""
        self.call("sd_journal_get_monotonic_usec", byref(self._number), self._boot)
        return self._number.value

    def cursor(self) -> str:
        """The text that finds this entry again."""
        text = c_void_p()
        self.call("sd_journal_get_cursor", byref(text))
        try:
            return ctypes.string_at(text.value or 0).decode("ascii", "replace")
        finally:
            self._free(text)

    def is_at(self, cursor: str) -> bool:
        """Tells whether the present entry is the one of a cursor."""
        return self.call("sd_journal_test_cursor", cursor.encode("ascii", "replace")) > 0

    def timeout(self) -> float | None:
        """When `process` must be called at the latest, in seconds of the monotonic clock; None: never."""
        self.call("sd_journal_get_timeout", byref(self._number))
        return None if self._number.value == _NEVER else self._number.value / 1e6

    def close(self) -> None:
        """Releases everything; idempotent."""
        if self._journal is not None:
            self._calls.sd_journal_close(self._journal)
            self._journal = None


def _checked(code: int, function: str) -> int:
    if code < 0:
        raise OSError(-code, f"{function}: {os.strerror(-code)}")
    return code
