"""Programs for those who build or migrate; run them with `python -m tools.NAME` or by their path."""
