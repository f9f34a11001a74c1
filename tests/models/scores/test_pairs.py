"""What pairs cost, against the networks taken one pair and one step at a time (network/plain_networks.py)."""

import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import Classifier, Conditional, RnnError, Tagger, Translator
from rnn_cli.models.encoded import sentences
from rnn_cli.models.scores import costs
from rnn_cli.network import classifier, conditional, encoder_decoder, tagger
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.network import Network
from rnn_cli.text.features import Affixes, Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, START, UNK, Vocabulary

sys.path.insert(0, str(Path(__file__).parents[2] / "network"))
import plain_networks as plain

NAMES = ("x", "y", "z")
LABELS = Labels(NAMES, (3, 2, 1))
LETTERS = "abcdef "
RNG = np.random.default_rng(5)
TEXTS = ["".join(RNG.choice(list(LETTERS + "?!"), RNG.integers(0, 12))) for _ in range(150)]
LETTERED = [text or "a" for text in TEXTS]  # the plain networks of labels read no empty text


def lexicon(tokens=LETTERS, tokenizer="char"):
    return Lexicon(
        TOKENIZERS[tokenizer], Vocabulary(tuple(tokens), (1,) * len(tokens)), Spelling.count("?!ab")
    )


def large(p):
    """Weights large enough to make what is predicted differ from pair to pair."""
    return {name: (3 * array).astype(np.float32) for name, array in p.items()}


def of_labels(output, labels=3):
    """A model of labels or scores, and -log p or the squared error of a pair."""
    ours, grams = lexicon(), Grams(buckets=64)
    encoder = Encoder(ours.vocabulary.size, 6, "gru", 1, 5, True)
    network = classifier.Classifier(encoder, labels, output, "last+max+mean", 64, 500)
    p = large(network.initialise(np.random.default_rng(0), np.full(labels, 0.3)))
    known = Labels(NAMES, (3, 2, 1), output == "sigmoid") if labels > 1 else None
    model = Classifier(ours, network, p, known, None if known else (1.0, 5.0), grams)

    def cost(text, beside):
        ids, buckets = ours.vocabulary.encode(text), grams.rows([text]).ids
        if output == "softmax":
            return plain.cost(output, plain.classified(p, network, ids, buckets), NAMES.index(beside))
        o = plain.classified(p, network, ids, buckets)
        if output == "sigmoid":
            return plain.cost(output, o, [name in beside for name in NAMES])
        return (1 + 4 * o[0] - float(beside)) ** 2

    return model, cost


def of_tags():
    words = Lexicon(TOKENIZERS["space"], Vocabulary(("the", "cat", "sees"), (1, 1, 1)), Spelling({}))
    affixes = Affixes(2, 64)
    encoder = Encoder(words.vocabulary.size, 6, "lstm", 1, 5, True, beside=4)
    network = tagger.Tagger(encoder, 3, affixes.buckets, affixes.count)
    p = large(network.initialise(np.random.default_rng(0), np.ones(3)))

    def cost(text, tags):
        tokens = text.split()
        of_tokens = affixes.rows(tokens)
        buckets = [of_tokens.take(np.array([k])).ids for k in range(len(tokens))]
        o = plain.tagged(p, network, words.vocabulary.encode(tokens), buckets)
        return -sum(np.log(o_t[NAMES.index(tag)]) for o_t, tag in zip(o, tags.split(), strict=True))

    return Tagger(words, network, p, LABELS, affixes), cost


def of_pairs():
    source, target = lexicon(), lexicon("uvw")
    network = encoder_decoder.EncoderDecoder(
        Encoder(source.vocabulary.size, 6, "gru", 1, 5, True),
        Network(target.vocabulary.size, 8, "gru", embedding=8, tie=True),
    )
    p = large(network.initialise(np.random.default_rng(0), np.ones(6)))

    def cost(text, written):
        y = [*target.vocabulary.encode(written), END]
        o = plain.written(p, network, source.vocabulary.encode(text.strip() and text), [START, *y[:-1]])
        return -sum(np.log(o_t[id]) for o_t, id in zip(o, y, strict=True))

    return Translator(source, target, network, p, 1.5), cost


def of_texts():
    ours = lexicon()
    network = conditional.Conditional(conditional.Guided(ours.vocabulary.size, 6, "lstm", beside=4), 3)
    p = large(network.initialise(np.random.default_rng(0), np.ones(network.m)))

    def cost(label, text):
        y = [*ours.vocabulary.encode(text), END]
        o = plain.told(p, network, NAMES.index(label), [START, *y[:-1]])
        return -sum(np.log(o_t[id]) for o_t, id in zip(o, y, strict=True))

    return Conditional(ours, network, p, LABELS), cost


def named(number):
    return NAMES[number % 3]


