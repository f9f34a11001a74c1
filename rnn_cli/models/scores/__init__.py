"""What a text costs a model; the text is read as a stream, so its size is not limited."""
