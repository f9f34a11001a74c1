"""A model as one HTML file, which runs it."""
