"""Texts as networks read them: ids, n-grams and affixes, in batches."""
