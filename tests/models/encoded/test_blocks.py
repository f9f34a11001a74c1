"""Texts in blocks."""

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.models.encoded.blocks import blocks


def test_texts_come_in_lists_of_a_size_and_in_their_order():
    assert [*blocks(iter("abcde"), 2)] == [["a", "b"], ["c", "d"], ["e"]]
    assert [*blocks([])] == []


def test_one_string_is_no_list_of_texts():
    with pytest.raises(TypeError, match="one string, and lines are needed"):
        next(blocks("good"))


def test_an_error_of_the_source_comes_after_the_texts_before_it():
    def source():
        yield from "abc"
        raise RnnError("line 4: not UTF-8")

    read = blocks(source(), 2)
    assert [next(read), next(read)] == [["a", "b"], ["c"]]
    with pytest.raises(RnnError, match="line 4"):
        next(read)
