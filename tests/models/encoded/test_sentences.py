"""Sentences as arrays: tokens and affixes side by side, and long sentences in parts."""

import numpy as np
import pytest

from rnn_cli.models.encoded import sentences as module
from rnn_cli.models.encoded.sentences import LONGEST, Sentences, owners, part_lengths
from rnn_cli.text.features import Affixes
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store.corpus import in_memory
from rnn_cli.text.store.cutting import cut_all
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import START, UNK, Vocabulary

AFFIXES = Affixes(2, 64)
LINES = ["the cat sees the cart", "", "a <unk> cat", "the"]


@pytest.fixture
def lexicon():
    return Lexicon(TOKENIZERS["space"], Vocabulary(("the", "cat"), (3, 2)), Spelling({}))


def split(lines):
    return [*map(TOKENIZERS["space"].split, lines)]


def test_a_batch_holds_each_token_with_its_affixes_and_its_tag(lexicon):
    read = Sentences.read(split(LINES), lexicon, AFFIXES)
    y = np.arange(9)
    rows = np.array([2, 0])
    batch = read.batch(rows, y)
    the, cat = 3, 4
    assert batch.x.T.tolist() == [[UNK, UNK, cat, START, START], [the, cat, UNK, the, UNK]]
    assert batch.real.T.tolist() == [[1, 1, 1, 0, 0], [1] * 5]
    assert (batch.y * batch.real).T.tolist() == [[5, 6, 7, 0, 0], [0, 1, 2, 3, 4]]
    assert np.array_equal(batch.weight, batch.real)
    buckets = [batch.affixes[a:b].tolist() for a, b in zip(batch.starts, batch.starts[1:], strict=False)]
    words = [
        "a",
        "",
        "cat",
        "",
        "",
        "the",
        "cat",
        "sees",
        "the",
        "cart",
    ]
    of_words = AFFIXES.rows(words)
    assert buckets == [of_words.take(np.array([k])).ids.tolist() for k in range(len(words))]


def test_tokens_may_be_read_as_others(lexicon):
    read = Sentences.read(split(LINES), lexicon, None)
    read_as = np.arange(5, dtype=np.int32)
    read_as[3] = UNK
    assert read.batch(np.array([0]), np.zeros(9, np.int64), read_as).x.T.tolist() == [[UNK, 4, UNK, UNK, UNK]]


def test_without_affixes_there_are_none(lexicon):
    batch = Sentences.read(split(LINES), lexicon, None).batch(np.array([0, 2]), np.zeros(9, np.int64))
    assert batch.affixes.size == 0
    assert batch.starts.tolist() == [0]


def test_a_text_that_was_cut_is_read_as_its_lines(lexicon):
    lines = [line for line in LINES if line]
    text = in_memory(cut_all(TOKENIZERS["space"], iter(["".join(f"{line}\n" for line in lines)]), True, 1))
    of_text = Sentences.of_text(text, lexicon, AFFIXES, np.array([1, 0]))
    of_lines = Sentences.read(split([lines[1], lines[0]]), lexicon, AFFIXES)
    every, y = np.arange(2), np.arange(8)
    for a, b in zip(of_text.batch(every, y), of_lines.batch(every, y), strict=True):
        assert np.array_equal(a, b)
    assert of_text.known().tolist() == [False, False, True, True, True, False, True, False]


@pytest.mark.parametrize("lengths", [[0, 3, LONGEST], [LONGEST + 1], [3, 5 * LONGEST - 1, 0, 2 * LONGEST, 7]])
def test_long_sentences_have_as_few_parts_as_possible_of_about_the_same_length(lengths):
    found = part_lengths(np.array(lengths))
    owner = owners(np.array(lengths))
    assert len(found) == len(owner)
    assert found.max() <= LONGEST
    for number, length in enumerate(lengths):
        parts = found[owner == number]
        assert parts.sum() == length
        assert len(parts) == max(1, -(-length // LONGEST))
        assert parts.max() - parts.min() <= 1


def test_the_tokens_of_all_sentences_stay_in_order_when_one_is_read_in_parts(lexicon, monkeypatch):
    whole = Sentences.read(split(LINES), lexicon, AFFIXES)
    monkeypatch.setattr(module, "LONGEST", 2)
    parts = Sentences.read(split(LINES), lexicon, AFFIXES)
    assert parts.types.ids.tolist() == whole.types.ids.tolist()
    assert parts.types.lengths.tolist() == [1, 2, 2, 0, 1, 2, 1]


def test_tokens_have_pairs_with_their_neighbours_in_their_sentence(lexicon):
    affixes = Affixes(1, 64, pairs=True)
    lines = split(["a b c", "", "b a"])
    read = Sentences.read(lines, lexicon, affixes)
    batch = read.batch(np.array([2, 0]), np.zeros(5, np.int64))
    buckets = [batch.affixes[a:b].tolist() for a, b in zip(batch.starts, batch.starts[1:], strict=False)]
    words = ["", "a", "b", "c"]
    expected = []
    for line in (["b", "a", ""], ["a", "b", "c"]):
        for place, word in enumerate(line):
            around = [line[place - 1] if place else "", word, (*line, "")[place + 1]]
            pairs = affixes.beside(words, np.array([words.index(each) for each in around]))
            expected.append(affixes.rows([word]).ids.tolist() + (pairs[0].tolist() if word else []))
    assert buckets == expected
