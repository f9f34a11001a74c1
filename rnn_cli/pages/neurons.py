"""Neurons with a meaning (Karpathy, Johnson and Li 2015): those that follow a fact about the text.

A fact is a number at each token, such as its place in the line, or whether it is inside quotation marks. The
neurons are those whose s_t correlates most with a fact.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Array
from rnn_cli.text.vocabulary import START

TOKENS = 8000  # that are read to find the neurons
LEAST = 0.4  # the least correlation of a neuron that is named
NAMED = 3  # neurons of each fact, at most
OPEN, CLOSE = "“「『《", "”」』》"
COMMAS = ",，、"
PUNCTUATION = "，。、；：？！,.;:?!\n"

Values = NDArray[np.float64]


def line_position(tokens: Sequence[str]) -> Iterator[float]:
    place = 0
    for token in tokens:
        place = 0 if token == "\n" else place + 1
        yield place


def line_length(tokens: Sequence[str]) -> Iterator[float]:
    ends = [k for k, token in enumerate(tokens) if token == "\n"]
    for begin, end in itertools.pairwise([-1, *ends, len(tokens)]):
        yield from itertools.repeat(end - begin - 1, min(end + 1, len(tokens)) - begin - 1)


def quoted(tokens: Sequence[str]) -> Iterator[float]:
    depth, is_open = 0, False
    for token in tokens:
        for character in token:
            depth = max(0, depth + (character in OPEN) - (character in CLOSE))
            is_open ^= character == '"'
        yield depth > 0 or is_open


def inside_word(tokens: Sequence[str]) -> Iterator[float]:
    before = False
    for token in tokens:
        is_letter = len(token) == 1 and token.isalpha() and ord(token) < 0x2E80
        yield before and is_letter
        before = is_letter


def after_comma(tokens: Sequence[str]) -> Iterator[float]:
    for token in tokens:
        yield token.strip() in COMMAS and token.strip() != ""


def verse_position(tokens: Sequence[str]) -> Iterator[float]:
    """Yield the number of characters since the last punctuation; 0 at tokens that are not Chinese."""
    place = 0
    for token in tokens:
        place = 0 if token.strip() in PUNCTUATION else place + len(token)
        yield place if ord(token[0]) >= 0x2E80 else 0


FACTS: dict[str, Callable[[Sequence[str]], Iterator[float]]] = {
    "line_position": line_position,
    "line_length": line_length,
    "quoted": quoted,
    "inside_word": inside_word,
    "after_comma": after_comma,
    "verse_position": verse_position,
}


def telling(model: LanguageModel, units: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Return the neurons that follow a fact of a text, the strongest correlations of each fact first.

    units: the tokens of each line (or paragraph) of the text. Neurons are numbered across all layers.
    """
    units = list(_first(units))
    if not units:
        return []
    s = _standard(np.concatenate([states(model, unit) for unit in units]))
    found = []
    for fact, of in FACTS.items():
        value = np.array([*(number for unit in units for number in of(unit))], np.float64)[:, None]
        if np.ptp(value) == 0:
            continue
        r = (s.T @ _standard(value))[:, 0] / len(s)
        strongest = np.argsort(-np.abs(r), kind="stable")[:NAMED].tolist()
        found += [
            {"fact": fact, "neuron": k, "r": round(float(r[k]), 3)} for k in strongest if abs(r[k]) >= LEAST
        ]
    return found


def states(model: LanguageModel, unit: Sequence[str]) -> Array:
    """Return s_t of all layers after each token of a line that begins at s_0 = 0, (T, layers n)."""
    x = np.array([START, *model.lexicon.vocabulary.encode(unit)])
    after = model.network.states(model.p, x)
    return np.concatenate([after[f"s{suffix}"] for suffix in model.network.suffixes], axis=1)[1:]


def _first(units: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Yield the first TOKENS tokens, in units."""
    left = TOKENS
    for unit in units:
        if left and unit:
            yield unit[:left]
            left -= len(unit[:left])


def _standard(values: Array) -> Values:
    """Return the columns scaled to mean 0 and standard deviation 1; a column that does not vary becomes 0."""
    centred = values.astype(np.float64) - values.mean(axis=0)
    deviation = centred.std(axis=0)
    return centred / np.where(deviation > 1e-9, deviation, np.inf)
