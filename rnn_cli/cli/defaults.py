"""Defaults of `rnn train` that depend on the text. tests/benchmarks/README.md has the measurements."""

import math
from typing import NamedTuple

LEAST_STEPS = 600  # of a run by default, however small the text


class Defaults(NamedTuple):
    min_count: int  # word models learn what an unknown word is like from those that occur once
    hidden: int
    epochs: int


class Regularisation(NamedTuple):
    dropout: float
    shrinking: float  # of the weights in a step at the default learning rate


WORDS = Defaults(min_count=2, hidden=200, epochs=8)
CHARACTERS = Defaults(min_count=1, hidden=256, epochs=10)
DEFAULTS = {"jieba": WORDS, "char": CHARACTERS, "space": WORDS}

REGULARISATION = [  # from so many parameters a token of the text
    (4, Regularisation(dropout=0.2, shrinking=0.0018)),
    (1, Regularisation(dropout=0.0, shrinking=0.0012)),
    (0, Regularisation(dropout=0.0, shrinking=0.0)),
]


def default_epochs(tokenizer: str, steps_an_epoch: int) -> int:
    """Passes over a text, more of them where it is small."""
    return max(DEFAULTS[tokenizer].epochs, math.ceil(LEAST_STEPS / steps_an_epoch))


def default_regularisation(parameters: int, tokens: int) -> Regularisation:
    """The more parameters a token of the text, the sooner a network has it by heart."""
    return next(usual for more_than, usual in REGULARISATION if parameters > more_than * tokens)


def default_patience(epochs: int) -> int:
    """Epochs without a better validation loss: a tenth of all, as small texts have small epochs."""
    return max(3, epochs // 10)
