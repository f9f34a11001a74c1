"""What a model file holds, and what can be done with it."""
