"""Text that is safe to print, and how wide it is."""

import pytest

from rnn_cli.printing import columns, counted, fitted, printable


def test_nothing_moves_the_cursor():
    assert printable("a\x1b[2J\n\u202e我") == "a\\x1b[2J\\n\\u202e我"


def test_a_number_goes_with_its_noun():
    assert [counted(number, "line") for number in (1, 2000)] == ["1 line", "2,000 lines"]


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("我昨天", 6), ("é", 1), ("e\u0301", 1), ("ｱＡ", 3)])
def test_columns_are_those_of_a_terminal(text, width):
    assert columns(text) == width


@pytest.mark.parametrize("text", ["", "a", "我昨天上学", "我a昨b天c", "e\u0301e\u0301e\u0301"])
@pytest.mark.parametrize("width", range(1, 8))
def test_a_fitted_text_has_exactly_the_width(text, width):
    found = fitted(text, width)
    assert columns(found) == width
    assert ("…" in found) == (columns(text) > width)
    assert found.rstrip().removesuffix("…") in text


def test_a_text_is_cut_as_late_as_possible():
    assert [fitted("abcd", 3), fitted("我昨天", 5), fitted("我昨天", 4)] == ["ab…", "我昨…", "我… "]
