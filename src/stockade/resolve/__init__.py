"""Host names to addresses, away from the loop that must not wait."""

from stockade.resolve.answer import Answer
from stockade.resolve.resolver import Resolver

__all__ = ["Answer", "Resolver"]
