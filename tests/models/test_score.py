"""What a text costs, checked against the network taken step by step, token by token."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnn_cli import LanguageModel
from rnn_cli.errors import RnnError
from rnn_cli.models import score as scoring
from rnn_cli.models.score import NetworkPredictor, baseline, read_chunks, score_lines
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
    monkeypatch.setattr(scoring, "CHUNK", chunk)
    one = model(carry_state=carry_state, cell="lstm")
    lines = LINES * 4
    if chunk == 7:
        assert len([*read_chunks(one, lines)]) > 5
    agree([*score_lines(one, lines)], step_by_step(one, lines))


@pytest.mark.parametrize("carry_state", [False, True])
def test_a_line_longer_than_a_row_or_a_window_is_never_cut(carry_state):
    one = model(carry_state=carry_state, cell="gru")
    lines = [*["ab"] * 90, "be a" * 300, *["a"] * 90, "e" * 200]
    agree([*score_lines(one, lines)], step_by_step(one, lines))


def test_a_text_is_read_as_a_stream(monkeypatch):
    monkeypatch.setattr(scoring, "CHUNK", 20)
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
    monkeypatch.setattr(scoring, "CLIP", clip)
    one = model(carry_state=carry_state, cell="tanh", scale=0.1)
    text, lr, small = "ab" * 15, 0.3, 1e-4
    window = scoring.DYNAMIC_STEPS

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
    monkeypatch.setattr(scoring, "CHUNK", 8)
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
    counted = baseline(one, ["the cat", "the dog", ""], order=1)
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


def test_the_baseline_reads_a_text_in_chunks_of_whole_lines(monkeypatch):
    one = model()
    counted = baseline(one, LINES, order=3)
    whole = [line.nats.tolist() for line in score_lines(one, LINES, counted)]
    monkeypatch.setattr(scoring, "CHUNK", 3)
    assert [line.nats.tolist() for line in score_lines(one, LINES, counted)] == whole
