"""Testing models on pairs that they have not learned from."""
