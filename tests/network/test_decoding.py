"""Beam search against every sequence there is."""

import itertools

import numpy as np
import pytest

from rnn_cli.network.decoding import Beam

START, END, M = 0, 1, 4


def log_o(source, prefix):
    """The next token's probabilities: any function of the source and of all tokens before."""
    rng = np.random.default_rng([source, *prefix])
    return np.log(rng.dirichlet(np.ones(M)))


def writer(sources):
    """Steps whose state is all that has been written, and the source."""

    def step(tokens, state):
        B, k = tokens.shape
        written = np.concatenate([state["written"], tokens.reshape(-1, 1)], axis=1)
        found = [log_o(int(s), row.tolist()) for s, row in zip(state["source"], written, strict=True)]
        return np.array(found).reshape(B, k, M), {"written": written, "source": state["source"]}

    def step_of(rows):
        assert (np.diff(rows) > 0).all()

        def checked(tokens, state):
            assert np.array_equal(state["source"].reshape(len(rows), -1)[:, 0], np.array(sources)[rows])
            return step(tokens, state)

        return checked

    return step_of, {"written": np.zeros((len(sources), 0), int), "source": np.array(sources)}


def search(sources, k, longest, alpha=1.0):
    return Beam(k, START, END, alpha).search(*writer(sources), np.array(longest))


def score(source, ids, alpha):
    prefixes = ([START, *ids[:t]] for t in range(len(ids)))
    total = sum(log_o(source, prefix)[token] for prefix, token in zip(prefixes, ids, strict=True))
    return total / ((5 + len(ids)) / 6) ** alpha


def all_that_end(longest):
    """Every sequence that ends in time."""
    others = [token for token in range(M) if token != END]
    for length in range(longest):
        for ids in itertools.product(others, repeat=length):
            yield (*ids, END)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_with_beams_enough_it_is_exhaustive(alpha):
    longest, k = [4, 2, 3], 120
    found = search([7, 8, 9], k, longest, alpha)
    for b, source in enumerate([7, 8, 9]):
        ranked = sorted(all_that_end(longest[b]), key=lambda ids: -score(source, ids, alpha))
        assert np.count_nonzero(found.lengths[b]) == len(ranked)
        for rank, ids in enumerate(ranked):
            assert found.ids[b, rank, : found.lengths[b, rank]].tolist() == list(ids)
            assert (found.ids[b, rank, len(ids) :] == END).all()
            assert found.scores[b, rank] == pytest.approx(score(source, ids, alpha))
        assert np.isneginf(found.scores[b, len(ranked) :]).all()


@pytest.mark.parametrize("source", range(20))
def test_one_beam_is_greedy(source):
    ids = []
    while END not in ids and len(ids) < 9:
        ids.append(int(log_o(source, [START, *ids]).argmax()))
    found = search([source], 1, [9])
    assert found.ids[0, 0, : found.lengths[0, 0]].tolist() == ids


@pytest.mark.parametrize("k", [1, 2, 4])
def test_a_source_has_the_same_result_alone_and_beside_others(k):
    sources, longest = list(range(20)), [1 + source % 7 for source in range(20)]
    together = search(sources, k, longest)
    for b, source in enumerate(sources):
        alone = search([source], k, longest[b : b + 1])
        np.testing.assert_array_equal(alone.lengths[0], together.lengths[b])
        np.testing.assert_array_equal(alone.ids[0], together.ids[b, :, : longest[b]])
        np.testing.assert_array_equal(alone.scores[0], together.scores[b])


def test_more_beams_find_no_worse_sequences_here():
    few, many = (search(list(range(20)), k, [6] * 20).scores[:, 0] for k in (1, 16))
    assert (many >= few - 1e-12).mean() > 0.8
    assert many.mean() > few.mean()


def test_scores_are_those_of_the_sequences_and_fall():
    found = search(list(range(10)), 3, [6] * 10)
    for b in range(10):
        for ids, length, value in zip(found.ids[b], found.lengths[b], found.scores[b], strict=True):
            if length:
                assert score(b, ids[:length].tolist(), 1.0) == pytest.approx(value)
        finite = found.scores[b][np.isfinite(found.scores[b])]
        assert (np.diff(finite) <= 0).all()


def never_ends(tokens, state):
    log_o = np.log(np.array([0.2, 1e-9, 0.5, 0.3]))
    return np.broadcast_to(log_o, (*tokens.shape, 4)), state


def test_a_source_that_finds_no_end_has_what_it_wrote_until_then():
    found = Beam(1, START, END).search(lambda rows: never_ends, {}, np.array([3, 2]))
    assert found.ids[:, 0].tolist() == [[2, 2, 2], [2, 2, END]]
    assert found.lengths[:, 0].tolist() == [3, 2]
    assert np.isfinite(found.scores).all()


def test_no_sources_have_no_results():
    assert Beam(2, START, END).search(lambda rows: never_ends, {}, np.zeros(0, int)).ids.shape[:2] == (0, 2)


@pytest.mark.parametrize("m", [3, 40, 64, 65, 300])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_candidates_are_the_best_of_all_continuations(m, k):
    rng = np.random.default_rng(m + k)
    logs = np.log(rng.dirichlet(np.full(m, 0.3), (4, k))).astype(np.float32)
    logs[0, :, : m // 2] = -np.inf
    logs[1] = logs[1, :1, :1]  # all are equal
    sums = np.sort(rng.normal(size=(4, k)), axis=1)[:, ::-1].copy()
    sums[3, 1:] = -np.inf
    came_from, tokens, found = Beam(k, START, END)._candidates(sums, logs)
    total = (sums[..., None] + logs).reshape(4, -1)
    best = -np.sort(-total, axis=1)[:, : 2 * k]
    assert np.array_equal(found, best)
    rows = np.arange(4)[:, None]
    assert np.array_equal(total[rows, came_from * m + tokens], found)
    places = came_from * m + tokens
    assert all(len(set(row)) == len(row) for row in places[:3].tolist())


@pytest.mark.parametrize("k", [1, 2, 4])
def test_a_certain_sequence_is_found_though_others_end_before_it(k):
    right = [START, 2, 3, 2, 3, 2, 3, END]

    def step(tokens, state):
        written = np.concatenate([state["written"], tokens.reshape(-1, 1)], axis=1)
        t = written.shape[1]
        log_o = np.full((len(written), M), np.log(1e-6))
        log_o[:, END] = np.log(1e-3)  # what is wrong soon ends
        if t < len(right):
            log_o[(written == right[:t]).all(axis=1), right[t]] = -1e-4
        return log_o.reshape(*tokens.shape, M), {"written": written}

    for wanted in (1, k):
        first = {"written": np.zeros((1, 0), int)}
        found = Beam(k, START, END, wanted=wanted).search(lambda rows: step, first, np.array([15]))
        assert found.ids[0, 0, : found.lengths[0, 0]].tolist() == right[1:]
