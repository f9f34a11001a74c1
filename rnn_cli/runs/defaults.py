"""Defaults of `rnn train` and `rnn vocab` that no preset decides."""

DEFAULT_TOKENIZER = "jieba"
MIN_COUNT = {"jieba": 2, "char": 1, "space": 2}  # words that occur once teach what an unknown one is like


def default_patience(epochs: int) -> int:
    """Epochs without a better validation loss: a quarter of all, as small texts have small epochs, and as a
    loss that stands still in the middle of a run falls again when the learning rate does."""
    return max(4, epochs // 4)
