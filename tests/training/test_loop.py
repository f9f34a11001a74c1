import copy
import itertools
import json
import math
import pickle
from typing import NamedTuple

import numpy as np
import pytest

from rnn_cli import storage
from rnn_cli.errors import Diverged
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network
from rnn_cli.training import loop
from rnn_cli.training.judging import Judging
from rnn_cli.training.loop import EpochDone, Recipe, RolledBack, StepDone, Validating, evaluate, start, train
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.schedules import SCHEDULES, learning_rate_factor

M, T, B = 6, 4, 3
NETWORK = Network(M, 8)


class Tokens(NamedTuple):
    x: np.ndarray
    y: np.ndarray
    keep: np.ndarray
    weight: np.ndarray


def windows(seed=0, count=3, dtype=np.float32):
    """Rows that count 1, 2, … 5, 1, 2, … from anywhere; the last window is short in places."""
    rng = np.random.default_rng(seed)
    text = (rng.integers(5, size=B) + np.arange(count * T + 1)[:, None]) % 5 + 1
    keep = (rng.random((count * T, B)) > 0.1).astype(dtype)
    weight = np.ones((count * T, B), dtype)
    weight[-2:, 1] = 0
    cut = [slice(first, first + T) for first in range(0, count * T, T)]
    return [Tokens(text[:-1][k], text[1:][k], keep[k], weight[k]) for k in cut]


# Counts down: the better the training the worse the loss on it.
DOWN = [batch._replace(x=6 - batch.x, y=6 - batch.y) for batch in windows(5)]
TARGETS = int(sum(batch.weight.sum() for batch in windows()))  # 34 an epoch


def recipe(**changes):
    given = {"optimizer": "adam", "lr": 0.03, "clip": 1.0, "epochs": 3, "warmup": 0.1} | changes
    return Recipe(**given)


def first_parameters(seed=0):
    return NETWORK.initialise(np.random.default_rng(seed), np.ones(M))


def begin(seed=0, **changes):
    plan = recipe(**changes)
    return plan, start(Executor(NETWORK, first_parameters(seed), (T, B)), plan, B)


def go_on(plan, at, valid=None, epoch_windows=windows):
    """The events of the rest of a run, in an executor of its own."""
    with Executor(NETWORK, at.p, (T, B)) as executor:
        at.p = executor.p
        yield from train(executor, plan, at, epoch_windows, Judging(valid))


def but_validating(events):
    return [event for event in events if not isinstance(event, Validating)]


def of_kind(kind, events):
    return [event for event in events if isinstance(event, kind)]


def validate(p, batches):
    with Executor(NETWORK, p, (T, B)) as executor:
        events = evaluate(executor, batches)
        try:
            while True:
                next(events)
        except StopIteration as end:
            return end.value


def validated_to(monkeypatch, losses):
    """Let validation give these losses, epoch after epoch."""
    losses = iter(losses)

    def evaluated(*arguments):
        yield Validating(1, 1)
        return next(losses)

    monkeypatch.setattr(loop, "evaluate", evaluated)


def whole(at):
    """All of a state but the clock, in a form that can be compared bit for bit."""
    apart = ("p", "moments", "state", "seconds", "good")
    rest = {name: value for name, value in vars(at).items() if name not in apart}
    if at.good:
        rest["good"] = whole(at.good)
    named = {"p": at.p, "moments": at.moments, "state": at.state}
    return rest, {
        f"{group}.{name}": (array.dtype.str, array.tobytes("C"))
        for group, arrays in named.items()
        for name, array in arrays.items()
    }


