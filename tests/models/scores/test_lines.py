"""What a text costs, checked against the network taken step by step, token by token."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnn_cli import LanguageModel
from rnn_cli.errors import RnnError
from rnn_cli.models.scores import chunks, predictors
from rnn_cli.models.scores.lines import baseline, score_lines, score_text
from rnn_cli.models.scores.predictors import NetworkPredictor, NgramPredictor
from rnn_cli.network.cells import CELLS
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, START, Vocabulary

LETTERS = Vocabulary((*"ea词b ",), (9, 7, 3, 3, 1))
WORDS = Vocabulary(("the", "cat", "sat", "on", "a"), (5, 2, 1, 1, 1))
LINES = ["be a 词", "", "abba", "  ", "X", "eeee eeee 词Y a", "b"]
NETWORKS = [
    *({"cell": cell} for cell in CELLS),
    {"cell": "lstm", "layers": 2},
    {"cell": "gru", "embedding": 3, "output": "adaptive", "cutoffs": (4, 6)},
    {"cell": "lstm", "embedding": 6, "tie": True},
    {"cell": "gru", "embedding": 6, "tie": True, "output": "classes", "cutoffs": (4, 6)},
]


def model(vocabulary=LETTERS, tokenizer="char", carry_state=False, scale=0.7, **network_options):
    """A model of random weights, with a spelling of two words."""
    network = Network(vocabulary.size, 6, **network_options)
    rng = np.random.default_rng(1)
    p = {name: rng.normal(0, scale, shape) for name, shape in network.shapes.items()}
    lexicon = Lexicon(TOKENIZERS[tokenizer], vocabulary, Spelling.count(["dog", "mat"]))
    return LanguageModel(lexicon, network, network.lay_out(p), carry_state)


def step_by_step(model, lines):
    """-log p of each token of each line and of its end, in float64; () for a line that is skipped."""
    p = model.network.lay_out(model.p, np.float64)
    zero = state = model.network.zero_state(1, np.float64)
    costs = []
    for line in lines:
        if not line.strip() and not model.carry_state:
            costs.append([])
            continue
        state = state if model.carry_state else zero
        targets = [*model.lexicon.vocabulary.encode(model.lexicon.tokenizer.split(line)), END]
        costs.append([])
        for x, y in zip([START, *targets], targets, strict=False):
            z, state = model.network.step(p, np.array([x]), state)
            z = z[0] - z.max()
            costs[-1].append(math.log(np.exp(z).sum()) - z[y])
    return costs


def agree(scored, expected):
    assert len(scored) == len(expected)
    for line, costs in zip(scored, expected, strict=True):
        assert line.nats.tolist() == pytest.approx(costs, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("network", NETWORKS, ids=str)
@pytest.mark.parametrize("carry_state", [False, True])
def test_each_token_costs_what_the_network_says_step_by_step(network, carry_state):
    one = model(carry_state=carry_state, **network)
    agree([*score_lines(one, LINES)], step_by_step(one, LINES))


@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 16])
@pytest.mark.parametrize("carry_state", [False, True])
def test_a_text_in_chunks_costs_what_it_costs_in_one_piece(chunk, carry_state, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", chunk)
    one = model(carry_state=carry_state, cell="lstm")
    lines = LINES * 4
    agree([*score_lines(one, lines)], step_by_step(one, lines))


@pytest.mark.parametrize("carry_state", [False, True])
def test_a_line_longer_than_a_row_or_a_window_is_never_cut(carry_state):
    one = model(carry_state=carry_state, cell="gru")
    lines = [*["ab"] * 90, "be a" * 300, *["a"] * 90, "e" * 200]
    agree([*score_lines(one, lines)], step_by_step(one, lines))


def test_a_text_is_read_as_a_stream(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 20)
    read = []

    def lines():
        for number in range(1000):
            read.append(number)
            yield "abba"

    scored = score_lines(model(), lines())
    next(scored)
    assert len(read) < 10


def test_a_line_is_yielded_as_it_stands_with_its_tokens_and_blank_ones_in_their_place():
    scored = [*score_lines(model(), LINES)]
    assert [line.text for line in scored] == LINES
    assert [line.tokens for line in scored] == [list(line) if line.strip() else [] for line in LINES]
    assert [len(line.nats) for line in scored] == [len(line) + 1 if line.strip() else 0 for line in LINES]
    assert [line.unknown for line in scored] == [0, 0, 0, 0, 1, 1, 0]


def test_where_the_state_is_carried_a_blank_line_costs_its_end():
    scored = [*score_lines(model(carry_state=True), LINES)]
    assert [len(line.nats) for line in scored] == [len(line) + 1 for line in LINES]


def test_an_unknown_token_is_spelled_and_a_known_one_is_not():
    one = model(WORDS, "space")
    (line,) = score_lines(one, ["the dog sat on a mat"])
    nats = one.lexicon.spelling.nats
    assert line.spelling.tolist() == [0, nats("dog"), 0, 0, 0, nats("mat"), 0]
    assert line.unknown == 2


def test_a_literal_unk_is_unknown_and_has_no_spelling():
    (line,) = score_lines(model(WORDS, "space"), ["the <unk> sat"])
    assert line.unknown == 1
    assert not line.spelling.any()


# Learning while reading.


@pytest.mark.parametrize("carry_state", [False, True])
def test_dynamic_evaluation_learns_from_what_it_has_read_and_not_from_what_comes(carry_state):
    one = model(carry_state=carry_state, scale=0.1)
    lines = ["abba be"] * 60
    before = {name: array.copy() for name, array in one.p.items()}
    static = [line.nats.sum() for line in score_lines(one, lines)]
    dynamic = [line.nats.sum() for line in score_lines(one, lines, NetworkPredictor(one, dynamic=0.5))]
    assert dynamic[:2] == pytest.approx(static[:2])  # the first window has 20 steps
    assert sum(dynamic[30:]) < 0.8 * sum(static[30:])
    for name, array in one.p.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("carry_state", [False, True])
def test_a_rate_of_0_is_none(carry_state):
    one = model(carry_state=carry_state)
    for with_it, without in zip(
        score_lines(one, LINES, NetworkPredictor(one, dynamic=0.0)), score_lines(one, LINES), strict=True
    ):
        np.testing.assert_array_equal(with_it.nats, without.nats)


@pytest.mark.parametrize("carry_state", [False, True])
@pytest.mark.parametrize("clip", [1.0, 0.1])
def test_a_step_of_dynamic_evaluation_worked_by_differences(clip, carry_state, monkeypatch):
    """The second window is read by p - lr g, g being the clipped gradient of the first's mean."""
    monkeypatch.setattr(predictors, "CLIP", clip)
    one = model(carry_state=carry_state, cell="tanh", scale=0.1)
    text, lr, small = "ab" * 15, 0.3, 1e-4
    window = predictors.DYNAMIC_STEPS

    def of_first(p):
        changed = replace(one, p=p)
        return np.mean(step_by_step(changed, [text])[0][:window])

    p64 = {name: array.astype(float) for name, array in one.p.items()}
    g = {name: np.zeros(array.shape) for name, array in p64.items()}
    for name, array in p64.items():
        for place in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                p = {key: value.copy() for key, value in p64.items()}
                p[name][place] += sign * small
                ends.append(of_first(p))
            g[name][place] = (ends[0] - ends[1]) / (2 * small)
    norm = math.sqrt(sum((array**2).sum() for array in g.values()))
    assert 0.1 < norm < 1
    factor = lr * min(1.0, clip / norm)
    after = {name: p64[name] - factor * g[name] for name in p64}
    state = one.network.zero_state(1, np.float64)
    targets = [*one.lexicon.vocabulary.encode(list(text)), END]
    costs = []
    for number, (x, y) in enumerate(zip([START, *targets], targets, strict=False)):
        p = p64 if number < window else after
        z, state = one.network.step(p, np.array([x]), state)
        costs.append(math.log(np.exp(z[0]).sum()) - z[0][y])
    (line,) = score_lines(one, [text], NetworkPredictor(one, dynamic=lr))
    assert len(costs) < 2 * window
    assert line.nats.tolist() == pytest.approx(costs, rel=1e-4)


