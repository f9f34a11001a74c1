"""What passes for a text and for a count in a file that anyone may have written."""

import pytest

from rnn_cli.text.checks import MOST, is_count, is_text


@pytest.mark.parametrize("value", ["", "a", "中😀", "\0", "\ud7ff\ue000"])
def test_a_string_of_characters_is_text(value):
    assert is_text(value)
    value.encode()


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb", b"a", None, 1, ["a"]])
def test_anything_else_is_no_text(value):
    assert not is_text(value)


@pytest.mark.parametrize("value", [0, 1, MOST])
def test_a_whole_number_that_a_float_can_hold_is_a_count(value):
    assert is_count(value)
    assert int(float(value)) == value


@pytest.mark.parametrize("value", [-1, MOST + 1, 10**400, 1.0, True, False, "1", None, float("nan")])
def test_anything_else_is_no_count(value):
    assert not is_count(value)


def test_a_count_may_have_to_be_larger_than_zero():
    assert not is_count(0, least=1)
    assert is_count(1, least=1)
