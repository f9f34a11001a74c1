"""Ranks, without MPI (tests/threads.py)."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from threads import Thread, on_ranks

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.network.columns import Columns
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network, Sequences
from rnn_cli.processes import place
from rnn_cli.training.optimizers import gradient_norm
from rnn_cli.training.parallel.executor import Executor, most_rows
from rnn_cli.training.parallel.world import (
    ALONE,
    ROWS,
    Accord,
    Alone,
    Elsewhere,
    Part,
    Team,
    by_first,
    meet,
    world_of,
)


def problem(m, B=19, T=5):
    network = Network(m, 6)
    rng = np.random.default_rng(0)
    x, y = rng.integers(m, size=(2, T, B))
    weight = (rng.random((T, B)) > 0.2).astype(np.float32)
    return network, network.initialise(rng, np.ones(m)), Sequences(x, y, np.ones((T, B), np.float32), weight)


@pytest.mark.parametrize("m", [7, ONE_HOT_UP_TO + 1])
@pytest.mark.parametrize(
    ("size", "accumulate", "B"), [(2, 1, 19), (3, 1, 19), (5, 1, 9), (1, 3, 19), (2, 2, 19)]
)
def test_ranks_and_parts_have_the_loss_the_gradient_and_the_state_of_the_whole_batch(m, size, accumulate, B):
    """Bit for bit those of as many shards, where these are added in one order."""
    network, p, batch = problem(m, B)
    larger = problem(m, 40)[2]
    state = {name: s + 0.1 for name, s in network.zero_state(B).items()}
    shards = size * accumulate

    def work(world):
        with Executor(network, p, larger.x.shape, team=Team(world, size, accumulate)) as executor:
            executor.loss_and_gradients(larger, executor.zero_state(40))  # leaves nothing behind
            E, gradients, after = executor.loss_and_gradients(batch, executor.own_rows(state))
            E, norm = executor.accord.of_batch(E, gradient_norm(gradients), B)
            copies = {name: np.array(network.dense(gradients)[name]) for name in gradients}
            return E, norm, copies, executor.all_rows(after)

    in_processes = (size, accumulate) == (1, 3)
    how = {"threads": shards, "sharded": True} if in_processes else {"team": Team(ALONE, 1, shards)}
    with Executor(network, p, batch.x.shape, **how) as executor:
        E, gradients, after = executor.loss_and_gradients(batch, state)
        expected = {name: np.array(g) for name, g in network.dense(gradients).items()}
        norm = gradient_norm(gradients)
    found = on_ranks(size, work)
    in_one_order = 1 in (size, accumulate)
    for its_E, its_norm, its, its_after in found:
        assert its_E == E if in_one_order else its_E == pytest.approx(E)
        assert its_norm == norm if in_one_order else its_norm == pytest.approx(norm)
        for name in expected:
            if in_one_order:
                assert its[name].tobytes() == expected[name].tobytes(), name
            np.testing.assert_allclose(its[name], expected[name], rtol=1e-4, atol=1e-6)
        for name in after:
            np.testing.assert_allclose(its_after[name], after[name], rtol=1e-5)


@pytest.mark.parametrize("B", [1, 3, 4, 9, 16, 19, 64])
@pytest.mark.parametrize("ranks", [1, 2, 3, 7])
def test_each_row_has_one_rank_and_no_rank_that_works_has_few(B, ranks):
    shares = [Team(Thread(rank, 8, None), ranks).share(B) for rank in range(8)]
    count = Team(ALONE, ranks).at_work(B)
    assert [row for first, end in shares for row in range(first, end)] == list(range(B))
    sizes = [end - first for first, end in shares]
    assert all(size >= min(B, ROWS) for size in sizes[:count])
    assert max(sizes) <= most_rows(B, ranks)
    assert not any(sizes[count:])


def test_a_part_knows_what_the_whole_batch_weighs():
    network, _, batch = problem(7)
    for rank in range(3):
        team = Team(Thread(rank, 3, None), 3)
        part = Part.of(network, team, batch)
        first, end = team.share(19)
        assert (part.rows, part.weight) == (19, float(batch.weight.sum()))
        assert part.targets == np.count_nonzero(batch.weight)
        assert (part.batch.x == batch.x[:, first:end]).all()


def test_a_wish_of_one_rank_is_heard_by_all_with_the_next_batch():
    def work(world):
        accord, told = Accord(Team(world, 3)), []
        for step in range(3):
            accord.asks_to_stop = world.rank == 2 and step == 1
            accord.asks_to_save = world.rank == 1 or (world.rank == 0 and step == 2)
            told.append(
                (accord.of_batch(float(world.rank), 1.0 + world.rank, 12), accord.stopper, accord.saves)
            )
        return told

    sums = (3.0, 1.0)  # the norm is rank 0's
    assert on_ranks(3, work) == [[(sums, None, False), (sums, 2, False), (sums, 2, True)]] * 3


def test_the_loss_of_ranks_without_rows_is_not_counted():
    def work(world):
        return Accord(Team(world, 3)).of_batch(2.0 if world.rank == 0 else np.inf, 1.0, 5)[0]

    assert on_ranks(3, work) == [2.0] * 3


def test_what_rank_0_does_and_raises_all_have():
    calls = itertools.count()

    def works(world):
        return by_first(world, lambda: next(calls))

    def fails(world):
        def work():
            raise UsageError(f"rank {world.rank}")

        with pytest.raises(UsageError, match="rank 0"):
            by_first(world, work)
        return True

    assert on_ranks(3, works) == [0, 0, 0]
    assert on_ranks(3, fails) == [True] * 3


def test_ranks_that_meet_hear_of_one_that_has_failed():
    def work(world):
        if world.rank == 1:
            return world.meet(-2)
        with pytest.raises(Elsewhere) as failed:
            meet(world)
        return failed.value.status

    assert on_ranks(3, work) == [2, [0, -2, 0], 2]
    assert meet(ALONE) is None

    class Deaf(Alone):
        def meet(self, status, seconds=None):
            return None

    with pytest.raises(RnnError, match="nothing heard"):
        meet(Deaf(), 3)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (0, 1)),
        ({"PMI_RANK": "1", "PMI_SIZE": "4"}, (1, 4)),
        ({"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4"}, (3, 4)),
        ({"PMI_RANK": "0", "PMI_SIZE": "1"}, (0, 1)),
        ({"PMI_RANK": "0"}, (0, 1)),
        ({"PMI_RANK": "x", "PMI_SIZE": "4"}, (0, 1)),
    ],
)
def test_a_launcher_says_the_rank_and_how_many_there_are(environment, expected):
    assert place(environment) == expected
    if expected[1] == 1:
        assert world_of(environment) is ALONE


def test_columns_of_no_rank_are_no_columns():
    none = Columns(np.empty(0, np.intp), np.empty((0, 3), np.float32))
    assert len((none + none).tokens) == 0
