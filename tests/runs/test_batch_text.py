"""A window of a text, as a person reads it."""

from pathlib import Path

import numpy as np
import pytest

from rnn_cli.errors import RnnError
from rnn_cli.runs.batch_text import write_batch
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, UNK, Vocabulary
from rnn_cli.text.windows import Window

PATH = Path("m.diverged.txt")


def lexicon(tokenizer, *tokens):
    return Lexicon(TOKENIZERS[tokenizer], Vocabulary(tokens, (1,) * len(tokens)), Spelling({}))


def window(*rows, weights=None):
    """rows: the targets of each."""
    y = np.array(rows).T
    weight = np.ones(y.shape) if weights is None else np.array(weights).T
    return Window(x=np.zeros_like(y), y=y, keep=np.ones(y.shape), weight=weight)


def test_each_row_is_a_line_with_special_tokens_by_name():
    write_batch(PATH, window([3, 4, END], [UNK, END, 4]), lexicon("char", "a", "b"))
    assert PATH.read_text() == "ab<end>\n<unk><end>b\n"


def test_words_are_joined_as_the_tokenizer_does():
    write_batch(PATH, window([3, UNK, END, 4]), lexicon("space", "one", "two"))
    assert PATH.read_text() == "one <unk> <end> two\n"


def test_what_has_no_weight_is_left_out():
    write_batch(PATH, window([3, 4, 3, 3], weights=[[1, 1, 0, 0]]), lexicon("char", "a", "b"))
    assert PATH.read_text() == "ab\n"


def test_what_a_terminal_would_obey_is_escaped():
    write_batch(PATH, window([3, 4]), lexicon("char", "\x1b", "é"))
    assert PATH.read_text("utf-8") == "\\x1bé\n"


def test_a_folder_that_is_not_there_is_an_error():
    with pytest.raises(RnnError, match="no folder"):
        write_batch(Path("no") / PATH, window([3]), lexicon("char", "a"))
