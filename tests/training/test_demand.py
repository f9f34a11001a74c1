from dataclasses import replace

import numpy as np
import pytest

from rnn_cli.network.functions import NO_DROP, Drop
from rnn_cli.network.network import Network
from rnn_cli.training import demand
from rnn_cli.training.demand import Shape
from rnn_cli.training.parallel.sharing import bytes_of, of_shard


def shape(m=65, **changes):
    """Of a run of 16 rows in one process."""
    given = {"optimizer": "adam", "drop": NO_DROP, "batch": 16, "bptt": 32, "threads": 1, "keeps": False}
    return Shape(Network(m, 128), np.ones(m), **given | changes)


@pytest.mark.parametrize("m", [65, 2000])
def test_a_second_process_takes_as_much_as_the_first_what_shards_travel_in_and_their_sum(m):
    one, two = shape(m), shape(m, batch=32, threads=2)
    one.demand(0)  # the first trial of a process also keeps what it builds once
    tray = bytes_of(of_shard(one.network, 32, 16, np.float32))
    columns = 0 if m == 65 else 4 * 128 * round(m * (1 - (1 - 1 / m) ** (32 * 32)))  # of the sum
    beside = tray + columns
    assert two.demand(0).windows == pytest.approx(2 * one.demand(0).windows + beside, abs=beside / 4)


@pytest.mark.parametrize("m", [65, 2000])
@pytest.mark.parametrize("changes", [{}, {"batch": 64, "threads": 2}, {"keeps": True, "drop": Drop(0.2)}])
def test_the_demand_lies_between_the_least_and_an_ample_one(m, changes):
    of = shape(m, **changes)
    needed = of.demand(resident=1 << 25)
    assert needed.weights + needed.moments == of.least()
    assert of.least() < needed.total < of.ample(resident=1 << 25)


def test_a_state_to_go_back_to_takes_the_parameters_and_moments_again():
    assert shape(keeps=True).least() == 2 * shape().least()
    assert shape(optimizer="sgd").least() * 3 == shape().least()  # adam keeps two moments


def test_what_is_resident_and_the_programs_of_other_processes_are_counted():
    assert shape().demand(100).programs == 100 + demand.BESIDES
    two = shape(threads=2).demand(100).programs
    assert two == 100 + demand.BESIDES + demand.RANK + demand.FIRST_RANK


def test_a_network_too_large_for_shards_is_computed_in_one_process(monkeypatch):
    assert shape(threads=2).shards == 2
    monkeypatch.setattr(demand, "SHARDED_UP_TO", shape().network.size - 1)
    assert shape(threads=2).shards == 1


def test_half_a_vocabulary_keeps_the_classes_that_begin_in_it():
    network = Network(64, 8, "gru", "classes", embedding=8, tie=True, cutoffs=(20, 40))
    of = replace(shape(), network=network, counts=np.ones(64))
    m, half = of.halved("max_size")
    assert (m, half.network) == (32, replace(network, m=32, cutoffs=(20,)))
    m, quarter = half.halved("max_size")
    assert (m, quarter.network) == (16, replace(network, m=16, cutoffs=(), output="softmax"))
    assert of.least() < of.demand(resident=0).total < of.ample(resident=0)
