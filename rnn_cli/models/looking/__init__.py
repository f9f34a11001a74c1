"""What a model computes of a text, step by step, for people to see."""
