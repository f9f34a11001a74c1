"""A language model: its samples, its predictions, its scores."""

import inspect
import itertools
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from rnn_cli import LanguageModel
from rnn_cli.cli.commands.sample import sample as sample_command
from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads
from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.models.scores.lines import Score
from rnn_cli.network.gradcheck import combinations
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, START, UNK, Vocabulary

LETTERS = Vocabulary(("e", "a", "词", "b", " "), (9, 7, 3, 3, 1))
WORDS = Vocabulary(("the", "cat", "sat"), (5, 2, 1))
SPELLING = Spelling.count(["dog", "词"])
KINDS = [*combinations(LETTERS.size, 8)]
DRAW = {"temperature": 1.0, "seed": 0}


def model(seed=0, vocabulary=LETTERS, tokenizer="char", cell="tanh", carry_state=False, network=None, **b_y):
    """A model of random weights, large enough to make its texts wander; b_y favours ids by name."""
    network = network or Network(vocabulary.size, 8, cell)
    rng = np.random.default_rng(seed)
    p = {name: rng.normal(0, 1, shape) for name, shape in network.shapes.items()}
    if cell == "relu":
        p["W"] *= 0.3  # or the states of so random a network grow beyond all bounds
    for name, value in b_y.items():
        p["b_y"][{"START": START, "END": END, "UNK": UNK}[name]] = value
    history = {"epoch": 3, "text": "词"}
    lexicon = Lexicon(TOKENIZERS[tokenizer], vocabulary, SPELLING)
    return LanguageModel(lexicon, network, network.lay_out(p), carry_state, history)


def blas_thread_counts():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.npz"


# What a text becomes.


def test_a_text_becomes_START_and_the_ids_of_each_line():
    assert model().encode("ab\ne").tolist() == [START, 4, 6, START, 3]
    assert model().encode("").tolist() == [START]
    assert model().encode("a\n").tolist() == [START, 4, START]
    assert model().encode("aXb").tolist() == [START, 4, UNK, 6]


def test_unknown_tokens_are_listed_each_once_as_they_come():
    assert model().unknown("zaXz\nbY") == ["z", "X", "Y"]
    assert model().unknown("ab 词") == []
    words = model(vocabulary=WORDS, tokenizer="space")
    assert words.unknown("the <unk> dog sat\n dog ran") == ["dog", "ran"]


# Samples.


