"""Stockade watches logs, decides who is attacking, and provably blocks them."""

__version__ = "0.1.0"
