"""What a text costs a model, read as a stream so that it may be of any size."""
