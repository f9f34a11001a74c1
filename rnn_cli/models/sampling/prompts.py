"""Prompts: the text that a sample continues, and the unfinished word at its end.

The last word of a prompt may be unfinished: "the ca", or "the " if a space belongs to the word that follows.
The network does not read it; instead, the first token is drawn among those that begin with it. If the word
itself is the only such token, it is read, as there is nothing to draw; if there is none, the word is unknown.
"""

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import NamedTuple

from rnn_cli.text.checks import refuse_no_string
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.tokenizers import Token
from rnn_cli.text.units import units_begun
from rnn_cli.text.vocabulary import START


class Prompt(NamedTuple):
    """A prompt as a model reads it.

    text: as it appears in a sample, with lines ended by \\n.
    ids: what the network reads: START and the ids of each line.
    begun: the end of `text` that the first token drawn begins with; often empty.
    unknown: the tokens that are not in the vocabulary, each once, in order.
    """

    text: str
    ids: list[int]
    begun: str
    unknown: list[str]


class PromptReader:
    """Reads prompts as tokens of a lexicon."""

    def __init__(self, lexicon: Lexicon):
        self._tokenizer, self._vocabulary = lexicon.tokenizer, lexicon.vocabulary

    def read(self, text: str, known_is_finished: bool = False) -> Prompt:
        """Return a prompt. Its lines may end with \\n, \\r\\n or \\r.

        known_is_finished: treat the last word as finished if it is a token, even if others begin with it.
        Raises TypeError unless `text` is a string.
        """
        refuse_no_string(text, "a prompt")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = units_begun(text, self._tokenizer.unit)
        tokens = [self._tokenizer.split(line) for line in lines]
        begun = self._begun(lines[-1], tokens[-1], known_is_finished)
        if begun:
            tokens[-1].pop()
        known = self._vocabulary.ids
        ids = [id for line in tokens for id in (START, *self._vocabulary.encode(line))]
        unknown = dict.fromkeys(token for line in tokens for token in line if token and token not in known)
        return Prompt(text, ids, begun, [*unknown])

    def _begun(self, line: str, tokens: list[Token], known_is_finished: bool) -> str:
        """Return the last of a line's tokens if it is unfinished, else ""."""
        begun = tokens[-1] if tokens else None
        if self._tokenizer.code_points or not begun:
            return ""
        line = self._tokenizer.normalize(line)
        if not line.endswith(begun) or line.endswith("  "):  # white space follows, or belongs to none
            return ""
        if known_is_finished and begun in self._vocabulary.ids and not begun.isspace():
            return ""
        return begun if self._tokens_with(begun) not in ([], [begun]) else ""

    def _tokens_with(self, begun: str) -> list[str]:
        """Return the tokens that begin with `begun`."""

        def beginning(token: str) -> str:
            return token[: len(begun)]

        first = bisect_left(self._sorted, begun)
        return self._sorted[first : bisect_right(self._sorted, begun, lo=first, key=beginning)]

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._vocabulary.tokens)
