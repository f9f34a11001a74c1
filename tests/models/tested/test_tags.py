"""The figures of a tagger and of its simplest rival, against those counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from rnn_cli.models.tagger import Tagger
from rnn_cli.models.tested import tags as figures
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.tagger import Tagger as Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import Cutting, read_pairs
from rnn_cli.text.reading import Source
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary


@pytest.fixture
def pairs(tmp_path):
    """Pairs of some lines, with the tags of a model."""

    def call(lines, labels):
        path = Path(tmp_path / "p.tsv")
        path.write_text("".join(f"{line}\n" for line in lines))
        return read_pairs([Source("p.tsv", path)], Form("tag"), Cutting(TOKENIZERS["space"]), labels)

    return call


def made(tokens, tags):
    vocabulary = Vocabulary(tuple(tokens), (1,) * len(tokens))
    network = Network(Encoder(vocabulary.size, 4, "gru", 1, 3, True), len(tags))
    p = network.initialise(np.random.default_rng(0), np.ones(len(tags)))
    p["V"] *= 20
    labels = Labels(tuple(tags), (1,) * len(tags))
    return Tagger(Lexicon(TOKENIZERS["space"], vocabulary, Spelling({})), network, p, labels, None)


def test_the_figures_are_those_of_the_predictions(pairs):
    model = made("abcd", "NVD")
    lines = ["a b c\tN V D", "d x\tN N", "x a\tV D", "b\tN"]
    found = figures.tested_tags(model, pairs(lines, model.tags), np.array([0, 1, 3]))
    tokens, tags = zip(*(line.split("\t") for line in lines if line[:1] != "x"), strict=True)
    given = [each.tags for each in model.predict(tokens)]
    right = [[*map(str.__eq__, row.split(), of_row)] for row, of_row in zip(tags, given, strict=True)]
    assert found.texts == 3
    assert found.values["accuracy"] == pytest.approx(np.mean([each for row in right for each in row]))
    assert found.values["unknown_accuracy"] == right[1][1]
    assert found.values["exact"] == pytest.approx(np.mean([*map(all, right)]))
    assert "span_f1" not in found.values
    assert found.table.support.tolist() == [4, 1, 1]


def test_tags_that_mark_spans_have_their_f1(pairs):
    model = made("abcd", "SBE")
    found = figures.tested_tags(model, pairs(["a b c\tS B E", "d\tS"], model.tags), np.arange(2))
    assert {"span_precision", "span_recall", "span_f1"} < found.values.keys()


def test_the_rival_of_a_tagger_gives_each_token_its_most_frequent_tag(pairs):
    model = made("ab", "NVD")
    learned = pairs(["a b\tN V", "a c\tN D", "a\tV"], model.tags)
    found = figures.tested_rival(
        model, learned, pairs(["a b z\tN V V", "c a\tD V"], model.tags), np.arange(2)
    )
    assert found["accuracy"] == pytest.approx(4 / 5)  # z is taken for V, as b is, which occurs once


def test_the_rival_of_a_segmenter_takes_the_longest_match(pairs):
    model = made("abc", "SBEM")
    learned = pairs(["a b c\tB E S"], model.tags)
    found = figures.tested_rival(
        model, learned, pairs(["a b a c\tB E B E", "c\tS"], model.tags), np.arange(2)
    )
    assert found["span_precision"] == pytest.approx(2 / 4)
    assert found["span_recall"] == pytest.approx(2 / 3)
