"""Figures of predictions, and the simple models to judge them beside."""
