"""Benchmarks: deterministic corpora, and a run that measures Stockade beside fail2ban's own engine."""
