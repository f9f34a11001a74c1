"""Lines as models of tags read them, and the words that tags mark."""

import pytest

from rnn_cli.models.encoded.lines import Line, read_line, words_of
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary

LEXICON = Lexicon(TOKENIZERS["space"], Vocabulary((*"我妈想x",), (1,) * 4), Spelling({}))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("the cat  sees\n", ["the", "cat", "sees"]), ("a <unk> b", ["a", None, "b"]), (" \u3000", []), ("", [])],
)
def test_tokens_are_what_white_space_separates(text, tokens):
    assert read_line(text, LEXICON, by_characters=False) == Line(tokens)


@pytest.mark.parametrize(
    ("text", "tokens", "borders", "inside"),
    [
        ("我妈想", "我妈想", {3}, set()),
        ("我妈 想我", "我妈想我", {2, 4}, set()),
        ("我 妈 想", "我妈想", set(), set()),
        ("", "", set(), set()),
        ("我ab妈12 3x", "我ab妈123x", {6, 8}, {2, 5}),
        ("我éa", "我éa", {3}, set()),
    ],
)
def test_a_text_of_characters_has_borders_at_white_space(text, tokens, borders, inside):
    assert read_line(text, LEXICON, by_characters=True) == Line(
        [*tokens], frozenset(borders), frozenset(inside)
    )


@pytest.mark.parametrize(
    ("tags", "borders", "inside", "words"),
    [
        ("BESBME", (), (), ["ab", "c", "def"]),
        ("MMEMMM", (), (), ["abc", "def"]),
        ("BMMMME", (2, 4), (), ["ab", "cd", "ef"]),
        ("BBSSEE", (), (), ["a", "b", "c", "d", "e", "f"]),
        ("SSBESS", (), (1, 5), ["ab", "cd", "ef"]),
    ],
)
def test_words_are_those_that_the_tags_mark(tags, borders, inside, words):
    line = Line([*"abcdef"], frozenset(borders), frozenset(inside))
    assert words_of("abcdef", tags, line) == words
