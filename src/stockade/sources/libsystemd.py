"""Owns the binding to libsystemd's journal reader (sd-journal(3)) through ctypes: prototypes, errors, memory.

In: one `sd_journal` handle's calls. Out: Python values; a negative return code becomes OSError. Knows nothing of lines,
jails or cursors' meaning. The library is found at run time: without it there is no journal, and no other part suffers.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_ssize_t, c_uint64, c_void_p
from typing import Any

from stockade.errors import SourceError

LIBRARY = "libsystemd.so.0"

NOP, APPEND, INVALIDATE = 0, 1, 2
"""What `sd_journal_process` says: nothing new, new entries, files came or went."""

MAX_FIELDS = 1024
"""Fields of one entry that are looked at by `every` (journald itself accepts no more); further ones are not seen."""

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
    "sd_journal_seek_tail": (c_void_p,),
    "sd_journal_seek_cursor": (c_void_p, c_char_p),
    "sd_journal_seek_realtime_usec": (c_void_p, c_uint64),
    "sd_journal_next": (c_void_p,),
    "sd_journal_previous": (c_void_p,),
    "sd_journal_get_cursor": (c_void_p, POINTER(c_void_p)),
    "sd_journal_get_data": (c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_size_t)),
    "sd_journal_restart_data": (c_void_p,),
    "sd_journal_enumerate_data": (c_void_p, POINTER(c_void_p), POINTER(c_size_t)),
    "sd_journal_query_unique": (c_void_p, c_char_p),
    "sd_journal_restart_unique": (c_void_p,),
    "sd_journal_enumerate_unique": (c_void_p, POINTER(c_void_p), POINTER(c_size_t)),
    "sd_journal_get_realtime_usec": (c_void_p, POINTER(c_uint64)),
    "sd_journal_get_monotonic_usec": (c_void_p, POINTER(c_uint64), c_void_p),
    "sd_journal_get_cutoff_realtime_usec": (c_void_p, POINTER(c_uint64), POINTER(c_uint64)),
    "sd_journal_get_fd": (c_void_p,),
    "sd_journal_get_timeout": (c_void_p, POINTER(c_uint64)),
    "sd_journal_process": (c_void_p,),
}
_VOID = {"sd_journal_close", "sd_journal_restart_data", "sd_journal_restart_unique"}


class Library:
    """The loaded library."""

    def __init__(self, name: str = LIBRARY) -> None:
        """Loads it; raises SourceError with the package to install."""
        try:
            self.calls = ctypes.CDLL(name)
            for function, arguments in _PROTOTYPES.items():
                getattr(self.calls, function).argtypes = arguments
            self.calls.sd_journal_close.argtypes = (c_void_p,)
            for function in _VOID:
                getattr(self.calls, function).restype = None
            # Called eight times for each entry and over in a microsecond: giving up the interpreter's lock and
            # converting declared types would cost more than the call. Arguments must be bytes or ctypes' own objects.
            quick = ctypes.PyDLL(name)
            self.next, self.get_data = quick.sd_journal_next, quick.sd_journal_get_data
            self.bytes_at = ctypes.PYFUNCTYPE(ctypes.py_object, c_void_p, c_ssize_t)(
                ("PyBytes_FromStringAndSize", ctypes.pythonapi)
            )
            self.free = ctypes.CDLL(None).free
            self.free.argtypes, self.free.restype = (c_void_p,), None
        except (OSError, AttributeError) as error:
            raise SourceError(
                f"the journal cannot be read: {name} is missing or too old",
                "install the package libsystemd0 (Debian, Ubuntu), systemd-libs (Fedora, Arch) or libsystemd0 (SUSE)",
            ) from error


class Handle:
    """One open journal. Every method raises OSError when the library reports an error."""

    def __init__(self, library: Library, opener: str, *arguments: Any, max_field: int = 65536) -> None:
        """Calls one of the `sd_journal_open…` functions. Values of fields are cut off at `max_field` bytes."""
        self._calls = library.calls
        self._free = library.free
        self._next = library.next
        self._journal = c_void_p()
        self._data = c_void_p()
        self._length = c_size_t()
        self._number = c_uint64()
        self._boot = ctypes.create_string_buffer(16)
        self._references = byref(self._data), byref(self._length)
        self._max_field = max_field
        _checked(getattr(self._calls, opener)(byref(self._journal), *arguments), opener)
        # A little more than is used, so that a cut value is told from one that just fits: names have 64 bytes at most.
        self.call("sd_journal_set_data_threshold", max_field + 256)
        self.field = self._field_getter(library.get_data, library.bytes_at)

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
        code: int = self._next(self._journal)
        return (code if code >= 0 else _checked(code, "sd_journal_next")) > 0

    def _field_getter(self, get: Callable[..., int], bytes_at: Callable[..., bytes]) -> Callable[[bytes], bytes]:
        """`field(name)`: the value of a field of this entry, the first where there are several; empty when it cannot be
        had. A closure, because it is called six times for each entry."""
        journal, data, length = self._journal, self._data, self._length
        data_reference, length_reference = self._references
        most = self._max_field

        def field(name: bytes) -> bytes:
            if get(journal, name, data_reference, length_reference) < 0:
                return b""
            skipped = len(name) + 1
            size = length.value - skipped
            return bytes_at(data.value + skipped, size if size < most else most)  # type: ignore[operator]

        return field

    def every(self, name: bytes) -> list[bytes]:
        """Every value of a field of this entry, in its order; MAX_FIELDS of any name are looked at."""
        self._calls.sd_journal_restart_data(self._journal)
        wanted, found = name + b"=", []
        for _ in range(MAX_FIELDS):
            if self._calls.sd_journal_enumerate_data(self._journal, *self._references) <= 0:
                break
            address, size = self._data.value or 0, self._length.value
            if size >= len(wanted) and ctypes.string_at(address, len(wanted)) == wanted:
                size = min(size - len(wanted), self._max_field)
                found.append(ctypes.string_at(address + len(wanted), size))
        return found

    def values(self, name: str, most: int) -> Iterator[bytes]:
        """Different values of a field anywhere in the journal, at most `most`, whatever the matches."""
        self.call("sd_journal_query_unique", name.encode("ascii"))
        self._calls.sd_journal_restart_unique(self._journal)
        for _ in range(most):
            if self.call("sd_journal_enumerate_unique", *self._references) == 0:
                return
            skipped = len(name) + 1
            size = min(self._length.value - skipped, self._max_field)
            yield ctypes.string_at((self._data.value or 0) + skipped, size)

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

    def span(self) -> tuple[int, int]:
        """When the oldest and the newest entry of any kind were received, in microseconds since 1970; (0, 0) for an
        empty journal and where it cannot be had."""
        oldest, newest = c_uint64(), c_uint64()
        found = self._calls.sd_journal_get_cutoff_realtime_usec(self._journal, byref(oldest), byref(newest))
        return (oldest.value, newest.value) if found > 0 else (0, 0)

    def timeout(self) -> float | None:
        """When `process` must be called at the latest, in seconds of the monotonic clock; None: never."""
        self.call("sd_journal_get_timeout", byref(self._number))
        return None if self._number.value == _NEVER else self._number.value / 1e6

    def close(self) -> None:
        """Releases everything; idempotent. Later calls are errors of the library, not crashes."""
        if self._journal.value is not None:
            journal, self._journal.value = c_void_p(self._journal.value), None
            self._calls.sd_journal_close(journal)


def _checked(code: int, function: str) -> int:
    if code < 0:
        raise OSError(-code, f"{function}: {os.strerror(-code)}")
    return code
