"""One module per command, named `<name>_command`; each owns the Click command `command` and nothing else."""
