"""Pairs of a text and what belongs to it: a label, a number, tags or another text."""
