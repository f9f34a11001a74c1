"""The models in model files, and what can be done with them."""
