"""How good a model is on pairs that it has not learned from."""
