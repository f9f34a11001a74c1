"""The texts shipped with the package."""

from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest

from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.numbered import Cutting, read_pairs
from rnn_cli.text.reading import Source
from rnn_cli.text.tokenizers import TOKENIZERS


@pytest.mark.parametrize("name", ["chinese.txt", "english.txt"])
def test_each_has_a_thousand_different_lines(name):
    text = (resources.files("rnn_cli.corpora") / name).read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(set(lines)) == len(lines) >= 1000
    assert all(line == line.strip() and line for line in lines)
    assert text.endswith("\n")


def test_no_sentence_frame_is_filled_in_a_thousand_times():
    for name, width in (("chinese.txt", 4), ("english.txt", 12)):
        lines = (resources.files("rnn_cli.corpora") / name).read_text(encoding="utf-8").splitlines()
        beginnings = {line[:width] for line in lines}
        assert len(beginnings) > len(lines) / 3


PAIRS = {
    "moods": ("classify", ["bad", "good"]),
    "ratings": ("rate", None),
    "translations": ("translate", None),
    "names": ("generate", ["Hrud", "Minyao", "Okuna", "Sisil", "Tarqesh", "Velmar"]),
    "segmented": ("tag", ["B", "E", "M", "S"]),
}


def pairs_of(name):
    path = Path(str(resources.files("rnn_cli.corpora") / f"{name}.tsv"))
    task, _ = PAIRS[name]
    return read_pairs([Source(path.name, path)], Form(task), Cutting(TOKENIZERS["char"]))


@pytest.mark.parametrize("name", PAIRS)
def test_each_set_of_pairs_has_some_hundred_different_texts_and_labels_that_occur_often(name):
    pairs = pairs_of(name)
    assert len({*pairs.keys.tolist()}) == pairs.rows >= 400
    labels = PAIRS[name][1]
    assert (pairs.labels and sorted(pairs.labels.names)) == labels
    assert pairs.labels is None or min(pairs.labels.counts) >= 10
    assert pairs.texts.longest <= 100


def test_every_score_from_1_to_5_is_there():
    assert {*pairs_of("ratings").scores.tolist()} == {1, 2, 3, 4, 5}


def test_a_word_that_begins_goes_on_to_its_end():
    pairs = pairs_of("segmented")
    may_follow = {"B": "ME", "M": "ME", "E": "BS", "S": "BS"}
    for first, end in pairwise(pairs.beside.starts):
        tags = [pairs.labels.names[id] for id in pairs.beside.ids[first:end]]
        assert tags[0] in "BS"
        assert tags[-1] in "ES"
        assert all(b in may_follow[a] for a, b in pairwise(tags))
