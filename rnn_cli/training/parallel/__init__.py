"""Computing a batch in several processes."""
