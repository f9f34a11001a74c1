"""Figures of a prediction, and the n-grams to judge it beside."""
