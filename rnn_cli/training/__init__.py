"""Learning, on arrays: optimizers, schedules, the loop. Knows nothing of text."""
