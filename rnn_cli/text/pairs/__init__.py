"""Pairs of a text and its companion: a label, a number, tags or another text."""
