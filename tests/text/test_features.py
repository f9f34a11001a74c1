"""Hashed features, against whole numbers of Python that share no code with them."""

import random

import numpy as np
import pytest

from rnn_cli.text import features
from rnn_cli.text.features import Affixes, Grams, shape

ALL = 1 << 64
TEXTS = ["The cat  sat", "", "a", " ", "我们 看书", "x" * 40, "É𝒳 é", "a b c d e"]


def bucket(characters, kind, length, buckets):
    """The bucket of a feature, by the formulas of the module's page."""
    h = 0
    for c in characters:
        h = (h * 0x9E3779B97F4A7C15 + ord(c) + 1) % ALL
    h = (h + (kind * 65 + length + 1) * 0xBF58476D1CE4E5B9) % ALL
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9 % ALL
    h = (h ^ (h >> 27)) * 0x94D049BB133111EB % ALL
    h ^= h >> 31
    return (h >> 32) * buckets >> 32


def naive_grams(text, grams):
    words = (text.lower() if grams.lower else text).split()
    found = [
        bucket(" ".join(words[k : k + n]), features.WORDS, n, grams.buckets)
        for n in range(1, grams.words + 1)
        for k in range(len(words) - n + 1)
    ]
    whole = f" {' '.join(words)} " if words else ""
    return found + [
        bucket(whole[k : k + n], features.CHARACTERS, n, grams.buckets)
        for n in range(grams.least, grams.most + 1)
        for k in range(len(whole) - n + 1)
        if whole[k : k + n] != " "
    ]


def naive_affixes(word, affixes):
    low = word.lower()
    sizes = [n for n in range(1, affixes.most + 1) if n <= len(low)]
    found = [bucket(low[:n], features.PREFIXES, n, affixes.buckets) for n in sizes]
    found += [bucket(low[-n:], features.SUFFIXES, n, affixes.buckets) for n in sizes]
    found += [bucket(low, features.WORDS, 1, affixes.buckets)] if word else []
    return found + ([bucket(shape(word), features.SHAPES, 1, affixes.buckets)] if word else [])


def rows_of(rows):
    return [sorted(row.tolist()) for row in np.split(rows.ids, rows.starts[1:-1])]


SETTINGS = [
    Grams(),
    Grams(words=3, most=0),
    Grams(words=0, least=2, most=5, lower=False),
    Grams(buckets=7),
    Grams(words=1, least=3, most=2),
]


@pytest.mark.parametrize("grams", SETTINGS)
def test_n_grams_are_those_of_the_formulas(grams):
    assert rows_of(grams.rows(TEXTS)) == [sorted(naive_grams(text, grams)) for text in TEXTS]


@pytest.mark.seeds(short=10, long=500)
def test_features_depend_on_the_text_alone_and_not_on_blocks(seed, monkeypatch):
    rng = random.Random(seed)
    texts = ["".join(rng.choices("ab 我É", k=rng.randrange(12))) for _ in range(30)]
    alone = [row for text in texts for row in rows_of(Grams().rows([text]))]
    monkeypatch.setattr(features, "BLOCK", rng.randrange(1, 60))
    assert rows_of(Grams().rows(texts)) == alone


def test_many_texts_at_once_are_as_few():
    rows = Grams(most=2).rows(["a b"] * 70_000)
    assert (rows.ids.reshape(70_000, -1) == rows.ids[: rows.lengths[0]]).all()


@pytest.mark.parametrize("affixes", [Affixes(), Affixes(most=2, buckets=9), Affixes(most=0)])
def test_affixes_are_those_of_the_formulas(affixes):
    words = ["The", "", "McDonald's3", "a", "我们", "running"]
    rows = affixes.rows(words)
    assert rows_of(rows) == [sorted(naive_affixes(word, affixes)) for word in words]
    assert rows.lengths.max() <= affixes.count


def test_a_shape_tells_capitals_digits_and_signs():
    assert [shape(word) for word in ("", "iPhone", "USA", "3.14", "don't", "我们", "x-1")] == [
        "",
        "aAa",
        "A",
        "0.0",
        "a'a",
        "a",
        "a-0",
    ]


def test_hashes_are_the_same_on_every_machine():
    """Files of models hold weights by bucket."""
    assert Grams(words=1, most=0).rows(["cat"]).ids.tolist() == [bucket("cat", 0, 1, 1 << 17)] == [98206]


def test_features_spread_over_the_buckets():
    rows = Grams(words=1, most=0, buckets=1 << 10).rows([f"w{k}" for k in range(1 << 13)])
    counts = np.bincount(rows.ids, minlength=1 << 10)
    assert (len(counts), counts.max() < 30) == (1 << 10, True)
    assert 6 < counts.var() < 10.5  # of a Poisson variable: 8


def test_texts_without_words_have_no_n_grams_of_words():
    assert Grams(words=2, most=0).rows(["", " "]).lengths.tolist() == [0, 0]


def test_no_texts_have_no_rows():
    assert Grams().rows([]).starts.tolist() == [0]
    assert Affixes().rows([]).starts.tolist() == [0]


@pytest.mark.parametrize("settings", [*SETTINGS, Affixes(3, 100)])
def test_settings_go_into_json_and_back(settings):
    assert type(settings).from_json(settings.to_json()) == settings


@pytest.mark.parametrize("cls", [Grams, Affixes])
def test_other_settings_are_refused(cls):
    good = cls().to_json()
    bad = [None, [], {}, good | {"x": 1}, good | {"buckets": 0}, good | {"buckets": 1 << 40}]
    bad += [good | {"most": value} for value in (-1, 1.5, True, 65, None, "4")]
    for entry in bad:
        with pytest.raises(ValueError, match=r".+"):
            cls.from_json(entry)


def test_pairs_are_of_a_word_with_its_neighbours_on_either_side():
    affixes = Affixes(0, 1 << 20, pairs=True)
    words = ["", "我", "妈", "ab", "a", "b"]

    def beside(*text):
        return affixes.beside(words, np.array([words.index(word) for word in text]))

    found = beside("", "我", "妈", "妈", "")
    assert found.shape == (3, 2)
    assert len({*found.ravel().tolist()}) == 6  # before and after are not the same
    assert np.array_equal(beside("我", "妈", "妈")[0], found[1])  # whatever the numbers of the words
    again = affixes.beside([*reversed(words)], np.array([5, 4, 3, 3, 5]))
    assert np.array_equal(again, found)
    assert not np.array_equal(beside("", "ab", "b"), beside("", "a", "b"))
    assert affixes.count == 4


def test_pairs_are_the_same_on_every_machine():
    found = Affixes(0, 1 << 20, pairs=True).beside(["", "我", "b"], np.array([0, 1, 2, 0]))
    assert found.tolist() == [[861119, 970472], [701, 494956]]  # files of models depend on them
