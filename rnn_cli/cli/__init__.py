"""What a person touches: one file per command, a thin reader of the library."""
