"""How a run is divided among ranks, before it begins."""

import pytest

from rnn_cli.errors import UsageError
from rnn_cli.runs.ranks import Division, in_turn, refuse_standard_input
from rnn_cli.runs.settings import Settings
from rnn_cli.training.parallel.world import ALONE, Alone


class Told(Alone):
    """One of two ranks, which notes what it waits for."""

    size = 2

    def __init__(self, is_first_on_host):
        self.is_first_on_host, self.noted = is_first_on_host, []

    def wait_for_host(self):
        self.noted.append("waits")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((4, 1), (4, 1), True),
        ((4, 1), (1, 4), True),
        ((2, 2), (2, 2), True),
        ((2, 2), (4, 1), False),  # shards are summed on each machine first
        ((2, 2), (1, 4), False),
        ((4, 1), (2, 1), False),
    ],
)
def test_bits_are_the_same_where_the_same_shards_are_summed_in_the_same_order(one, other, same):
    assert Division(*one).same_bits(Division(*other)) == same
    assert Division(*other).same_bits(Division(*one)) == same


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(("is_first", "order"), [(True, ["reads", "waits"]), (False, ["waits", "reads"])])
def test_one_rank_of_a_machine_reads_before_the_others_even_where_it_fails(is_first, order, fails):
    world = Told(is_first)

    def reading():
        world.noted.append("reads")
        yield 1
        if fails:
            raise UsageError("no")
        return 2

    def through():
        return (yield from in_turn(world, reading()))

    events = through()
    assert next(events) == 1
    with pytest.raises(UsageError if fails else StopIteration):
        next(events)
    assert world.noted == order


def test_standard_input_is_for_one_process():
    refuse_standard_input(ALONE, Settings(corpus=["-"]))
    for settings in (Settings(corpus=["a.txt", "-"]), Settings(corpus=["a.txt"], valid="-")):
        with pytest.raises(UsageError, match="standard input"):
            refuse_standard_input(Told(True), settings)
