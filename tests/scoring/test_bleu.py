"""BLEU and chrF: figures that sacrebleu 2.6 gave, and sacrebleu itself where it is installed."""

import random

import pytest

from rnn_cli.scoring.bleu import TOKENIZERS, bleu, chrf

PREDICTED = ["The cat isn't on the mat, is it?", "我们今天看书。", "It costs 3,50 (about 4-5)."]
REFERENCES = [
    ["The cat is not on the mat, is it?", "The cat isn't on a mat."],
    ["我们今天都看书。"],
    ["It costs 3.50 (about 4-5)."],
]
FIGURES = {"13a": 75.24171581, "zh": 70.61294301, "char": 89.7522568, "none": 59.51718768}
CHRF = 78.41135078


@pytest.mark.parametrize("tokenizer", FIGURES)
def test_bleu_is_the_figure_of_sacrebleu(tokenizer):
    assert bleu(PREDICTED, REFERENCES, tokenizer) == pytest.approx(FIGURES[tokenizer])


def test_chrf_is_the_figure_of_sacrebleu():
    assert chrf(PREDICTED, REFERENCES) == pytest.approx(CHRF)


def test_a_perfect_translation_has_100_percent_and_a_wrong_one_none():
    texts = ["a b c d e f", "g h i j"]
    assert bleu(texts, [[text] for text in texts]) == pytest.approx(100)
    assert chrf(texts, [[text] for text in texts]) == pytest.approx(100)
    assert bleu(texts, [["x"], ["y"]]) == 0
    assert chrf(texts, [["x"], ["y"]]) == 0
    assert bleu([""], [["a"]]) == chrf([""], [["a"]]) == 0
    assert bleu(["a b c"], [["a b c"]]) == 0  # no four words together


PIECES = [
    *"abc",
    "don't",
    "3,5",
    "x-1",
    "&amp;",
    "“hi”",
    "我们",
    "看书。",
    "1-2",
    "!",
    "  ",
    "a.b",
    "<skipped>",
]


@pytest.mark.seeds(short=20, long=1000)
def test_both_are_sacrebleus(seed):
    sacrebleu = pytest.importorskip("sacrebleu")
    rng = random.Random(seed)

    def text():
        return " ".join(rng.choices(PIECES[: rng.choice([3, 16])], k=rng.randrange(9)))

    predicted = [text() for _ in range(rng.randrange(1, 6))]
    references = [[text() for _ in range(rng.randrange(1, 4))] for _ in predicted]
    most = max(map(len, references))
    streams = [[of_one[k] if k < len(of_one) else None for of_one in references] for k in range(most)]
    for tokenizer in TOKENIZERS:
        expected = sacrebleu.corpus_bleu(predicted, streams, tokenize=tokenizer, force=True).score
        assert bleu(predicted, references, tokenizer) == pytest.approx(expected)
    assert chrf(predicted, references) == pytest.approx(sacrebleu.corpus_chrf(predicted, streams).score)
