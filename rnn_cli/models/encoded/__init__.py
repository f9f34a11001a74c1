"""Texts as networks read them: ids, n-grams and affixes, side by side in batches."""