def test_dynamic_evaluation_goes_on_from_chunk_to_chunk(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 8)
    one = model(scale=0.1)
    lines = ["abba be"] * 40
    dynamic = [line.nats.sum() for line in score_lines(one, lines, NetworkPredictor(one, dynamic=0.5))]
    assert dynamic[-1] < 0.5 * dynamic[0]


# What will not do.


def test_a_state_that_overflows_is_refused():
    one = model(cell="relu", carry_state=True, scale=20)
    with pytest.raises(RnnError, match=r"overflowed while it read$"):
        [*score_lines(one, ["abba"] * 300)]


def test_a_rate_at_which_learning_overflows_is_refused():
    one = model(cell="relu", carry_state=True, scale=1.0)
    told = pytest.raises(RnnError, match="lower the learning rate of --dynamic")
    with told:
        [*score_lines(one, ["abba"] * 300, NetworkPredictor(one, dynamic=1e6))]


# Counting.


@pytest.mark.parametrize("carry_state", [False, True])
def test_the_baseline_counts_the_tokens_as_the_model_cuts_them(carry_state):
    """Of order 1 over a vocabulary without START: n-grams of one token are worked out by hand."""
    one = model(WORDS, "space", carry_state=carry_state)
    ngrams, is_longer = baseline(one, ["the cat\nthe", " dog\n\n"], order=1)
    counted = NgramPredictor(ngrams)
    assert not is_longer
    (line,) = score_lines(one, ["the cat ran"], counted)
    the, cat, ran, end = np.exp(-line.nats)
    # counts: the 2, cat 1, UNK 1, END 2 (3 where the blank line has one); discounts 1/2, 1, 3/2 for 1, 2, 3
    total, ends, d_end = (7, 3, 1.5) if carry_state else (6, 2, 1.0)
    rest = (1.0 + 0.5 + 0.5 + d_end) / total / (WORDS.size + 3 - 3 - 1)
    assert the == pytest.approx((2 - 1) / total + rest)
    assert cat == pytest.approx((1 - 0.5) / total + rest)
    assert ran == pytest.approx((1 - 0.5) / total + rest)
    assert end == pytest.approx((ends - d_end) / total + rest)
    assert line.unknown == 1
    assert line.spelling[2] == one.lexicon.spelling.nats("ran")


