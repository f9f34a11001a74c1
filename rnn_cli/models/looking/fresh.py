"""An untrained network with a sentence's own vocabulary: enough to follow the equations."""

from collections import Counter
from typing import Any

import numpy as np

from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import Tokenizer, load_tokenizer
from rnn_cli.text.vocabulary import END, SPECIAL, UNK, build

HIDDEN = 4


def tokenizer_for(text: str) -> str:
    """Return the name of the tokenizer that suits a sentence: splitting at white space if there is any."""
    return "space" if len(text.split()) > 1 else "jieba"


def fresh_model(text: str, tokenizer: str | None, hidden: int, seed: int, **choices: Any) -> LanguageModel:
    """Return a model for the tokens of a text, with initial values drawn as by `rnn train`.

    tokenizer: its name; None: the one that suits the text. choices: fields of `Network`, such as cell and
    layers. Raises ValueError for choices that do not go together.
    """
    lexicon = lexicon_of(text, load_tokenizer(tokenizer or tokenizer_for(text)))
    network = Network(lexicon.vocabulary.size, hidden, **choices)
    counts = np.array([0] * SPECIAL + [*lexicon.vocabulary.counts])
    counts[END] = len(text.splitlines()) or 1
    counts[UNK] = 1
    rng = np.random.default_rng((seed, *b"initialise"))
    return LanguageModel(lexicon, network, network.initialise(rng, counts))


def lexicon_of(text: str, tokenizer: Tokenizer) -> Lexicon:
    """Return a lexicon that knows every token of a text."""
    tokens = Counter(token for line in text.splitlines() for token in tokenizer.split(line) if token)
    return Lexicon(tokenizer, build(tokens), Spelling.count(tokens))