SENTENCES = [" ".join(RNG.choice(["the", "cat", "sees", "cats"], RNG.integers(1, 9))) for _ in range(150)]
CASES = {
    "classify": (lambda: of_labels("softmax"), [(text, named(n)) for n, text in enumerate(LETTERED)]),
    "several": (
        lambda: of_labels("sigmoid"),
        [(text, [NAMES[k] for k in range(3) if n >> k & 1] or ["x"]) for n, text in enumerate(LETTERED)],
    ),
    "rate": (lambda: of_labels("score", 1), [(text, 1 + n % 7) for n, text in enumerate(LETTERED)]),
    "tag": (
        of_tags,
        [
            (text, " ".join(named(n + t) for t in range(len(text.split()))))
            for n, text in enumerate(SENTENCES)
        ],
    ),
    "translate": (
        of_pairs,
        [(text, "uvw?"[n % 4] * (1 + n % 5)) for n, text in enumerate(TEXTS)],
    ),
    "generate": (of_texts, [(named(n), text) for n, text in enumerate(TEXTS)]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_pair_costs_what_the_network_says_step_by_step_whatever_stands_beside_it(case):
    make, pairs = CASES[case]
    model, cost = make()
    together = model.score(pairs)
    assert [each.loss for each in together.costs] == pytest.approx(
        [float(cost(*pair)) for pair in pairs], rel=1e-4, abs=1e-5
    )
    alone = [model.score([pair]).nats[0] for pair in pairs[:20]]
    assert alone == pytest.approx(together.nats[:20], rel=1e-4, abs=1e-5)
    assert together.totals.nats == pytest.approx(sum(each.loss for each in together.costs))
    assert len(together.figures) > 1


def test_an_unknown_token_of_a_target_costs_its_spelling_too():
    model, _ = of_pairs()
    known, strange = model.score([("ab", "uv"), ("ab", "u?")]).costs
    assert (known.spelling_nats, known.unknown, strange.unknown) == (0, 0, 1)
    assert strange.spelling_nats == pytest.approx(model.target.spelling.nats("?"))
    assert (strange.tokens, strange.characters) == (3, 3)
    score = model.score([("ab", "u?")])
    assert score.perplexity == pytest.approx(math.exp(strange.loss / 3))
    bits = (strange.loss + strange.spelling_nats) / 3 / math.log(2)
    assert score.figures["bits_per_character"] == pytest.approx(bits)
    assert UNK in model.target.vocabulary.encode("?")


def test_a_sentence_that_is_read_in_parts_has_the_nats_of_all(monkeypatch):
    model, _ = of_tags()
    parts = [("the cat", "x y"), ("sees the", "z x"), ("cat", "y")]
    whole = (" ".join(text for text, _ in parts), " ".join(tags for _, tags in parts))
    monkeypatch.setattr(sentences, "LONGEST", 2)
    lengths = sentences.part_lengths(np.array([5])).tolist()
    tokens, tags = whole[0].split(), whole[1].split()
    ends = np.cumsum([0, *lengths]).tolist()
    cut = [(" ".join(tokens[a:b]), " ".join(tags[a:b])) for a, b in itertools.pairwise(ends)]
    score = model.score([whole, *cut])
    assert score.nats[0] == pytest.approx(sum(score.nats[1:]), rel=1e-5)
    assert [each.tokens for each in score.costs] == [5, *lengths]


@pytest.mark.parametrize(
    ("case", "pair", "message"),
    [
        ("classify", ("a", "w"), 'pair 2: the model has no label "w"'),
        ("classify", ("a", ["x", "y"]), r"pair 2: 2 labels \(the model gives each text one\)"),
        ("classify", ("a", ""), "pair 2: the label: nothing in it"),
        ("classify", (7, "x"), "pair 2: the text is no text"),
        ("classify", ("a", "w", "x"), "pair 2: it is not two cells, the text and the label"),
        ("classify", 3, "pair 2: it is not two cells, the text and the label"),
        ("rate", ("a", "good"), "pair 2: the score: 'good' is not a finite number"),
        ("tag", ("the cat", "x"), "pair 2: 2 tokens and 1 tag"),
        ("tag", ("the", "V"), 'pair 2: the model has no label "V"'),
        ("generate", ("w", "a"), 'pair 2: the model has no label "w"'),
        ("generate", ("", "a"), "pair 2: the label: nothing in it"),
        ("tag", ("the", ""), "pair 2: 1 token and 0 tags"),
        ("translate", ("a", "u" * 5000), r"pair 2: 5,001 tokens \(texts of up to 4,096 are scored\)"),
    ],
)
def test_a_pair_that_cannot_be_scored_is_named(case, pair, message):
    make, pairs = CASES[case]
    model, _ = make()
    with pytest.raises(ValueError, match=message):
        model.score([pairs[0], pair])


@pytest.mark.parametrize("pairs", [["nice"], "nice"])
def test_strings_where_pairs_are_needed_are_a_type_error_that_says_so(pairs):
    model, _ = of_pairs()
    with pytest.raises(TypeError, match="pair 1: a string, and a pair is needed: the source and the target"):
        model.score(pairs)


def test_numbers_of_numpy_are_scores():
    make, pairs = CASES["rate"]
    model, _ = make()
    text = pairs[0][0]
    assert model.score([(text, np.float32(3)), (text, np.int64(3))]).nats == model.score([(text, 3)] * 2).nats


def test_weights_that_overflow_are_an_error_and_no_figure():
    model, _ = of_pairs()
    model.p["V_dec"].fill(1e38)
    with pytest.raises(RnnError, match="overflowed"):
        model.score([("abc", "uv")])


def test_each_task_but_language_has_a_scorer():
    assert {make()[0].task for make, _ in CASES.values()} == costs.SCORERS.keys()
