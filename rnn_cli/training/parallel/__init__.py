"""A batch computed by several processes."""
