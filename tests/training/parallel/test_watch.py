"""A rank that hears nothing from the others ends: while a text is read by their signs of life."""

import signal
import threading
from types import SimpleNamespace

import pytest

from rnn_cli.training.parallel import watch
from rnn_cli.training.parallel.watch import Pulse, Watch


class Exchanges:
    """What ranks send each other, in rounds: each is done once all have come to it."""

    def __init__(self, size):
        self._rounds, self._places = [], [0] * size

    def ask_of(self, rank):
        def ask(wants_to_end):
            place, self._places[rank] = self._places[rank], self._places[rank] + 1
            if place == len(self._rounds):
                self._rounds.append([])
            told = self._rounds[place]
            told.append(wants_to_end)
            return lambda: all(told) if len(told) == len(self._places) else None

        return ask


@pytest.fixture
def pulses(monkeypatch):
    monkeypatch.setattr(watch, "BEAT", 0)
    exchanges = Exchanges(2)
    pulses = [Pulse(exchanges.ask_of(rank)) for rank in range(2)]
    yield pulses
    for pulse in pulses:
        pulse.end()
    assert beat(pulses) == [None, None]  # or each would wait for the others as the process ends


def beat(pulses, times=3):
    for _ in range(times):
        found = [pulse.heard() for pulse in pulses]
    return found


def test_a_rank_is_not_heard_while_another_gives_no_sign_of_life(pulses):
    for pulse in pulses:
        pulse.begin()
    beat(pulses)
    before = pulses[0].heard()
    beat(pulses)
    after = beat(pulses[:1])
    assert after[0] > before
    assert beat(pulses[:1]) == after  # the other is gone
    beat(pulses)
    assert beat(pulses)[0] > after[0]


def test_signs_of_life_end_when_all_ranks_want_that_and_begin_again_with_the_next_command(pulses):
    one, other = pulses
    one.begin()
    other.begin()
    one.end()  # it is done with its text, and the other is not
    assert None not in beat(pulses)
    other.end()
    assert beat(pulses) == [None, None]
    one.begin()
    assert None not in beat([one])
    other.begin()
    assert None not in beat(pulses)
    for pulse in pulses:
        pulse.end()
        pulse.begin()  # the next command, before the last exchange is done
    assert None not in beat(pulses)


class Signs:
    """Given at the beginning, and never again."""

    heard = staticmethod(lambda: 0.0)
    begin = end = wait = staticmethod(lambda: None)


@pytest.mark.parametrize(("rank", "limit"), [(0, 5), (1, 5)])
def test_a_rank_that_works_on_its_share_ends_too(rank, limit, monkeypatch):
    monkeypatch.delattr(signal, "alarm", raising=False)
    now = 0.0
    said, ended = [], threading.Event()

    def abort(status):
        said.append((status, now))
        ended.set()

    def clock():
        nonlocal now
        now += 0.5
        return now

    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=clock))
    Watch(rank, abort, Signs()).read(1.0, said.append, has_signs=True)
    assert ended.wait(10)
    line, (status, seconds) = said
    assert line == f"nothing heard from the other ranks for {limit} s"
    assert status == 1
    later = watch.GRACE if rank else 0
    assert limit + later < seconds <= limit + later + 1


def test_where_ranks_cannot_give_signs_nothing_is_expected_of_them():
    watched = Watch(0, print, Signs())
    watched.read(1.0, print, has_signs=False)
    assert "watch" not in [thread.name for thread in threading.enumerate()]
