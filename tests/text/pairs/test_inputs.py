"""Lines to predict for."""

import pytest

from rnn_cli.text.pairs.inputs import text_of


@pytest.mark.parametrize(
    ("line", "task", "text", "has_beside"),
    [
        ("a  b", "classify", "a  b", False),
        ("", "classify", "", False),
        ("a b\tpos", "classify", "a b", True),
        ("\tpos", "classify", "", True),
        ("a\tb\tc", "translate", "a", True),
        ("__label__x __label__y a  b", "classify", "a b", True),
        ("__label__x", "classify", "", True),
        ("a __label__x", "classify", "a __label__x", False),
        ("Arabic\tHalabi", "generate", "Halabi", True),
        ("the dog\tDET NOUN", "tag", "the dog", True),
    ],
)
def test_what_stands_beside_a_text_is_never_read_as_text(line, task, text, has_beside):
    assert text_of(line, task) == (text, has_beside)
