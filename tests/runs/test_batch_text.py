"""A window of a text, as a person reads it."""

import numpy as np

from rnn_cli.runs.batch_text import spelled
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, UNK, Vocabulary
from rnn_cli.text.windows import Window


def lexicon(tokenizer, *tokens):
    return Lexicon(TOKENIZERS[tokenizer], Vocabulary(tokens, (1,) * len(tokens)), Spelling({}))


def window(*rows, weights=None):
    """rows: the targets of each."""
    y = np.array(rows).T
    weight = np.ones(y.shape) if weights is None else np.array(weights).T
    return Window(x=np.zeros_like(y), y=y, keep=np.ones(y.shape), weight=weight)


def test_each_row_is_a_line_with_special_tokens_by_name():
    rows = spelled(window([3, 4, END], [UNK, END, 4]), lexicon("char", "a", "b"))
    assert [*rows] == ["ab<end>", "<unk><end>b"]


def test_words_are_joined_as_the_tokenizer_does():
    assert [*spelled(window([3, UNK, END, 4]), lexicon("space", "one", "two"))] == ["one <unk> <end> two"]


def test_what_has_no_weight_is_left_out():
    assert [*spelled(window([3, 4, 3, 3], weights=[[1, 1, 0, 0]]), lexicon("char", "a", "b"))] == ["ab"]


def test_what_a_terminal_would_obey_is_escaped():
    assert [*spelled(window([3, 4]), lexicon("char", "\x1b", "é"))] == ["\\x1bé"]