def naive_loss(p, batches):
    """Nats per target: the tutorial on one-hot columns, row by row, window after window."""
    nats, count = 0.0, 0
    U, W, V = (np.float64(p[name]) for name in ("U", "W", "V"))
    for b in range(batches[0].x.shape[1]):
        s = np.zeros(len(W))
        for batch in batches:
            for t in range(len(batch.x)):
                s = np.tanh(U @ np.eye(len(V))[batch.x[t, b]] + W @ (batch.keep[t, b] * s) + p["b_a"])
                o = np.exp(V @ s + p["b_y"])
                if batch.weight[t, b]:
                    nats -= np.log(o[batch.y[t, b]] / o.sum())
                    count += 1
    return nats / count


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_beginning_gives_the_same_end_bit_for_bit(optimizer):
    ends = []
    for seed in (1, 1, 2):
        plan, at = begin(seed, optimizer=optimizer)
        ends.append(([*go_on(plan, at, windows(9))], whole(at)))
    assert ends[0] == ends[1]
    assert ends[0] != ends[2]


@pytest.mark.parametrize(
    ("optimizer", "lr"),
    [
        ("sgd", 1.0),
        ("momentum", 0.1),
        ("nesterov", 0.1),
        ("adagrad", 0.2),
        ("rmsprop", 0.01),
        ("adam", 0.03),
        ("adamw", 0.03),
    ],
)
def test_the_loss_falls_on_a_text_that_counts(optimizer, lr):
    plan, at = begin(optimizer=optimizer, lr=lr, epochs=60)
    losses = [done.train_loss for done in go_on(plan, at) if isinstance(done, EpochDone)]
    assert losses[0] > 1
    assert losses[-1] < 0.1


def test_a_window_yields_a_step_and_an_epoch_its_end():
    plan, at = begin(epochs=2)
    done = [type(event) for event in go_on(plan, at)]
    assert done == [StepDone, StepDone, StepDone, EpochDone] * 2


def test_steps_and_epochs_are_numbered_from_1():
    plan, at = begin(epochs=2)
    events = [*go_on(plan, at, windows(9, count=2))]
    assert [(done.step, done.epoch) for done in of_kind(StepDone, events)] == [
        (1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2)
    ]  # fmt: skip
    assert [done.epoch for done in of_kind(EpochDone, events)] == [1, 2]
    assert of_kind(Validating, events) == [Validating(1, 2), Validating(2, 2)] * 2


def test_each_epoch_reads_the_windows_made_for_it():
    plan, at = begin()
    asked = []

    def epoch_windows(epoch):
        asked.append(epoch)
        return windows(epoch, count=epoch + 1)

    steps = [event for event in go_on(plan, at, epoch_windows=epoch_windows) if isinstance(event, StepDone)]
    assert asked == [0, 1, 2]
    assert len(steps) == 1 + 2 + 3


def test_every_target_counts_once_an_epoch_and_padding_never():
    plan, at = begin(epochs=2)
    seen = tokens = 0
    nats = 0.0
    for done in go_on(plan, at):
        if isinstance(done, StepDone):
            tokens += done.tokens
            nats += done.loss * done.tokens
            assert at.tokens == seen * TARGETS + tokens
        else:
            assert tokens == TARGETS == 34
            assert done.train_loss == pytest.approx(nats / tokens)
            seen, tokens, nats = seen + 1, 0, 0.0
    assert (at.tokens, at.step, at.epoch, at.window) == (2 * TARGETS, 6, 2, 0)


def test_the_first_step_is_one_of_gradient_descent_on_the_mean_loss():
    plan, at = begin(optimizer="sgd", clip=math.inf, warmup=0, epochs=1)
    before = at.p["b_y"].copy()
    _, gradients, _ = NETWORK.loss_and_gradients(at.p, windows()[0], at.state, Workspace(np.float32))
    slope, norm = gradients["b_y"] / 12, math.sqrt(sum((g**2).sum() for g in gradients.values())) / 12
    expected = naive_loss(at.p, windows()[:1])
    done = next(go_on(plan, at))
    assert done.loss == pytest.approx(expected)
    assert done.norm == pytest.approx(norm)
    np.testing.assert_allclose(at.p["b_y"], before - done.lr * slope, rtol=1e-5)


