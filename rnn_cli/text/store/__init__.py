"""A text as ids on disk: cut once, mapped into memory, kept for the next run."""
