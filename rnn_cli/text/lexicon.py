"""A lexicon: how a model reads a text."""

import itertools
from typing import Any, NamedTuple

from rnn_cli.text.checks import is_count
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import Tokenizer, make_tokenizer
from rnn_cli.text.vocabulary import SPECIAL, Vocabulary


class Lexicon(NamedTuple):
    """Turns a text into ids, and charges for the spelling that the ids leave out."""

    tokenizer: Tokenizer
    vocabulary: Vocabulary
    spelling: Spelling  # of tokens that are not in the vocabulary
    grown: tuple[
        int, ...
    ] = ()  # the sizes of the vocabulary before each time that it grew (models/growing.py)

    def to_json(self) -> dict[str, Any]:
        """Return its entries in the header of a model or training state."""
        entries = {
            "tokenizer": {"name": self.tokenizer.name, **self.tokenizer.settings},
            "vocabulary": [*zip(self.vocabulary.tokens, self.vocabulary.counts, strict=True)],
            "spelling": self.spelling.to_json(),
        }
        return entries | ({"grown": [*self.grown]} if self.grown else {})

    @classmethod
    def from_json(cls, header: dict[str, Any]) -> "Lexicon":
        """Return the lexicon in a header, which may have other entries, too.

        Raises KeyError, TypeError or ValueError if the header has no valid lexicon.
        """
        settings = dict(header["tokenizer"])
        tokenizer = make_tokenizer(settings.pop("name"), settings)
        vocabulary = Vocabulary.from_json(header["vocabulary"])
        spelling = Spelling.from_json(header.get("spelling", {}))  # version 1 has none
        grown = header.get("grown", [])
        sizes = [SPECIAL, *grown, vocabulary.size]
        if not all(map(is_count, grown)) or any(a >= b for a, b in itertools.pairwise(sizes) if grown):
            raise ValueError("the sizes before the vocabulary grew do not rise")
        return cls(tokenizer, vocabulary, spelling, tuple(grown))