def test_a_gradient_is_clipped_before_it_is_used():
    plan, at = begin(optimizer="sgd", clip=0.001, warmup=0, epochs=1)
    before = copy.deepcopy(at.p)
    done = next(go_on(plan, at))
    moved = math.sqrt(sum(((at.p[name] - before[name]) ** 2).sum() for name in before))
    assert done.norm > 0.001
    assert moved == pytest.approx(0.001 * done.lr, rel=1e-2)


@pytest.mark.parametrize(("schedule", "last"), [("constant", 0.03), ("linear", 0.0015), ("cosine", 0.0015)])
def test_the_learning_rate_follows_the_share_of_the_run_that_is_done(schedule, last):
    plan, at = begin(epochs=2, warmup=0.5, schedule=schedule)
    rates = [done.lr for done in go_on(plan, at) if isinstance(done, StepDone)]
    row = SCHEDULES[schedule]
    assert rates == pytest.approx([0.03 * learning_rate_factor(row, k / 6, 0.5) for k in range(1, 7)])
    assert rates[0] > 0
    assert rates[2] == pytest.approx(0.03)
    assert rates[-1] == pytest.approx(last)


def rates_of_epochs(monkeypatch, valid_losses, **changes):
    """The learning rate of each epoch's last step, where the validation loss goes like that, and the end."""
    validated_to(monkeypatch, valid_losses)
    plan, at = begin(epochs=len(valid_losses), **changes)
    steps = [done for done in go_on(plan, at, windows(9)) if isinstance(done, StepDone)]
    return [done.lr for done in steps[2::3]], at


def test_plateau_divides_the_learning_rate_after_each_epoch_that_got_no_better(monkeypatch):
    # no better than the best before: the third epoch, which is as good, the fourth and the sixth
    losses = [3.0, 2.0, 2.0, 2.5, 1.0, 1.5]
    rates, at = rates_of_epochs(monkeypatch, losses, lr=0.64, schedule="plateau", optimizer="sgd")
    assert rates == pytest.approx([0.64, 0.64, 0.64, 0.16, 0.04, 0.04])
    assert at.lr_factor == 1 / 64


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_no_other_schedule_looks_at_the_loss(monkeypatch, schedule):
    rising, at = rates_of_epochs(monkeypatch, [1.0, 2.0, 3.0], schedule=schedule)
    falling, _ = rates_of_epochs(monkeypatch, [3.0, 2.0, 1.0], schedule=schedule)
    assert rising == falling
    assert at.lr_factor == 1


def test_the_learning_rate_of_an_event_is_the_one_that_was_used(monkeypatch):
    validated_to(monkeypatch, [1.0, 2.0, 3.0])
    plan, at = begin(optimizer="sgd", schedule="plateau", clip=0.001, lr=1.0)
    before = copy.deepcopy(at.p)
    for done in go_on(plan, at, windows(9)):
        if isinstance(done, StepDone):
            moved = math.sqrt(sum(((at.p[name] - before[name]) ** 2).sum() for name in before))
            assert done.norm > 0.001
            assert moved == pytest.approx(0.001 * done.lr, rel=1e-2)
            before = copy.deepcopy(at.p)
    assert done.improved is False
    assert at.lr_factor == 1 / 16


def test_the_state_runs_on_through_an_epoch_and_begins_the_next_at_zero():
    plan, at = begin(epochs=2, lr=0.0)
    at_start = first_parameters()
    handed_on = NETWORK.zero_state(B)
    for done in go_on(plan, at):
        if isinstance(done, StepDone):
            batch = windows(at.epoch)[at.window - 1]
            _, handed_on = NETWORK.loss(at_start, batch, handed_on, Workspace(np.float32))
            np.testing.assert_allclose(at.state["s"], handed_on["s"], rtol=1e-6)
            assert at.state["s"].any()
        else:
            assert not at.state["s"].any()
            handed_on = NETWORK.zero_state(B)


