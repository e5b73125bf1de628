"""The pure core: events in, commands out. No I/O, no clock, no logging; imports only `stockade.model`."""

from stockade.core.core import Core

__all__ = ["Core"]
