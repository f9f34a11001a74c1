"""A line as a model of tags reads it, and the words that its tags mark."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnn_cli.scoring.matching import BEGIN, END, SINGLE
from rnn_cli.scoring.tags import scheme
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.tokenizers import Token
from rnn_cli.text.vocabulary import Vocabulary

MOST_CHARACTERS = 0.99  # share of single characters from which on tokens are characters
WORDS = frozenset("BMES")  # tags that mark only the words of a text


class Line(NamedTuple):
    """The tokens of a line, and what is known about its words.

    tokens: None is a literal <unk>.
    borders: if the text is split into characters, the places before which white space ends a word.
    inside: the places before which no word ends: between ASCII letters or digits that the model does not
    know, and so has not learned to separate.
    """

    tokens: list[Token]
    borders: frozenset[int] = frozenset()
    inside: frozenset[int] = frozenset()


def marks_words(tags: Labels) -> bool:
    """Return whether tags say where words begin and end (B, M, E and S)."""
    return WORDS.issuperset(tags.names) and scheme(tags.names) is not None


def reads_characters(vocabulary: Vocabulary, tags: Labels) -> bool:
    """Return whether a text is split into characters: if words are marked, and tokens are characters."""
    tokens = zip(vocabulary.tokens, vocabulary.counts, strict=True)
    single = sum(count for token, count in tokens if len(token) == 1)
    return marks_words(tags) and single >= MOST_CHARACTERS * sum(vocabulary.counts)


def read_line(text: str, lexicon: Lexicon, by_characters: bool) -> Line:
    """Return the tokens of a line: split at white space, or into characters.

    If a text is split into characters, white space is not a token. It ends a word, unless it separates all
    characters, as in training files.
    """
    line = lexicon.tokenizer.normalize(text.replace("\n", " "))
    pieces = lexicon.tokenizer.split(line)
    if not by_characters or all(piece is None or len(piece) == 1 for piece in pieces):
        return Line(pieces)
    words = line.split()
    tokens: list[Token] = [character for word in words for character in word]
    borders = frozenset(np.cumsum([*map(len, words)]).tolist())
    known = lexicon.vocabulary.ids
    strange = [
        token is not None and token.isascii() and token.isalnum() and token not in known for token in tokens
    ]
    inside = frozenset(place for place, pair in enumerate(pairwise(strange), 1) if all(pair))
    return Line(tokens, borders, inside - borders)


def words_of(tokens: Sequence[str], tags: Sequence[str], line: Line) -> list[str]:
    """Return the words that B, M, E and S mark, respecting the borders of a line."""
    words: list[str] = []
    ended = True
    for place, (token, tag) in enumerate(zip(tokens, tags, strict=True)):
        begins = ended or tag in (BEGIN, SINGLE) or place in line.borders
        if begins and place not in line.inside:
            words.append(token)
        else:
            words[-1] += token
        ended = tag in (END, SINGLE)
    return words
