"""The simplest rivals of a model, against figures counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from rnn_cli.models.classifier import Classifier
from rnn_cli.models.tested import rivals
from rnn_cli.network.classifier import Classifier as Network
from rnn_cli.network.encoder import Encoder
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import Cutting, read_pairs
from rnn_cli.text.reading import Source
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary

LEARNED = [("good day", "yes"), ("so good", "yes"), ("bad day", "no")] * 5
TEST = [("so good", "yes"), ("bad", "no"), ("too bad", "no")]


def made(labels, scale=None, output="softmax"):
    lexicon = Lexicon(TOKENIZERS["space"], Vocabulary(("good", "bad"), (1, 1)), Spelling({}))
    network = Network(Encoder(5, 3), len(labels.names) if labels else 1, output)
    p = network.initialise(np.random.default_rng(0), np.ones(network.labels) / network.labels)
    return Classifier(lexicon, network, p, labels, scale)


@pytest.fixture
def pairs(tmp_path):
    """Pairs of some lines, and their texts."""

    def call(lines, task, labels):
        path = Path(tmp_path / "p.tsv")
        path.write_text("".join(f"{text}\t{label}\n" for text, label in lines))
        read = read_pairs([Source("p.tsv", path)], Form(task), Cutting(TOKENIZERS["space"]), labels)
        return read, [text for text, _ in lines]

    return call


def test_a_classifier_has_the_most_frequent_label_and_a_linear_model_beside_it(pairs):
    labels = Labels(("yes", "no"), (2, 1))
    (learned, texts), (test, of_test) = (pairs(lines, "classify", labels) for lines in (LEARNED, TEST))
    found = rivals.rivals_of_classifier(made(labels), learned, texts, test, of_test)
    assert found["most frequent label"]["accuracy"] == pytest.approx(1 / 3)
    assert found["linear model"]["accuracy"] == 1


def test_several_labels_a_text_have_rivals_too(pairs):
    labels = Labels(("yes", "no"), (2, 1), is_multi=True)
    (learned, texts), (test, of_test) = (pairs(lines, "classify", labels) for lines in (LEARNED, TEST))
    found = rivals.rivals_of_classifier(made(labels, output="sigmoid"), learned, texts, test, of_test)
    assert found["most frequent label"]["exact"] == pytest.approx(1 / 3)
    assert found["linear model"]["exact"] == 1


def test_a_score_has_the_mean_beside_it(pairs):
    lines = [("good", "5"), ("bad", "1"), ("fine", "3")]
    (learned, texts), (test, of_test) = (pairs(rows, "rate", None) for rows in (lines, lines[:2]))
    found = rivals.rivals_of_classifier(made(None, (1.0, 5.0), "score"), learned, texts, test, of_test)
    assert found == {"mean score": {"correlation": None, "mean_error": 2}}