def test_the_same_seed_gives_the_same_text():
    texts = [model(END=-9).sample("a", num=2, length=40, temperature=1.0, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize("temperature", [0, 1.0, 5.0])
def test_START_and_UNK_are_never_drawn_however_likely(carry_state, temperature):
    drawn = model(carry_state=carry_state, START=60, UNK=60).generate(num=20, temperature=temperature, seed=0)
    ids = np.array([*itertools.islice(drawn, 50)])
    assert not np.isin(ids, [START, UNK]).any()


@pytest.mark.parametrize("network", KINDS, ids=lambda one: "-".join(map(str, asdict(one).values())))
def test_START_and_UNK_are_never_drawn_by_a_network_of_any_kind(network):
    counts = np.full(LETTERS.size, 100)
    counts[[START, UNK]] = 10**6
    p = network.initialise(np.random.default_rng(0), counts)
    drawn = replace(model(network=network, carry_state=True), p=p).generate(num=20, length=20, **DRAW)
    assert set(np.unique([*drawn])) == set(range(LETTERS.size)) - {START, UNK}


def test_a_sample_stops_at_END():
    assert model(END=60).sample("ab", num=2, **DRAW) == ["ab", "ab"]
    many = model(END=0).sample(num=50, length=200, **DRAW)
    assert len({len(text) for text in many}) > 3
    assert all(len(text) < 200 for text in many)
    assert not any("\n" in text for text in many)


def test_samples_side_by_side_end_each_at_its_own_END_and_then_repeat_it():
    steps = np.array([*model(END=0).generate(num=10, length=500, **DRAW)])
    ends = [int(np.argmax(column == END)) for column in steps.T]
    assert len(set(ends)) > 2
    for column, end in zip(steps.T, ends, strict=True):
        assert column[end] == END
        assert (column[end:] == END).all()
    assert len(steps) == 1 + max(ends)  # and all stops with the last


def test_a_model_that_carries_its_state_goes_on_over_line_ends():
    text = model(carry_state=True, END=1.5).sample("a", length=120, temperature=1.0, seed=1)[0]
    assert len(text) == 1 + 120
    assert text.count("\n") > 3
    assert len(set(text)) > 3


def test_the_state_is_carried_over_a_line_end_or_it_is_not():
    # The greedy line after "…\n" depends on what stood before only where the state is carried.
    def following(carry_state, seed):
        one = model(seed, carry_state=carry_state, END=-60)
        return {
            one.sample(f"{line}\n", length=12, temperature=0)[0].split("\n")[1]
            for line in ("bbb", "ea", " 词")
        }

    assert all(len(following(False, seed)) == 1 for seed in range(5))
    assert any(len(following(True, seed)) > 1 for seed in range(5))


@pytest.mark.parametrize("length", [1, 17])
@pytest.mark.parametrize("carry_state", [True, False])
def test_length_bounds_what_is_drawn_beyond_the_prompt(length, carry_state):
    texts = model(carry_state=carry_state, END=-60).sample("ab", num=3, length=length, **DRAW)
    assert [len(text) for text in texts] == [2 + length] * 3
    assert all(text.startswith("ab") for text in texts)


def test_side_by_side_samples_differ_and_greedy_ones_do_not():
    assert len(set(model(END=-60).sample("a", num=6, length=30, **DRAW))) == 6
    assert len(set(model(END=-60).sample("a", num=6, length=30, temperature=0))) == 1


@pytest.mark.parametrize("prompt", ["", "ab", "XYZ", "a X\nb", "词\n", "a\n\nb"])
@pytest.mark.parametrize("carry_state", [True, False])
def test_the_prompt_is_kept_as_it_was_typed(prompt, carry_state):
    texts = model(carry_state=carry_state).sample(prompt, num=3, length=10, **DRAW)
    assert all(text.startswith(prompt) for text in texts)


@pytest.mark.parametrize(("tokenizer", "vocabulary"), [("char", LETTERS), ("space", WORDS)])
@pytest.mark.parametrize("carry_state", [True, False])
def test_a_stream_is_a_single_sample_in_pieces(tokenizer, vocabulary, carry_state):
    one = model(1, vocabulary, tokenizer, carry_state=carry_state, END=1)
    for seed, prompt in enumerate(["", "the", "a b", "cat\n", "X"]):
        options = {"length": 30, "temperature": 0.9, "top_k": 5, "top_p": 0.95, "seed": seed}
        pieces = list(one.stream(prompt, **options))
        assert pieces[0] == prompt
        assert "".join(pieces) == one.sample(prompt, num=1, **options)[0]


def test_words_are_parted_by_spaces_and_lines_begin_without():
    words = model(2, WORDS, "space", carry_state=True, END=1)
    text = words.sample("the dog", length=40, **DRAW)[0]
    assert text.startswith("the dog")
    assert text.count("\n") > 2
    drawn = text.removeprefix("the dog").split("\n")
    assert all(line == "" or line.startswith(" ") for line in drawn[:1])
    for line in drawn[1:]:
        assert line == " ".join(line.split())
        assert set(line.split()) <= set(WORDS.tokens)
    assert not words.sample(length=5, **DRAW)[0].startswith(" ")


def naive_greedy(p, ids, length, carry_state, g1):
    """The likeliest continuation, by the tutorial's equations on one-hot column vectors in float64."""
    U, W, V, b_a, b_y = (np.float64(p[name]) for name in ("U", "W", "V", "b_a", "b_y"))
    s, drawn = np.zeros(len(b_a)), []

    def step(id, s):
        x = np.zeros(len(b_y))
        x[id] = 1
        s = g1(U @ x + W @ (s * 0 if id == START and not carry_state else s) + b_a)
        return V @ s + b_y, s

    for id in ids:
        logits, s = step(id, s)
    while len(drawn) < length:
        allowed = [id for id in range(len(b_y)) if id not in (START, UNK)]
        best = max(allowed, key=lambda id: logits[id])
        drawn.append(best)
        if best == END and not carry_state:
            break
        logits, s = step(START if best == END else best, s)
    return drawn


@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize("cell", ["tanh", "relu"])
def test_a_greedy_sample_is_the_tutorial_step_by_step(path, cell, carry_state):
    g1 = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}[cell]
    lengths = set()
    for seed in range(12):
        one = model(seed, cell=cell, carry_state=carry_state)
        one.save(path)
        with np.load(path) as p:
            ids = naive_greedy(p, [START, 4, UNK, START, 6, 3], 25, carry_state, g1)
        expected = "".join("\n" if id == END else LETTERS.token(id) for id in ids)
        if not carry_state:
            expected = expected.removesuffix("\n")
        lengths.add(len(set(expected)))
        assert one.sample("aX\nbe", length=25, temperature=0)[0] == f"aX\nbe{expected}"
    assert max(lengths) > 2  # they do wander


def test_a_text_is_drawn_as_often_as_the_network_says():
    one = model(4)
    logits, _ = one.network.step(one.p, np.array([START]), one.network.zero_state(1))
    logits[0, [START, UNK]] = -np.inf
    o = np.exp(logits[0] - logits.max())
    o /= o.sum()
    first = next(iter(one.generate(num=20_000, temperature=1.0, seed=3)))
    np.testing.assert_allclose(np.bincount(first, minlength=len(o)) / 20_000, o, atol=0.015)


# A random draw, and what is refused.


def test_without_a_seed_each_draw_is_another_and_with_one_it_is_the_same():
    one = model(END=-60)
    assert len({one.sample("a", length=40, temperature=1.0)[0] for _ in range(4)}) == 4
    assert len({"".join(one.stream("a", length=40, temperature=1.0)) for _ in range(4)}) == 4
    assert len({one.sample("a", length=40, temperature=1.0, seed=0)[0] for _ in range(4)}) == 1


def test_the_defaults_are_those_of_the_command_line():
    ours = asdict(Sampling()) | {"prompt": "", "num": 1}
    of_command = inspect.signature(sample_command).parameters
    for name, default in ours.items():
        assert (of_command[name].default or None) == (default or None), name
    text = model(END=-60).sample("ab")[0]
    assert len(text) == len("ab") + 500


@pytest.mark.parametrize(
    "options",
    [
        {"num": 0},
        {"num": -1},
        {"length": 0},
        {"length": -5},
        {"temperature": -0.1},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"top_k": 0},
        {"top_p": -0.1},
        {"top_p": 1.1},
        {"top_p": math.nan},
    ],
    ids=str,
)
def test_a_number_out_of_range_is_refused_before_anything_is_drawn(options):
    ((name, _),) = options.items()
    with pytest.raises(ValueError, match=f"^{name} is "):
        model().generate("a", **options)
    with pytest.raises(ValueError, match=f"^{name} is "):
        model().sample("a", **options)
    if name != "num":
        with pytest.raises(ValueError, match=f"^{name} is "):
            model().stream("a", **options)