def test_an_epoch_is_better_only_if_its_loss_is_lower():
    plan, at = begin(lr=0.0)
    ends = [done for done in go_on(plan, at, windows(9)) if isinstance(done, EpochDone)]
    assert [done.improved for done in ends] == [True, False, False]
    assert at.best_epoch == 1
    assert at.best_loss == ends[0].valid_loss


def test_without_a_validation_text_the_training_loss_tells_which_epoch_is_best():
    plan, at = begin(epochs=5)
    ends = [done for done in go_on(plan, at) if isinstance(done, EpochDone)]
    assert {done.valid_loss for done in ends} == {None}
    assert at.best_loss == min(done.train_loss for done in ends)
    assert at.best_epoch == 1 + [done.train_loss for done in ends].index(at.best_loss)


def test_the_validation_loss_and_not_the_training_loss_tells_which_epoch_is_best():
    plan, at = begin(epochs=20)
    ends = [done for done in go_on(plan, at, DOWN) if isinstance(done, EpochDone)]
    losses = [done.valid_loss for done in ends]
    assert losses[-1] > min(losses)
    assert ends[-1].train_loss < ends[0].train_loss
    assert at.best_loss == min(losses)
    assert at.best_epoch == 1 + losses.index(min(losses))


def test_validation_counts_no_padding_and_hands_the_state_on():
    p, batches = first_parameters(), windows(4, count=4)
    expected = naive_loss(p, batches)
    assert validate(p, batches) == pytest.approx(expected, rel=1e-5)
    spoilt = [batch._replace(y=np.where(batch.weight == 0, 0, batch.y)) for batch in batches]
    assert validate(p, spoilt) == pytest.approx(expected, rel=1e-5)
    assert validate(p, batches[:1]) != pytest.approx(expected, rel=1e-3)


def test_the_loop_validates_with_the_parameters_of_the_epochs_end():
    plan, at = begin(epochs=1)
    valid = windows(7, count=2)
    for done in go_on(plan, at, valid):
        if isinstance(done, EpochDone):
            assert done.valid_loss == pytest.approx(naive_loss(at.p, valid), rel=1e-5)


def untouched(at, before):
    rest, arrays = whole(at)
    return rest == before[0] and arrays == before[1]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_loss_that_is_not_finite_stops_before_anything_is_touched(optimizer):
    plan, at = begin(optimizer=optimizer)
    steps = go_on(plan, at)
    next(steps)
    at.p["V"][2, 3] = np.nan
    before = whole(at)
    with pytest.raises(Diverged, match=r"^the loss of step 2 \(epoch 1\) is not finite$"):
        next(steps)
    assert untouched(at, before)


