"""What can be learned: a file for each task, and what its run and its data are."""
