"""Figures of predictions, and simple baseline models to compare them with."""