@pytest.mark.parametrize("carry_state", [False, True])
@pytest.mark.parametrize("longest", [20, 1000])
def test_the_baselines_contexts_run_on_from_chunk_to_chunk(carry_state, longest, monkeypatch):
    """In a text whose state is carried, and within a line that is read in parts."""
    one = model(carry_state=carry_state)
    lines = [*LINES, "abba be " * 20, *LINES]
    ngrams, _ = baseline(one, [f"{line}\n" for line in lines], order=4)
    whole = [line.nats.tolist() for line in score_lines(one, lines, NgramPredictor(ngrams))]
    monkeypatch.setattr(chunks, "CHUNK", 3)
    monkeypatch.setattr(chunks, "LONGEST", longest)
    pieces = [line.nats.tolist() for line in score_lines(one, lines, NgramPredictor(ngrams))]
    assert pieces == [pytest.approx(line, rel=1e-12) for line in whole]


def test_of_a_longer_text_the_first_tokens_are_counted():
    one = model()
    blocks = [f"{line}\n" for line in LINES]
    most = sum(len(line) + 1 for line in LINES if line.strip())
    whole, is_longer = baseline(one, blocks * 3, 3, most)
    first, fits = baseline(one, blocks, 3, most)
    assert (is_longer, fits) == (True, False)
    for ours, theirs in zip(whole.orders, first.orders, strict=True):
        np.testing.assert_array_equal(ours.keys, theirs.keys)
        np.testing.assert_array_equal(ours.discounted, theirs.discounted)


# As a function.


@pytest.mark.parametrize("carry_state", [False, True])
@pytest.mark.parametrize("longest", [8, 33])
def test_a_line_in_parts_costs_what_it_costs_whole(carry_state, longest, monkeypatch):
    one = model(carry_state=carry_state, cell="gru")
    lines = [*LINES, "be a" * 30, "", "e" * 100, *LINES]
    expected = step_by_step(one, lines)
    monkeypatch.setattr(chunks, "CHUNK", 10)
    monkeypatch.setattr(chunks, "LONGEST", longest)
    scored = [*score_lines(one, lines)]
    agree(scored, expected)
    assert [line.text for line in scored] == lines
    assert ["".join(line.tokens) for line in scored if len(line.nats)] == [
        line for line in lines if line.strip() or carry_state
    ]


def test_lines_of_a_model_that_carries_its_state_can_be_independent():
    one = model(carry_state=True)
    agree([*score_lines(one, LINES, independent=True)], step_by_step(replace(one, carry_state=False), LINES))


def test_a_string_is_no_list_of_lines():
    with pytest.raises(TypeError, match="splitlines"):
        score_text(model(), "abba")


def test_a_line_may_have_its_end_and_no_line_end_inside():
    one = model()
    assert score_text(one, ["ab\n", "ba\n"]).nats == score_text(one, ["ab", "ba"]).nats
    with pytest.raises(ValueError, match="inside a line"):
        score_text(one, ["ab\nba"])
