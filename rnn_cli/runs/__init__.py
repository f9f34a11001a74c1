"""A training run as an object."""
