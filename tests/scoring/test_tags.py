"""The figures of tags, and the spans that they mark, against a loop over tags."""

import numpy as np
import pytest

from rnn_cli.scoring.tags import exact_rows, most_frequent, scheme, span_figures, spans, tag_accuracy
from rnn_cli.text.rows import Rows


def rows(sentences, names):
    ids = [names.index(tag) for sentence in sentences for tag in sentence.split()]
    return Rows.of(np.array(ids, np.int64), np.array([len(sentence.split()) for sentence in sentences]))


def naive_spans(sentence, start):
    """conlleval's rules, one tag after another."""
    found, begun = [], None
    before = "O"
    for place, tag in enumerate([*sentence.split(), "O"], start):
        letter, _, type = tag.partition("-")
        begins = letter in "BS" or (
            letter in "IME" and (before[0] in "OES" or before.partition("-")[2] != type)
        )
        if begun is not None and (begins or letter == "O"):
            found.append((*begun, place))
            begun = None
        if begins:
            begun = (place, type)
        before = tag
    return {(first, end, type) for first, type, end in found}


NAMES = {
    "BMES": ["B", "M", "E", "S"],
    "IOB": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"],
    "BIOES": ["O", "B-X", "I-X", "E-X", "S-X", "B-Y", "I-Y", "E-Y", "S-Y"],
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.seeds(short=20, long=500)
def test_spans_are_conllevals_whatever_the_tags(kind, seed):
    rng = np.random.default_rng(seed)
    names = NAMES[kind]
    sentences = [" ".join(rng.choice(names, rng.integers(0, 9))) for _ in range(rng.integers(0, 6))]
    tags, how = rows(sentences, names), scheme(names)
    types = [*dict.fromkeys(name.partition("-")[2] for name in names)]
    found = {(int(a), int(b), types[t]) for a, b, t in spans(tags, how)}
    expected = [
        naive_spans(sentence, int(start)) for sentence, start in zip(sentences, tags.starts[:-1], strict=True)
    ]
    assert found == set().union(*expected)


def test_figures_of_spans_by_hand():
    names = NAMES["IOB"]
    true = rows(["B-LOC I-LOC O B-PER", "B-PER I-PER"], names)
    predicted = rows(["B-LOC I-LOC O B-LOC", "B-PER O"], names)
    figures = span_figures(true, predicted, scheme(names))
    assert figures == (3, 3, 1)
    assert (figures.precision, figures.recall, figures.f1) == (1 / 3, 1 / 3, 1 / 3)
    assert tag_accuracy(true, predicted) == pytest.approx(4 / 6)
    assert exact_rows(true, predicted) == 0
    assert exact_rows(true, true) == 1
    assert span_figures(true, true, scheme(names)).f1 == 1


def test_words_of_a_segmentation_are_spans():
    names = NAMES["BMES"]
    true, predicted = rows(["S B E B M E"], names), rows(["S B E S B E"], names)
    assert span_figures(true, predicted, scheme(names)) == (3, 4, 2)


def test_a_sentence_without_a_wrong_tag_is_exact_also_when_empty():
    names = ["B", "O"]
    assert exact_rows(rows(["B O", "", "O"], names), rows(["B O", "", "B"], names)) == pytest.approx(2 / 3)


@pytest.mark.parametrize("names", [["NOUN", "VERB"], ["O", "X"], ["N", "B-X"], ["O", "I-X"], [""]])
def test_tags_without_a_scheme_mark_no_spans(names):
    assert scheme(names) is None


def test_the_most_frequent_tag_of_a_token_and_that_of_rare_tokens():
    tokens, tags = np.array([0, 0, 0, 1, 2, 4, 4]), np.array([1, 1, 0, 2, 2, 1, 0])
    assert most_frequent(tokens, tags, 6, 3).tolist() == [1, 2, 2, 2, 0, 2]
