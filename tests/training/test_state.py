"""All that a run changes: kept, gone back to, packed and unpacked."""

import json

import numpy as np
import pytest

from rnn_cli.training.state import TrainingState


def state(of=0.0, **rest):
    """A state whose arrays hold one number, W in the order of columns."""
    p = {"W": np.full((2, 3), of, np.float32, order="F"), "b": np.full(2, of, np.float32)}
    moments = {"mean.W": np.full((2, 3), of, np.float32, order="F"), "seen.W": np.full(3, of, np.int64)}
    return TrainingState(p, moments, {"s": np.full((1, 2), of, np.float32)}, **rest)


def numbers(at):
    named = at.p | at.moments | at.state
    return {name: set(array.ravel().tolist()) for name, array in named.items()}


def test_going_back_undoes_all_but_what_is_spent():
    at = state(1, step=5, epoch=1, window=2, curve=[[1.0, 2.0]], best_loss=2.0, best_epoch=1, seconds=3.0)
    W = at.p["W"]
    at.keep()
    for array in (*at.p.values(), *at.moments.values(), *at.state.values()):
        array[...] = 9
    at.step, at.epoch, at.window, at.curve = 7, 2, 0, [*at.curve, [0.5, 1.5]]
    at.best_loss, at.best_epoch, at.seconds, at.rollbacks, at.lr_factor = 1.5, 2, 8.0, 1, 0.25
    at.go_back()
    assert set.union(*numbers(at).values()) == {1}
    assert at.p["W"] is W  # where others see it
    assert (at.step, at.epoch, at.window, at.curve, at.lr_factor) == (5, 1, 2, [[1.0, 2.0]], 1.0)
    assert (at.best_loss, at.best_epoch, at.seconds, at.rollbacks) == (1.5, 2, 8.0, 1)


def test_one_can_go_back_to_the_same_state_twice():
    at = state(1)
    at.keep()
    for _ in range(2):
        at.p["W"][...] = 9
        at.state["s"][...] = 9
        at.go_back()
        assert set.union(*numbers(at).values()) == {1}


def test_where_nothing_was_kept_there_is_no_going_back():
    with pytest.raises(ValueError, match="no state to go back to"):
        state().go_back()


def test_the_best_epoch_can_be_forgotten():
    at = state(best_loss=2.0, best_figure=0.5, best_epoch=3, rollbacks=1, lr_factor=0.25)
    at.forget_best()
    assert at.best_figure is None
    assert (at.best_loss, at.best_epoch, at.rollbacks, at.lr_factor) == (None, 0, 1, 0.25)


def test_what_lowered_the_learning_rate_can_be_forgotten_for_good():
    at = state(lr_factor=0.25, rollbacks=2, best_loss=2.0, best_epoch=3)
    at.keep()
    at.forget_rates()
    assert (at.rollbacks, at.lr_factor, at.best_loss, at.best_epoch) == (0, 1.0, 2.0, 3)
    at.go_back()
    assert (at.rollbacks, at.lr_factor) == (0, 1.0)
    none_kept = state(lr_factor=0.25)
    none_kept.forget_rates()
    assert none_kept.lr_factor == 1


@pytest.mark.parametrize("kept", [True, False])
def test_what_is_packed_is_unpacked_into_the_memory_that_is_there(kept):
    at = state(1, step=3, best_loss=0.25, curve=[[1.0, None]], usual_loss=2.5)
    if kept:
        at.keep()
        at.p["W"][...] = 2
        at.step = 4
    arrays, rest = at.pack()
    rest = json.loads(json.dumps(rest))
    again = state()
    W = again.p["W"]
    again.unpack({name: np.ascontiguousarray(array) for name, array in arrays.items()}, rest)
    assert again.p["W"] is W
    assert W.flags.f_contiguous
    assert numbers(again) == numbers(at)
    assert again.pack()[1] == at.pack()[1]
    if kept:
        assert numbers(again.good) == numbers(at.good)
        assert again.good.step == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays, rest: arrays.pop("p.W"),
        lambda arrays, rest: arrays.update({"p.X": np.zeros(2, np.float32)}),
        lambda arrays, rest: arrays.update({"p.W": np.zeros((3, 2), np.float32)}),
        lambda arrays, rest: arrays.update({"p.W": np.zeros((2, 3))}),
        lambda arrays, rest: arrays.pop("moments.seen.W"),
        lambda arrays, rest: arrays.pop("good.p.b"),
        lambda arrays, rest: rest.pop("step"),
        lambda arrays, rest: rest.update(step="3"),
        lambda arrays, rest: rest.update(step=-1),
        lambda arrays, rest: rest.update(epoch=True),
        lambda arrays, rest: rest.update(curve=[1]),
        lambda arrays, rest: rest.update(curve=[[1.0]]),
        lambda arrays, rest: rest.update(surprise=1),
        lambda arrays, rest: rest.update(good=None),
        lambda arrays, rest: rest["good"].update(window=None),
    ],
)
def test_what_is_no_such_state_is_not_unpacked(spoil):
    at = state(1)
    at.keep()
    arrays, rest = at.pack()
    rest = json.loads(json.dumps(rest))
    spoil(arrays, rest)
    with pytest.raises((KeyError, ValueError)):
        state().unpack(arrays, rest)
