"""A run that fits a time: planned for it, planned again as it goes on, and ended with a low learning rate."""

import itertools
import re
import time
from types import SimpleNamespace

import pytest

from rnn_cli.runs import budget
from rnn_cli.runs.budget import Budget, seconds_of
from rnn_cli.runs.events import Notice
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.trainer import Trainer
from rnn_cli.training.loop import Recipe, StepDone

RECIPE = Recipe("adamw", lr=0.01, clip=1.0, epochs=10, warmup=0.02)
SHORTER = r"this run will take about \d+ minutes; --time 1m would limit it to 1"
TINY = ("-t", "char", "--hidden", "16", "--layers", "1", "--embedding", "0")


def state(epoch=0, window=0, seconds=0.0):
    return SimpleNamespace(epoch=epoch, window=window, seconds=seconds)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is set."""
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(budget.time, "monotonic", lambda: now.seconds)
    return now


@pytest.mark.parametrize(("said", "seconds"), [("90s", 90), ("3m", 180), ("2h", 7200), (None, None)])
def test_a_time_is_read_as_people_write_it(said, seconds):
    assert seconds_of(Settings(time=said)) == seconds


@pytest.mark.parametrize("said", ["3", "m", "0s", "-3m", "3 m", "1.5h", ""])
def test_what_is_no_time_is_refused_before_any_file_is_read(said, fails):
    assert "a time is needed, like 90s, 3m or 2h" in fails(2, "train", "nowhere.txt", "--time", said)


def test_a_time_and_a_number_of_epochs_exclude_each_other(fails, corpus):
    assert "--time and --epochs exclude each other" in fails(
        2, "train", corpus, "--time", "3s", "--epochs", "2"
    )


def test_a_preset_is_chosen_that_makes_the_best_of_a_time():
    full = {"tanh": 60.0, "medium": 300.0, "patient": 1500.0}  # seconds
    rows = [(full[name], SimpleNamespace(settings=Settings(preset=name)), 10.0) for name in full]

    def chosen(seconds):
        run, _ = budget.best(rows, "medium", seconds)
        return run.settings.preset

    assert [chosen(seconds) for seconds in (5, 45, 51, 300, 1100)] == ["tanh"] * 2 + ["medium"] * 3
    assert chosen(1200) == "patient"


def test_epochs_are_planned_from_how_fast_the_run_has_been_of_late(clock):
    at = state()
    plan = Budget(100.0, at, began=1000.0)
    clock.seconds, at.epoch, at.window = 1007.0, 0, 4
    assert plan.replanned(RECIPE, at, windows=10) is None  # too soon
    clock.seconds, at.window = 1010.0, 5  # half an epoch took 10 s: 4.5 more in the 90 s that are left
    assert plan.replanned(RECIPE, at, windows=10).epochs == pytest.approx(0.5 + 4.5)
    at.epoch, at.window, clock.seconds = 2, 0, 1040.0  # then 1.5 took 30 s: the same rate
    assert plan.replanned(RECIPE, at, windows=10).epochs == pytest.approx(5.0)
    at.epoch, clock.seconds = 3, 1080.0  # one in 40 s: half of one more
    assert plan.replanned(RECIPE, at, windows=10).epochs == pytest.approx(3.5)


def test_a_slow_end_of_an_epoch_right_after_a_plan_is_no_slow_step(clock):
    """The plan is made at the last step, and then nothing but validation happens."""
    at = state()
    plan = Budget(100.0, at, began=1000.0)
    for at.window in range(1, 9):
        clock.seconds += 1
        found = plan.replanned(RECIPE, at, windows=8)
    assert found.epochs == pytest.approx(1 + 92 / 8)
    clock.seconds, at.epoch, at.window = clock.seconds + 12, 1, 0
    assert plan.replanned(RECIPE, at, windows=8).epochs == pytest.approx(1 + (100 - 20 - 12) / (8 + 12))


def test_one_slow_step_after_a_plan_does_not_decide(clock):
    at = state()
    plan = Budget(100.0, at, began=1000.0)
    for at.window in range(1, 11):
        clock.seconds += 1
        plan.replanned(RECIPE, at, windows=20)
    clock.seconds, at.window = clock.seconds + 9, 11  # 11 steps in 19 s
    assert plan.replanned(RECIPE, at, windows=20).epochs == pytest.approx(11 / 20 + 81 / (20 * 19 / 11))


def test_nothing_is_prolonged_by_less_than_a_step(clock):
    at = state()
    plan = Budget(100.0, at, began=1000.0)
    for at.window in range(1, 4):
        clock.seconds += 20
        plan.replanned(RECIPE, at, windows=3)
    clock.seconds += 20
    at.epoch, at.window = 1, 0
    plan.replanned(RECIPE, at, windows=3)
    assert plan.prolonged(RECIPE, at, windows=3) is None  # 20 s are left, and an end takes as many


def test_a_resumed_run_has_what_earlier_sessions_left(clock):
    at = state(epoch=2, seconds=40.0)
    plan = Budget(100.0, at, began=1000.0)
    assert plan.resumed(RECIPE, at, windows=10).epochs == pytest.approx(2 + 60 / 20)
    clock.seconds = 1060.0
    assert plan.replanned(RECIPE, replace_epoch(at, 5), windows=10).epochs == pytest.approx(5.0)


def replace_epoch(at, epoch):
    return SimpleNamespace(**vars(at) | {"epoch": epoch})


def test_a_run_ends_in_its_time_with_its_learning_rate_come_down(rnn, write, english, read_log):
    write("text.txt", english * 20)
    began = time.monotonic()
    said = rnn("train", "text.txt", *TINY, "--time", "2s", "--log", "l.jsonl")
    assert 1.2 < time.monotonic() - began < 10  # on a busy machine too
    assert "done after" in said.err
    rates = [row["lr"] for row in read_log("l.jsonl", "step")]
    assert rates[-1] < 0.3 * max(rates)
    assert rnn("train", "--resume").err.strip().endswith("a longer --time takes it further")


def test_a_time_that_is_over_can_be_prolonged(rnn, write, english, read_npz, short_seconds):
    write("text.txt", english * 20)
    rnn("train", "text.txt", *TINY, "--time", "1s", "-q")
    step = read_npz("model.state.npz").header["position"]["step"]
    rnn("train", "--resume", "--time", "2s", "-q")
    assert read_npz("model.state.npz").header["position"]["step"] > step


def test_a_short_time_may_end_within_the_first_epoch(rnn, write, english, read_npz):
    write("text.txt", english * 750)
    rnn("train", "text.txt", "-t", "char", "--hidden", "256", "--preset", "tanh", "--time", "1s", "-q")
    position = read_npz("model.state.npz").header["position"]
    assert position["epoch"] in (1, 2)  # a plan that was too short is prolonged in another
    assert position["tokens"] < 0.9 * 750 * sum(len(line) + 1 for line in english)
    assert rnn("sample").out


def test_a_long_run_says_before_its_first_step_how_long_it_takes_and_the_option_that_shortens_it(
    corpus, monkeypatch
):
    monkeypatch.setattr(budget, "LONG", 1e-3)
    monkeypatch.setattr(budget, "FASTEST", 1e6)
    monkeypatch.setattr(budget, "PROBE", 1e-3)
    settings = Settings(corpus=[str(corpus)], tokenizer="char", hidden=8, epochs=3)
    with Trainer.begin(settings) as trainer:
        events = list(itertools.takewhile(lambda event: not isinstance(event, StepDone), trainer))
    said = [event.text for event in events if isinstance(event, Notice)]
    assert [line for line in said if re.fullmatch(SHORTER, line)]


def test_what_is_left_of_a_resumed_run_is_foretold(corpus, monkeypatch):
    monkeypatch.setattr(budget, "LONG", 60.0)
    monkeypatch.setattr(budget, "FASTEST", 1e-9)
    monkeypatch.setattr(budget, "measured_rate", lambda run, *_: run.data.targets / 30)  # 30 s an epoch
    settings = Settings(corpus=[str(corpus)], tokenizer="char", hidden=8, epochs=1, valid_fraction=0)
    list(Trainer.begin(settings))
    resumed = list(itertools.islice(Trainer.resume(epochs=9), 40))
    [line] = [event.text for event in resumed if isinstance(event, Notice) and "will take" in event.text]
    assert line.startswith("this run will take about 4 minutes")


def test_a_time_that_is_half_over_before_the_first_step_is_said(rnn, corpus, monkeypatch):
    assert budget.late(Settings(time="6s"), 2.9) is None
    said = budget.late(Settings(time="6s"), 3.4)
    assert said == Notice("--time 6s: reading the text took 3.4 s of it: give more time", is_warning=True)
    assert budget.late(Settings(), 3.4) is None
    monkeypatch.setattr("rnn_cli.runs.course.late", lambda settings, spent: said if spent > 0 else None)
    assert "give more time" in rnn("train", corpus, *TINY, "--epochs", "1").err


def test_of_a_short_run_nothing_is_said(rnn, corpus):
    assert "it will take" not in rnn("train", corpus, *TINY, "--epochs", "2").err


def test_where_the_settings_decide_the_network_no_other_preset_is_taken(rnn, corpus, read_npz, short_seconds):
    rnn("train", corpus, "-t", "char", "--cell", "lstm", "--hidden", "8", "--time", "1s", "-q")
    assert read_npz("model.npz").header["network"]["cell"] == "lstm"


def test_a_plan_that_a_slow_moment_has_spoilt_is_prolonged(clock):
    """One epoch took 9 of 10 times what it should, and the plan ended with it; 5 s are left."""
    kept = Budget(10.0, state(), clock.seconds)
    clock.seconds += 5
    longer = kept.prolonged(RECIPE, state(epoch=1), 10)
    assert longer is not None
    assert longer.epochs == pytest.approx(2)
    clock.seconds += 4.5
    assert kept.prolonged(RECIPE, state(epoch=2), 10) is None


def test_a_run_whose_every_plan_is_too_short_uses_its_time_all_the_same(
    rnn, write, english, monkeypatch, short_seconds
):
    write("text.txt", english * 20)
    monkeypatch.setattr(Budget, "replanned", lambda self, recipe, at, windows: None)
    monkeypatch.setattr(budget, "LEAST_EPOCHS", 0.05)
    monkeypatch.setattr(budget, "measured_rate", lambda run, seconds: 1000.0)  # a hundredth of what it is
    began = time.monotonic()
    said = rnn("train", "text.txt", *TINY, "--time", "2s", "-q", "--threads", "1")
    assert "--time 2s: there is time for 5% of the text only" in said.err
    assert 0.45 < time.monotonic() - began < 8


def test_a_run_that_fits_a_time_takes_no_number_of_epochs_when_it_goes_on(
    rnn, write, english, fails, short_seconds
):
    write("text.txt", english * 20)
    rnn("train", "text.txt", *TINY, "--time", "1s", "-q")
    message = fails(2, "train", "--resume", "--epochs", "3")
    assert message == "--epochs: their number follows from --time 1s: to go on, give a longer --time"
