"""The derivatives of a text's loss compared with finite differences, entry by entry."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.looking.fresh import lexicon_of, tokenizer_for
from rnn_cli.network.gradcheck import Entry, combinations, compared, noisy_parameters
from rnn_cli.network.network import Sequences
from rnn_cli.text.tokenizers import load_tokenizer
from rnn_cli.text.vocabulary import END, START

ENTRIES = 4  # per array
PLAIN: dict[str, Any] = {"cell": "tanh", "layers": 1, "embedding": 0, "output": "softmax"}


def noisy_model(text: str, hidden: int, chosen: dict[str, Any], seed: int) -> LanguageModel:
    """Return a model for the tokens of a text, with initial parameters plus noise.

    chosen: fields of `Network`; by default the tutorial's. Raises ValueError for choices that do not go
    together, or a text with too few tokens for them.
    """
    lexicon = lexicon_of(text, load_tokenizer(tokenizer_for(text)))
    choices = PLAIN | ({"embedding": hidden} if chosen.get("tie") else {"tie": False}) | chosen
    network = next(combinations(lexicon.vocabulary.size, hidden, **choices), None)
    if network is None:
        raise ValueError(f"no network of {lexicon.vocabulary.size} tokens is like that: {choices}")
    p = noisy_parameters(network, np.random.default_rng((seed, *b"gradcheck")))
    return LanguageModel(lexicon, network, network.lay_out(p))


def derivatives_of(model: LanguageModel, text: str, seed: int) -> Iterator[Entry]:
    """Yield some derivatives of each parameter with differences of E, the whole text's loss, in float64."""
    x = model.encode(text.rstrip("\n"))
    y = np.where(np.append(x[1:], START) == START, END, np.append(x[1:], END))
    keep = np.where((x == START) & (not model.carry_state), 0.0, 1.0)
    batch = Sequences(x[:, None], y[:, None], keep[:, None], np.ones((len(x), 1)))
    rng, state = np.random.default_rng((seed, *b"values")), model.network.zero_state(1, np.float64)
    for _, found in compared(model.network, model.p, batch, state, rng, ENTRIES):
        yield from found