def overflowing():
    """A model of relu whose state grows beyond all bounds."""
    one = model(cell="relu", END=-60, carry_state=True)
    one.p["W"][:] = 10.0
    one.p["U"][:] = 1.0
    return one


def test_a_state_that_overflows_is_refused_and_numpy_does_not_warn():
    with pytest.raises(RnnError, match=r"overflowed after \d+ tokens: lower --length"):
        overflowing().sample("a", length=400)
    with pytest.raises(RnnError, match="overflowed: shorten the prompt"):
        overflowing().next("a" * 400)
    with pytest.raises(RnnError, match="overflowed while it read"):
        overflowing().score(["a" * 400])


def test_between_the_steps_of_a_draw_the_caller_has_his_own_threads_and_warnings():
    before = np.geterr()
    with blas_threads(2):
        threads = blas_thread_counts()
        drawn = [model(END=-60).generate(length=5, num=num) for num in (1, 2, 20)]
        for steps in drawn:  # left in the middle, all three at once
            next(steps)
        assert np.geterr() == before
        assert blas_thread_counts() == threads
        with pytest.raises(RuntimeWarning):  # as of any overflow, in this suite
            np.float32(1e38) * np.float32(10)
        for steps in drawn:
            steps.close()
        assert np.geterr() == before
        assert blas_thread_counts() == threads


# What comes next.


def test_the_next_tokens_are_the_likeliest_with_the_probabilities_of_the_tutorial(path):
    one = model(4)
    one.save(path)
    with np.load(path) as file:
        U, W, V, b_a, b_y = (np.float64(file[name]) for name in ("U", "W", "V", "b_a", "b_y"))
    s = np.zeros(8)
    for id in (START, 4, UNK, 6):
        s = np.tanh(U[:, id] + W @ s + b_a)
    o = np.exp(V @ s + b_y)
    o /= o.sum()
    spelled = {END: "<end>", UNK: "<unk>"} | {id: LETTERS.token(id) for id in range(3, 8)}
    expected = sorted(((p, id) for id, p in enumerate(o) if id != START), reverse=True)
    got = one.next("aXb", top=100)
    assert [token for token, _ in got] == [spelled[id] for _, id in expected]
    assert [p for _, p in got] == pytest.approx([p for p, _ in expected], rel=1e-4)
    assert one.next("aXb", top=3) == got[:3]
    assert all(type(p) is float for _, p in got)


