"""Texts with labels as arrays; what they cost a model, against its language models one token at a time."""

import math
from pathlib import Path

import numpy as np
import pytest

from rnn_cli.models.conditional import Conditional
from rnn_cli.models.encoded.labelled import LabelledTexts
from rnn_cli.models.tested import texts as figures
from rnn_cli.network.conditional import Conditional as Network
from rnn_cli.network.conditional import Guided
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import Cutting, read_pairs
from rnn_cli.text.reading import Source
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, START, UNK, Vocabulary

LINES = [("x", "ab"), ("y", "a"), ("x", "bzba"), ("y", "")]
LABELS = Labels(("x", "y"), (1, 1))


@pytest.fixture
def lexicon():
    return Lexicon(TOKENIZERS["char"], Vocabulary(("a", "b"), (2, 1)), Spelling.count(["q", "z"]))


@pytest.fixture
def pairs(tmp_path):
    path = Path(tmp_path / "p.tsv")
    path.write_text("".join(f"{label}\t{text}\n" for label, text in LINES))
    return read_pairs([Source("p.tsv", path)], Form("generate"), Cutting(TOKENIZERS["char"]), LABELS)


def test_a_batch_holds_each_text_from_its_start_to_its_end_with_its_label(pairs, lexicon):
    texts = LabelledTexts.of(pairs, lexicon)
    a, b = 3, 4
    batch = texts.batch(np.array([2, 1]))
    assert batch.x[:, 0].tolist() == [START, b, UNK, b, a]
    assert batch.y[:, 0].tolist() == [b, UNK, b, a, END]
    assert batch.x[:2, 1].tolist() == [START, a]
    assert batch.y[:2, 1].tolist() == [a, END]
    assert batch.weight.sum(axis=0).tolist() == [5, 2]
    assert batch.label.tolist() == [0, 1]
    assert texts.characters.tolist() == [3, 2, 5, 1]
    assert texts.nats.tolist() == pytest.approx([0, 0, lexicon.spelling.nats("z"), 0])


def test_the_figures_are_those_of_the_language_models_of_the_labels(pairs, lexicon):
    network = Network(Guided(5, 6, "gru", beside=4), 2)
    p = network.initialise(np.random.default_rng(0), np.ones(5))
    p["L"] *= 4
    model = Conditional(lexicon, network, p, LABELS)
    rows = np.array([0, 1, 3])
    nats = targets = 0
    for label, text in (LINES[row] for row in rows):
        for k in range(len(text) + 1):
            nats -= math.log(dict(model.of(label).next(text[:k], 5))[[*text, "<end>"][k]])
            targets += 1
    found = figures.tested_texts(model, pairs, rows)
    assert found.texts == 3
    assert found.values["nats"] == pytest.approx(nats / targets, rel=1e-4)
    assert found.values["perplexity"] == pytest.approx(math.exp(nats / targets), rel=1e-4)
    assert found.values["bits_per_character"] == pytest.approx(nats / 6 / math.log(2), rel=1e-4)
    spelled = figures.tested_texts(model, pairs, np.array([2])).values
    assert spelled["bits_per_character"] > spelled["nats"] / math.log(2)  # z is spelled too
