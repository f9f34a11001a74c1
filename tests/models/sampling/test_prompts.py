"""Prompts: their lines, and the word that they leave unfinished."""

import numpy as np
import pytest

from rnn_cli.models.sampling.prompts import PromptReader
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import START, UNK, Vocabulary

WORDS = ("the", " cat", " cats", " car", " sat", "我", "我们", ".")


def read(text, tokens=WORDS, tokenizer="jieba", **options):
    vocabulary = Vocabulary(tokens, (1,) * len(tokens))
    prompt = PromptReader(Lexicon(TOKENIZERS[tokenizer], vocabulary, Spelling({}))).read(text, **options)
    spelled = ["START" if id == START else "?" if id == UNK else vocabulary.token(id) for id in prompt.ids]
    return spelled, prompt.begun


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_any_system_are_read_as_one(tokenizer, end):
    assert read(f"我{end}{end}the", tokenizer=tokenizer) == read("我\n\nthe", tokenizer=tokenizer)


def test_the_lines_of_a_prompt_end_with_a_newline_in_the_sample_whatever_they_came_with(untrained):
    one = untrained(("a", "b"))
    assert one.sample("a\r\nb\rb", length=1, seed=1)[0].startswith("a\nb\nb")


@pytest.mark.parametrize(
    ("text", "read_as", "begun"),
    [
        ("the ca", ["START", "the"], " ca"),  # cat, cats, car
        ("the cat", ["START", "the"], " cat"),  # cats too
        ("the ", ["START", "the"], " "),  # the space belongs to the word to come
        ("the sat", ["START", "the", " sat"], ""),  # nothing else begins so
        ("the dog", ["START", "the", "?"], ""),  # nothing begins so
        ("the cat.", ["START", "the", " cat", "."], ""),
        ("the  ", ["START", "the", "?", "?"], ""),  # two spaces are no part of a word
        ("the ca\n", ["START", "the", "?", "START"], ""),  # its line is over
        ("我", ["START"], "我"),
        ("", ["START"], ""),
    ],
)
def test_the_last_word_is_left_to_be_finished_where_several_tokens_begin_so(text, read_as, begun):
    assert read(text) == (read_as, begun)


def test_of_characters_none_is_begun():
    assert read("我们 c", tokens=tuple("我们 c"), tokenizer="char") == (["START", *"我们 c"], "")


def test_what_white_space_ends_is_a_whole_token_of_the_tokenizer_of_spaces():
    tokens = ("the", "then", "cat")
    assert read("cat the", tokens, "space") == (["START", "cat"], "the")
    assert read("cat the ", tokens, "space") == (["START", "cat", "the"], "")
    assert read("cat <unk>", tokens, "space") == (["START", "cat", "?"], "")


def test_a_known_last_word_is_finished_where_that_is_asked_for():
    assert read("the cat", known_is_finished=True) == (["START", "the", " cat"], "")
    assert read("the ca", known_is_finished=True) == (["START", "the"], " ca")
    assert read("the ", (*WORDS, " "), known_is_finished=True) == (["START", "the"], " ")


@pytest.mark.parametrize(
    ("tokenizer", "tokens", "prompt", "may_follow"),
    [
        ("jieba", WORDS, "the ca", {"t", "ts", "r"}),
        ("jieba", WORDS, "the ", {"cat", "cats", "car", "sat"}),
        ("jieba", WORDS, "我", {"", "们"}),
        ("space", ("the", "then", "cat"), "cat th", {"e", "en"}),
        ("space", ("the", "then", "cat"), "cat the ", {"the", "then", "cat", ""}),
        ("space", ("the", "then", "cat"), "cat cat", {" the", " then", " cat", ""}),
    ],
)
def test_the_first_token_finishes_the_word_and_the_prompt_is_written_once(
    tokenizer, tokens, prompt, may_follow, untrained
):
    one = untrained(tokens, tokenizer, END=1)
    first = [next(iter(one.stream(prompt, length=1, seed=seed, temperature=3.0))) for seed in range(2)]
    assert first == [prompt, prompt]
    followed = set()
    for seed in range(60):
        _, *pieces = one.stream(prompt, length=1, seed=seed, temperature=3.0)
        followed.add(pieces[0] if pieces else "")
    assert followed == may_follow
    samples = one.sample(prompt, num=300, length=1, seed=1, temperature=3.0)
    assert all(text.startswith(prompt) for text in samples)
    assert not any("  " in text for text in samples)


def test_the_word_is_finished_as_often_as_the_network_says(untrained):
    one = untrained(WORDS, "jieba")
    logits, state = one.network.step(one.p, np.array([START]), one.network.zero_state(1))
    logits, _ = one.network.step(one.p, np.array([3]), state)
    o = np.exp(logits[0][4:7])
    first = next(iter(one.generate("the ca", num=20_000, temperature=1.0, seed=3)))
    np.testing.assert_allclose(np.bincount(first - 4, minlength=3) / 20_000, o / o.sum(), atol=0.015)


def test_finishing_a_word_does_not_count_for_the_length(untrained):
    one = untrained(WORDS, "jieba", END=-60)
    assert all(len([*one.generate("the ca", length=n, seed=n)]) == n + 1 for n in (1, 5))
    assert len([*one.generate("the sat", length=5, seed=1)]) == 5


def test_only_what_no_token_finishes_is_unknown(untrained):
    one = untrained(WORDS, "jieba")
    assert one.unknown("the ca") == []
    assert one.unknown("dogs cat the. dog") == ["dogs", " the", " dog"]