@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize("what", ["loss", "gradient"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_either_of_them_alone_stops_before_anything_is_touched(monkeypatch, optimizer, what, value):
    plan, at = begin(optimizer=optimizer)
    steps = go_on(plan, at)
    next(steps)
    right = Network.loss_and_gradients

    def spoilt(*arguments):
        E, gradients, after = right(*arguments)
        if what == "loss":
            return value, gradients, after
        gradients["V"][1, 1] = value
        return E, gradients, after

    monkeypatch.setattr(Network, "loss_and_gradients", spoilt)
    before = whole(at)
    with pytest.raises(Diverged, match=rf"^the {what} of step 2 \(epoch 1\) is not finite$"):
        next(steps)
    assert untouched(at, before)


@pytest.mark.parametrize("threads", [1, 2])
def test_states_that_overflow_raise_without_a_warning(threads):
    plan = recipe(optimizer="sgd")
    network = Network(M, 8, "relu")
    p = network.initialise(np.random.default_rng(0), np.ones(M))
    p["W"] *= np.float32(1e20)
    rows = 16  # enough for two shards
    wide = [Tokens(*(np.tile(array, (1, rows))[:, :rows] for array in batch)) for batch in windows()]
    with Executor(network, p, (T, rows), threads) as executor:
        at = start(executor, plan, rows)
        with pytest.raises(Diverged):
            list(train(executor, plan, at, lambda epoch: wide))


def test_a_validation_loss_that_is_not_finite_raises(monkeypatch):
    right = Network.loss
    monkeypatch.setattr(Network, "loss", lambda *arguments: (math.nan, right(*arguments)[1]))
    plan, at = begin()
    steps = go_on(plan, at, windows(9))
    for _ in range(3):
        next(steps)
    with pytest.raises(Diverged, match=r"validation loss after epoch 1 is not finite"):
        next(steps)


@pytest.mark.parametrize("changes", [{"dropout": 0.5}, {"weight_decay": 1.0}, {"dropout": 0.5, "seed": 1}])
def test_dropout_weight_decay_and_the_seed_of_what_is_dropped_change_what_is_learned(changes):
    ends = []
    for given in ({"dropout": 0.5} if "seed" in changes else {}, changes):
        plan, at = begin(epochs=1, **given)
        list(go_on(plan, at))
        ends.append(at.p["W"])
    assert np.abs(ends[0] - ends[1]).max() > 1e-4


def test_every_step_drops_something_else():
    plan, at = begin(epochs=1, dropout=0.5, lr=0.0)
    same = [windows()[0]] * 6  # the same window, which with these parameters has one loss
    losses = {
        done.loss for done in go_on(plan, at, epoch_windows=lambda epoch: same) if isinstance(done, StepDone)
    }
    assert len(losses) == 6


def test_validation_drops_nothing():
    plan, at = begin(epochs=1, dropout=0.5, lr=0.0)
    (*_, end) = go_on(plan, at, windows(9))
    plan, at = begin(epochs=1, lr=0.0)
    (*_, end_without) = go_on(plan, at, windows(9))
    assert end.valid_loss == end_without.valid_loss
    assert end.train_loss != end_without.train_loss


def stored(at, plan, folder):
    """The state out of a file: what --resume is given."""
    storage.save(folder / "at.npz", *at.pack())
    again = start(Executor(NETWORK, first_parameters(), (T, B)), plan, B)
    again.unpack(*storage.load(folder / "at.npz"))
    return again


@pytest.mark.parametrize(
    ("optimizer", "schedule"), [*((name, "cosine") for name in OPTIMIZERS), ("adam", "plateau")]
)
@pytest.mark.parametrize("copied", ["deep copy", "pickle", "storage"])
def test_a_run_goes_on_from_any_yield_as_if_never_broken_off(copied, optimizer, schedule, tmp_path):
    def copy_of(at):
        if copied == "deep copy":
            return copy.deepcopy(at)
        return pickle.loads(pickle.dumps(at)) if copied == "pickle" else stored(at, plan, tmp_path)

    plan, at = begin(optimizer=optimizer, schedule=schedule, dropout=0.3, weight_decay=0.1)
    events, states = [], [copy_of(at)]
    for done in go_on(plan, at, DOWN):
        events.append(done)
        states.append(copy_of(at))
    end = whole(at)
    assert len(states) == 22
    assert schedule != "plateau" or states[-5].lr_factor < 1  # in the last epoch it is not as at first
    for number, state in enumerate(states):
        assert but_validating(go_on(plan, state, DOWN)) == but_validating(events[number:])
        assert whole(state) == end


def test_a_run_that_stops_during_validation_validates_again_from_the_first_window():
    plan, at = begin(epochs=1)
    events, states = [], []
    for done in go_on(plan, at, DOWN):
        events.append(done)
        states.append(copy.deepcopy(at))
    last_step, *between, end = states
    while last_step.step < 3:
        last_step, *between = between
    assert [type(event) for event in events] == [StepDone] * 3 + [Validating] * 3 + [EpochDone]
    for state in between:
        assert whole(state) == whole(last_step)
        assert (state.epoch, state.window, state.best_loss, state.curve) == (0, 3, None, [])
        assert state.seconds > last_step.seconds
        assert [*go_on(plan, state, DOWN)] == events[3:]
        assert whole(state) == whole(end)


def test_a_state_of_another_executor_is_refused():
    plan, at = begin()
    with Executor(NETWORK, at.p, (T, B)) as executor, pytest.raises(ValueError, match="another executor"):
        next(train(executor, plan, at, windows))


def test_a_packed_state_is_all_there_and_plain():
    plan, at = begin()
    next(go_on(plan, at))
    arrays, rest = at.pack()
    assert set(arrays) == {
        *(f"p.{name}" for name in at.p),
        *(f"moments.{name}" for name in at.moments),
        "state.s",
    }
    assert rest["step"] == rest["window"] == 1
    assert json.loads(json.dumps(rest)) == rest


def test_a_finished_run_does_nothing_more():
    plan, at = begin(epochs=1)
    list(go_on(plan, at))
    before = whole(at)
    assert list(go_on(plan, at)) == []
    assert whole(at) == before


def test_the_clock_runs_forward():
    plan, at = begin(epochs=1)
    times = [at.seconds for _ in go_on(plan, at, windows(9))]
    assert times[0] > 0
    assert times == sorted(times)


# A run that goes astray goes back.


def spoiling(monkeypatch, *calls, value=math.nan):
    """Let these computations of a step (1, 2, …, over all runs that follow) give a loss of that value."""
    right, count = Executor.loss_and_gradients, itertools.count(1)

    def spoilt(*arguments):
        E, gradients, after = right(*arguments)
        tokens = arguments[1].weight
        return (value * tokens if next(count) in calls else E), gradients, after

    monkeypatch.setattr(Executor, "loss_and_gradients", spoilt)


def until_diverged(steps):
    """What happened, and what ended it."""
    events = []
    try:
        for event in steps:
            events.append(event)
    except Diverged as diverged:
        return events, diverged
    raise AssertionError("it did not diverge")


def test_a_run_that_goes_astray_goes_back_to_its_epochs_beginning_at_half_the_rate(monkeypatch):
    plan, at = begin(max_rollbacks=3, schedule="constant", warmup=0)
    spoiling(monkeypatch, 5)  # the second step of the second epoch
    events = but_validating(go_on(plan, at, windows(9)))
    S, E, R = StepDone, EpochDone, RolledBack
    assert [type(event) for event in events] == [S, S, S, E, S, R, S, S, S, E, S, S, S, E]
    assert events[5] == RolledBack(3, "the loss of step 5 (epoch 2) is not finite", 0.015)
    assert [event.lr for event in events if isinstance(event, S)] == [0.03] * 4 + [0.015] * 6
    assert events[4].loss == events[6].loss  # the same window, and the same parameters
    assert (at.step, at.epoch, at.rollbacks, len(at.curve)) == (9, 3, 1, 3)


def test_each_rollback_halves_the_rate_again_and_the_last_is_followed_by_the_end(monkeypatch):
    plan, at = begin(max_rollbacks=2, schedule="constant", warmup=0)
    spoiling(monkeypatch, 5, 7, 9)
    events, diverged = until_diverged(go_on(plan, at, windows(9)))
    assert [event.lr for event in events if isinstance(event, RolledBack)] == [0.015, 0.0075]
    assert str(diverged) == "the loss of step 5 (epoch 2) is not finite"
    assert np.array_equal(diverged.batch.y, windows(1)[1].y)
    assert (at.step, at.epoch, at.window) == (3, 1, 0)  # the good state, for another try


def test_a_first_loss_that_is_not_finite_leaves_nothing_to_go_back_to(monkeypatch):
    plan, at = begin(max_rollbacks=3)
    spoiling(monkeypatch, 1)
    with pytest.raises(Diverged, match="step 1 "):
        list(go_on(plan, at))
    assert at.rollbacks == 0


def test_losses_that_are_high_for_long_are_gone_back_from(monkeypatch):
    monkeypatch.setattr(loop, "KEEP_EVERY", 20)
    plan, at = begin(max_rollbacks=1, epochs=1, schedule="constant", warmup=0)
    many = windows(count=300)
    spoiling(monkeypatch, *range(51, 500), value=9.0)
    events, diverged = until_diverged(go_on(plan, at, epoch_windows=lambda epoch: many))
    (back,) = (event for event in events if isinstance(event, RolledBack))
    assert back.reason == "the loss of step 150 (epoch 1), 9, has been high for 100 steps"
    assert at.step == 40  # kept each 20 steps, as long as all was well
    assert "step 140 " in str(diverged)


def test_the_rate_of_plateau_is_that_of_the_good_state_and_halved(monkeypatch):
    validated_to(monkeypatch, [1.0, 2.0, 3.0, 4.0])
    plan, at = begin(epochs=4, lr=0.64, schedule="plateau", optimizer="sgd", warmup=0, max_rollbacks=1)
    spoiling(monkeypatch, 8)  # in the third epoch, before which the rate was quartered once
    rates = [event.lr for event in go_on(plan, at, windows(9)) if isinstance(event, StepDone)]
    assert rates == pytest.approx([0.64] * 6 + [0.16] + [0.08] * 3 + [0.02] * 3)


def test_a_validation_loss_that_is_not_finite_is_gone_back_from(monkeypatch):
    right, calls = Network.loss, itertools.count(1)

    def spoilt(*arguments):
        E, after = right(*arguments)
        return (math.nan if next(calls) == 5 else E), after

    monkeypatch.setattr(Network, "loss", spoilt)  # 3 windows an epoch to validate on
    plan, at = begin(max_rollbacks=1)
    back = [event for event in go_on(plan, at, windows(9)) if isinstance(event, RolledBack)]
    assert [event.reason for event in back] == ["the validation loss after epoch 2 is not finite"]
    assert (at.epoch, len(at.curve)) == (3, 3)


def test_the_best_epoch_before_a_rollback_stays_the_best(monkeypatch):
    validated_to(monkeypatch, [3.0, 1.0, 2.0, 2.0])
    monkeypatch.setattr(loop, "_is_to_be_kept", lambda at: at.step == 4)  # in the second epoch, and no more
    spoiling(monkeypatch, 8)  # in the third
    plan, at = begin(max_rollbacks=1)
    ends = [event.improved for event in go_on(plan, at, windows(9)) if isinstance(event, EpochDone)]
    assert ends == [True, True, False, False]
    assert (at.best_loss, at.best_epoch) == (1.0, 2)


@pytest.mark.parametrize("copied", ["deep copy", "storage"])
def test_a_run_that_goes_back_does_the_same_from_any_yield(copied, monkeypatch, tmp_path):
    def copy_of(at):
        return copy.deepcopy(at) if copied == "deep copy" else stored(at, plan, tmp_path)

    right = Executor.loss_and_gradients

    def overflowing(executor, *rest):
        E, gradients, after = right(executor, *rest)
        return (math.inf if np.abs(executor.p["V"]).max() > 2 else E), gradients, after

    monkeypatch.setattr(Executor, "loss_and_gradients", overflowing)
    wild = {"lr": 1.0, "clip": None, "schedule": "plateau", "warmup": 0, "dropout": 0.1}
    plan, at = begin(max_rollbacks=97, epochs=6, **wild)
    events, states = [], [copy_of(at)]
    for done in go_on(plan, at, DOWN):
        events.append(done)
        states.append(copy_of(at))
    back = [number for number, event in enumerate(events) if isinstance(event, RolledBack)]
    assert len(back) > 2
    end = whole(at)
    for number, state in enumerate(states):
        assert but_validating(go_on(plan, state, DOWN)) == but_validating(events[number:])
        assert whole(state) == end
