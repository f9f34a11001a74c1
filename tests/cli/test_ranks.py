"""A command on several ranks ends alike on all, and one of them says why."""

import pytest

from rnn_cli.cli import console
from rnn_cli.cli.console import Interrupted
from rnn_cli.cli.ranks import end_alike
from rnn_cli.errors import Diverged, RnnError, UsageError
from rnn_cli.training.parallel.world import ALONE, Alone, Elsewhere


class Two(Alone):
    """One of two ranks. other: the status with which the other comes; None: it never comes."""

    size, hosts = 2, ("a", "b")

    def __init__(self, rank, other):
        self.rank, self.other, self.aborted = rank, other, None

    def meet(self, status, seconds=None):
        if self.other is None:
            return None
        return [status, self.other] if self.rank == 0 else [self.other, status]

    def abort(self, status):
        self.aborted = status


def failing(error):
    def command():
        raise error

    return command


@pytest.fixture(autouse=True)
def unmuted(monkeypatch):
    monkeypatch.setattr(console, "_is_muted", False)


def test_alone_nothing_is_different():
    assert end_alike(ALONE, lambda: 143) == 143
    with pytest.raises(UsageError):
        end_alike(ALONE, failing(UsageError("no")))


@pytest.mark.parametrize(("mine", "other", "status"), [(0, 0, 0), (0, 143, 143), (130, 0, 130)])
def test_a_signal_that_one_rank_has_heard_is_the_status_of_all(mine, other, status):
    assert end_alike(Two(0, other), lambda: mine) == status


@pytest.mark.parametrize(
    ("error", "status"), [(RnnError("x"), 1), (UsageError("x"), 2), (Diverged("x"), 3), (ValueError("x"), 1)]
)
def test_what_both_fail_with_is_said_by_the_first(error, status, capsys):
    with pytest.raises(type(error)):  # and said as that of any command
        end_alike(Two(0, -status), failing(error))
    assert end_alike(Two(1, -status), failing(error)) == status
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("rank", [0, 1])
def test_what_one_fails_with_before_training_it_says_with_its_machine(rank, capsys):
    console.mute()
    assert end_alike(Two(rank, 0), failing(RnnError("the disk is full"))) == 1
    assert capsys.readouterr().err == f"rnn: error: {'ab'[rank]}, rank {rank}: the disk is full\n"
    assert end_alike(Two(1 - rank, -1), lambda: 0) == 1  # the other
    assert end_alike(Two(1 - rank, -1), failing(Elsewhere(2))) == 2
    assert capsys.readouterr().err == ""


def test_where_the_other_waits_in_a_sum_it_is_ended(capsys):
    world = Two(1, None)
    assert end_alike(world, failing(UsageError("--lr"))) == world.aborted == 2
    assert capsys.readouterr().err == "rnn: error: b, rank 1: --lr\n"


def test_a_rank_that_is_told_to_end_at_once_says_nothing(capsys):
    for other in (None, 0, -143):
        assert end_alike(Two(0, other), failing(Interrupted(143))) == 143
    assert capsys.readouterr().err == ""


def test_a_mute_process_says_nothing(capsys):
    console.mute()
    console.say("a")
    console.warn("b")
    console.error("c")
    assert capsys.readouterr().err == ""
    assert console.progress_bar(3, hidden=False).disable
