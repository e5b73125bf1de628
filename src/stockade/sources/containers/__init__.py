"""Logs of containers, chosen by name or label: where the engines keep them, their formats, and the source."""
