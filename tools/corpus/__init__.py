"""fail2ban's annotated sample logs as a test of Stockade: every line, every option set, every expression.

Owns the format of the sample files and the rules by which a line passes. In: a fail2ban source tree, or a directory
with `config/` and `logs/`. Out: checks that passed or missed. Must not match anything itself: that is the scanner's.
"""
