"""Models of random weights, to sample from."""

from collections.abc import Callable

import numpy as np
import pytest

from rnn_cli import LanguageModel
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, START, UNK, Vocabulary


@pytest.fixture
def untrained() -> Callable[..., LanguageModel]:
    """Make a model of these tokens, large enough to make its texts wander; b_y favours ids by name."""

    def call(
        tokens: tuple[str, ...],
        tokenizer: str = "char",
        carry_state: bool = False,
        seed: int = 0,
        **b_y: float,
    ) -> LanguageModel:
        vocabulary = Vocabulary(tokens, (1,) * len(tokens))
        network = Network(vocabulary.size, 8)
        rng = np.random.default_rng(seed)
        p = {name: rng.normal(0, 1, shape) for name, shape in network.shapes.items()}
        for name, value in b_y.items():
            p["b_y"][{"START": START, "END": END, "UNK": UNK}[name]] = value
        lexicon = Lexicon(TOKENIZERS[tokenizer], vocabulary, Spelling({}))
        return LanguageModel(lexicon, network, network.lay_out(p), carry_state)

    return call
