"""What a model computes for a text, step by step, for people to inspect."""
