"""Legal sequences of tags, against the rules written out for one pair at a time."""

import itertools

import numpy as np
import pytest

from rnn_cli.models.encoded.legal import legal_sequences, legal_share
from rnn_cli.scoring.tags import scheme
from rnn_cli.text.rows import Rows

BMES, IOB, BIOES = "BMES", ("O", "B-x", "I-x", "B-y", "I-y"), ("O", "B-x", "I-x", "E-x", "S-x", "B-y", "E-y")


def is_legal(tags, has_ends):
    """Whether a sequence marks spans: I, M and E go on with an open one, which ends where E is used."""
    open_type = None
    for letter, _, type in (tag.partition("-") for tag in tags):
        if letter in "IME":
            if open_type != type:
                return False
        elif has_ends and open_type is not None:
            return False
        open_type = type if letter in "BIM" else None
    return not (has_ends and open_type is not None)


@pytest.mark.parametrize(("names", "has_ends"), [(BMES, True), (IOB, False), (BIOES, True)])
def test_what_is_legal_is_what_marks_spans(names, has_ends):
    spans = scheme(names)
    legal = legal_sequences(spans)
    found = 0
    for length in (1, 2, 3):
        for ids in itertools.product(range(len(names)), repeat=length):
            pairs = all(legal.following[pair] for pair in itertools.pairwise(ids))
            said = legal.first[ids[0]] and legal.last[ids[-1]] and pairs
            assert said == is_legal([names[id] for id in ids], has_ends), ids
            found += said
    assert found


def test_the_share_of_legal_sentences():
    sentences = ["BE", "S", "BM", "BMESBE", "E", "SS", "BS"]
    ids = np.array(["BMES".index(tag) for tags in sentences for tag in tags])
    tags = Rows.of(ids, np.array([*map(len, sentences)]))
    assert legal_share(tags, legal_sequences(scheme("BMES"))) == pytest.approx(4 / 7)
