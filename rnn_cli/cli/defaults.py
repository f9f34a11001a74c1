"""Defaults of `rnn train` that depend on the text. tests/benchmarks/README.md has the measurements."""

import math
from typing import NamedTuple

WEIGHT_DECAY = 0.2
LEAST_STEPS = 400  # of a run by default, however small the text


class Defaults(NamedTuple):
    min_count: int  # word models learn what an unknown word is like from those that occur once
    hidden: int
    epochs: int


WORDS = Defaults(min_count=2, hidden=128, epochs=5)
CHARACTERS = Defaults(min_count=1, hidden=256, epochs=10)
DEFAULTS = {"jieba": WORDS, "char": CHARACTERS, "space": WORDS}


def default_epochs(tokenizer: str, steps_an_epoch: int) -> int:
    """Passes over a text, more of them where it is small."""
    return max(DEFAULTS[tokenizer].epochs, math.ceil(LEAST_STEPS / steps_an_epoch))


def default_dropout(parameters: int, tokens: int) -> float:
    """More parameters than tokens learn a text by heart."""
    return 0.5 if parameters > 4 * tokens else 0.0


def default_patience(epochs: int) -> int:
    """Epochs without a better validation loss: a tenth of all, as small texts have small epochs."""
    return max(3, epochs // 10)
