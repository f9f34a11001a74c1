"""Training on arrays: optimizers, schedules and the loop. Knows nothing of text."""
