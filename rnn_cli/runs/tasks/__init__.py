"""The tasks: what can be learned. Each task has files for itself, its run and its data."""