def test_the_next_token_is_the_one_that_a_greedy_sample_takes():
    for seed in range(8):
        one = model(seed, END=-60, UNK=-60)
        ((token, p),) = one.next("ab", top=1)
        assert one.sample("ab", length=1, temperature=0) == [f"ab{token}"]
        assert 0 < p <= 1


def test_ten_tokens_come_where_no_number_is_given_and_none_is_START():
    words = Vocabulary(tuple("abcdefghijklmn"), (1,) * 14)
    one = model(vocabulary=words, START=60)
    assert len(one.next()) == 10
    assert "<start>" not in dict(one.next(top=1000))
    assert len(one.next(top=1000)) == words.size - 1


@pytest.mark.parametrize("carry_state", [True, False])
def test_what_comes_after_a_line_end_depends_on_the_line_only_where_the_state_is_carried(carry_state):
    one = model(carry_state=carry_state)
    assert (one.next("bbb\n") == one.next("\n")) is not carry_state
    assert (one.next("\n") == one.next("")) is not carry_state


@pytest.mark.parametrize("top", [0, -1])
def test_fewer_than_one_next_token_is_refused(top):
    with pytest.raises(ValueError, match=r"^top is "):
        model().next("a", top=top)


# Scores.


@pytest.mark.parametrize("carry_state", [True, False])
def test_a_score_is_that_of_the_network_step_by_step(carry_state):
    one = model(carry_state=carry_state, vocabulary=WORDS, tokenizer="space")
    lines = ["the cat", "", "the dog sat"]
    p, state = one.network.lay_out(one.p, np.float64), one.network.zero_state(1, np.float64)
    costs = []
    for line in lines:
        targets = [*WORDS.encode(line.split()), END]
        if not line and not carry_state:
            costs.append(0.0)
            continue
        costs.append(SPELLING.nats("dog") if "dog" in line else 0.0)
        state = state if carry_state else one.network.zero_state(1, np.float64)
        for x, y in zip([START, *targets], targets, strict=False):
            z, state = one.network.step(p, np.array([x]), state)
            costs[-1] += math.log(np.exp(z[0]).sum()) - z[0][y]
    score = one.score(lines)
    tokens, characters = (8, 21) if carry_state else (7, 20)
    assert isinstance(score, Score)
    assert score.nats == pytest.approx(costs, rel=1e-4)
    assert [line.text for line in score.lines] == lines
    assert (score.totals.tokens, score.totals.characters, score.totals.unknown) == (tokens, characters, 1)
    assert score.totals.lines == 2 + carry_state
    assert score.totals.spelling_nats == pytest.approx(SPELLING.nats("dog"))
    assert score.bits_per_character == pytest.approx(sum(costs) / characters / math.log(2), rel=1e-4)
    without_spelling = sum(costs) - SPELLING.nats("dog")
    assert score.perplexity == pytest.approx(math.exp(without_spelling / tokens), rel=1e-4)
    assert repr(score) == f"<Score of 3 lines, {tokens} tokens>"


def test_lines_may_come_from_a_generator_and_none_at_all_has_no_perplexity():
    one = model()
    assert one.score(line for line in ["ab", "be"]).nats == one.score(["ab", "be"]).nats
    nothing = one.score([])
    assert (nothing.nats, nothing.lines) == ([], [])
    assert math.isnan(nothing.perplexity)
    assert math.isnan(nothing.bits_per_character)


# What a model is among others.


def test_models_are_equal_that_predict_the_same_whatever_their_history():
    one = model()
    assert one == model()
    assert one == replace(one, history={})
    assert one != model(seed=1)
    assert one != model(carry_state=True)
    assert one != model(cell="relu")
    assert one != replace(one, lexicon=one.lexicon._replace(spelling=Spelling({})))
    assert one != replace(one, lexicon=one.lexicon._replace(tokenizer=TOKENIZERS["space"]))
    assert one != "a model"
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_a_model_is_shown_in_a_line_without_its_arrays():
    assert repr(model()) == "<LanguageModel: char, tanh, hidden 8, vocabulary 8>"
    assert repr(model(carry_state=True, network=Network(8, 4, "lstm", layers=2))).startswith(
        "<LanguageModel: char, lstm, 2 layers"
    )
