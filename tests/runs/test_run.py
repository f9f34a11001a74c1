"""A training run: which model it keeps, what lies beside it, how it stops."""

import itertools
import json
import math
import multiprocessing
import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import LanguageModel
from rnn_cli.cli import progress
from rnn_cli.cli.progress import Progress
from rnn_cli.training.parallel import executor
from rnn_cli.training.parallel.executor import Executor

DIVERGING = [
    *(
        "--preset",
        "tanh",
        "--cell",
        "relu",
        "--layers",
        "2",
        "--optimizer",
        "sgd",
        "--lr",
        "1000",
        "--clip",
        "0",
    ),
    *("--batch", "4", "--bptt", "32", "--dropout", "0", "--weight-decay", "0"),
]


@pytest.fixture
def losses_of(worsening, read_log):
    def call(*options):
        worsening(*options, "--quiet")
        return [row["valid_loss"] for row in read_log("log.jsonl", "valid")]

    return call


def test_the_model_kept_is_the_best_on_validation_not_the_last(losses_of, read_npz):
    losses = losses_of("--patience", "100")
    best = int(np.argmin(losses))
    assert len(losses) == 12
    assert best < 11
    assert losses[-1] > losses[best] + 0.01
    model = read_npz("m.npz")
    assert model.measure(["ababcccab", "ba", "cab"]).loss == pytest.approx(losses[best], rel=1e-4)
    assert model.header["history"]["epoch"] == best + 1
    assert model.header["history"]["loss"] == pytest.approx(losses[best])


def test_the_state_beside_it_holds_the_last_weights_the_moments_and_the_position(losses_of, read_npz):
    losses = losses_of("--patience", "100")
    model, state = read_npz("m.npz"), read_npz("m.state.npz")
    assert not np.array_equal(state.arrays["p.W"], model.arrays["W"])
    moments = {f"moments.{moment}.{name}" for moment in ("mean", "square") for name in model.arrays}
    last = {*(f"p.{name}" for name in model.arrays), *moments, "state.s"}
    assert set(state.arrays) == {*last, *(f"good.{name}" for name in last)}
    assert all(np.abs(state.arrays[name]).max() > 0 for name in moments)
    position = state.header["position"]
    assert (position["epoch"], position["window"]) == (12, 0)
    assert position["best_epoch"] == int(np.argmin(losses)) + 1
    assert position["best_loss"] == pytest.approx(min(losses))
    last = model._replace(arrays={name: state.arrays[f"p.{name}"] for name in model.arrays})
    assert last.measure(["ababcccab", "ba", "cab"]).loss == pytest.approx(losses[-1], rel=1e-4)


def test_without_validation_the_model_kept_is_the_best_in_training(train, corpus, read_log, read_npz):
    options = [
        "--valid-fraction",
        "0",
        "--lr",
        "3",
        "--epochs",
        "6",
        "--patience",
        "100",
        "--log",
        "log.jsonl",
    ]
    train(corpus, *options, "--quiet")
    losses = [row["train_loss"] for row in read_log("log.jsonl", "valid")]
    assert np.argmin(losses) < 5
    assert read_npz("m.npz").header["history"]["epoch"] == int(np.argmin(losses)) + 1


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_stops_after_that_many_epochs_without_a_better_loss(patience, losses_of, read_log):
    losses = losses_of("--patience", patience)
    assert len(losses) < 12
    assert len(losses) == int(np.argmin(losses)) + 1 + patience
    reason = read_log("log.jsonl", "end")[0]["reason"]
    assert f"no better for {patience} epoch" in reason


def test_a_run_that_keeps_getting_better_is_not_stopped_by_patience(train, corpus, read_log):
    train(corpus, "--epochs", "6", "--patience", "1", "--quiet", "--log", "log.jsonl")
    losses = [row["valid_loss"] for row in read_log("log.jsonl", "valid")]
    assert losses == sorted(losses, reverse=True)
    assert len(losses) == 6
    assert read_log("log.jsonl", "end")[0]["reason"] == "done"


def test_the_last_line_names_the_model_and_its_epoch(worsening):
    said = worsening("--patience", "100")
    told = [line for line in said.err.splitlines() if line.startswith("epoch ")]
    best = max(number for number, line in enumerate(told, 1) if line.endswith("  best"))
    assert best < len(told)
    loss = re.search(r"valid [\d.]+", told[best - 1])[0]
    assert f"m.npz holds the model of epoch {best}, the best: {loss}\n" in said.err


@pytest.mark.parametrize("valid", [True, False])
def test_the_last_line_has_the_loss_of_an_epoch_that_has_no_line(valid, rnn, write, read_log, monkeypatch):
    """Of many short epochs only some have one."""
    monkeypatch.setattr(progress, "MOST_EPOCH_LINES", 1)
    monkeypatch.setattr(progress, "QUIET", 99)
    write("t.txt", ["a b", "b a"] * 15)
    sizes = ["-t", "char", "-n", "4", "--epochs", "99", "--valid-fraction", "0.2" if valid else "0"]
    recipe = ["--lr", "0.3", "--schedule", "constant", "--patience", "1", "--seed", "1"]
    said = rnn("train", "t.txt", *sizes, *recipe, "--log", "log.jsonl").err
    key = "valid_loss" if valid else "train_loss"
    losses = [row[key] for row in read_log("log.jsonl", "valid")]
    best = losses.index(min(losses))
    assert 3 <= best < 98  # it has no line
    assert f"epoch {best + 1:>3}/99" not in said
    assert f"the model of epoch {best + 1}, the best: {key[:5]} {losses[best]:.3f}\n" in said


def test_the_last_line_has_the_figure_that_decides(rnn, write):
    write("p.tsv", [f"a day {number}\t{'yn'[number % 2]}" for number in range(60)])
    options = ["--task", "classify", "--metric", "accuracy", "--epochs", "2", "--hidden", "4"]
    said = rnn("train", "p.tsv", *options).err
    last = re.search(r"the model of epoch (\d), the best: (accuracy [\d.]+), (valid [\d.]+)\n", said)
    (line,) = re.findall(rf"epoch +{last[1]}/2 .*", said)
    assert last[2] in line
    assert last[3] in line


def test_divergence_is_status_3_and_one_line_that_names_the_step_and_the_way_out(rnn, one_line, corpus):
    options = [*DIVERGING, "--max-rollbacks", "0", "--quiet"]
    message = one_line(rnn("train", corpus, "-t", "char", "-n", "8", *options, status=3).err)
    assert re.search(r"step \d+ \(epoch 1\)", message)
    assert "not finite" in message
    assert "--lr" in message
    assert "1000" in message


@pytest.mark.parametrize("threads", ["1", "2"])
def test_divergence_in_threads_is_one_line_too(threads, rnn, write, english, one_line):
    """NumPy's warnings stay unheard: the loss says it all."""
    write("corpus.txt", english * 4)
    options = [*DIVERGING, "--batch", "32", "--bptt", "32", "--threads", threads]
    said = rnn("train", "corpus.txt", "-t", "char", "-n", "8", "-e", "3", "--quiet", *options, status=3)
    assert "not finite" in one_line(said.err)


@pytest.mark.parametrize("rollbacks", ["0", "3"])
def test_divergence_leaves_the_files_of_an_earlier_run_as_they_were(rollbacks, train, corpus, rnn, contents):
    train(corpus, "--quiet")
    before = contents()
    options = ["-t", "char", "-n", "8", *DIVERGING, "--quiet", "--max-rollbacks", rollbacks]
    rnn("train", corpus, *options, "--force", "--model", "m.npz", status=3)
    after = contents()
    assert after.keys() - before.keys() == {str(Path("m.diverged.txt").resolve())}
    assert after.items() >= before.items()
    assert rnn("sample", "--model", "m.npz", "--seed", "1").err == ""


def test_divergence_leaves_the_model_of_an_earlier_epoch(
    train, corpus, read_npz, read_log, rnn, one_line, monkeypatch
):
    compute, steps = Executor.loss_and_gradients, itertools.count(1)

    def diverge_late(*arguments):
        E, gradients, state = compute(*arguments)
        return (E if next(steps) < 40 else math.nan), gradients, state

    monkeypatch.setattr(Executor, "loss_and_gradients", diverge_late)
    options = ["--max-rollbacks", "0", "--log", "log.jsonl", "--quiet"]
    said = train(corpus, "--epochs", "50", *options, status=3)
    valid, end = read_log("log.jsonl", "valid"), read_log("log.jsonl", "end")
    assert len(valid) >= 1
    best = int(np.argmin([row["valid_loss"] for row in valid])) + 1
    assert "the loss of step 40 " in one_line(said.err)
    assert f"m.npz holds the model of epoch {best}" in one_line(said.err)
    assert read_npz("m.npz").header["history"]["epoch"] == best
    assert all(np.isfinite(array).all() for array in read_npz("m.npz").arrays.values())
    assert rnn("sample", "--model", "m.npz", "--seed", "1").err == ""
    assert end[0]["reason"] == "diverged"


def test_a_wild_learning_rate_never_leaves_a_model_that_cannot_be_read(train, corpus, rnn, folder):
    """Whatever becomes of the run: a saved model samples, without a word of complaint."""
    for number, bptt in enumerate([3, 8, 13, 40, 300]):
        for valid in ("0", "0.1"):
            options = [*DIVERGING, "--bptt", bptt, "--valid-fraction", valid, "-e", "1", "--force", "--quiet"]
            try:
                train(corpus, *options, model=f"{number}.npz")
            except AssertionError:
                train(corpus, *options, model=f"{number}.npz", status=3)
            if (folder / f"{number}.npz").exists():
                assert rnn("sample", "--model", f"{number}.npz", "--seed", "1", "-l", "20").err == ""


STOPS = [(signal.SIGINT, 130, "SIGINT"), (signal.SIGTERM, 143, "SIGTERM")]
LONG = [
    *("-t", "char", "--preset", "tanh", "-n", "8", "--dropout", "0", "--weight-decay", "0"),
    *("--epochs", "1000000", "--patience", "1000000", "--model", "m.npz"),
]


@pytest.mark.parametrize(("number", "status", "name"), STOPS, ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_run_with_everything_saved(
    number, status, name, started, corpus, folder, read_npz, read_log, rnn
):
    running = started("train", corpus, *LONG, "--log", "log.jsonl")
    said = ""
    while "epoch   3/" not in said:
        line = running.stderr.readline()
        assert line, said
        said += line
    running.send_signal(number)
    out, err = running.communicate(timeout=30)
    assert running.returncode == status, err
    assert out == ""
    assert f"stopped by {name}" in err
    assert "Traceback" not in err
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["corpus.txt", "log.jsonl", "m.npz", "m.state.npz"]
    end = read_log("log.jsonl", "end")[0]
    assert end["reason"] == f"stopped by {name}"
    position = read_npz("m.state.npz").header["position"]
    assert (position["step"], position["epoch"]) == (end["step"], end["epoch"])
    valid = [row["valid_loss"] for row in read_log("log.jsonl", "valid")]
    assert read_npz("m.npz").header["history"]["epoch"] == int(np.argmin(valid)) + 1
    assert rnn("sample", "--model", "m.npz", "--seed", "1").err == ""


def test_a_signal_leaves_the_best_model_not_the_last(started, write, folder, read_npz, read_log):
    write("learn.txt", ["abababababab", "abab", "ab"] * 10)
    write("valid.txt", ["ababb", "ba", "bab"])
    files = ["learn.txt", "--valid", "valid.txt", "--log", "log.jsonl"]
    running = started("train", *files, *LONG, "--lr", "0.05", "--quiet")
    losses = [0.0]
    while len(losses) < 30 or np.argmin(losses) > len(losses) - 10:
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.05)
        whole = [line for line in tail_free(folder / "log.jsonl") if '"valid"' in line]
        losses = [json.loads(line)["valid_loss"] for line in whole] or losses
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 143
    losses = [row["valid_loss"] for row in read_log("log.jsonl", "valid")]
    best = int(np.argmin(losses)) + 1
    assert best < len(losses)
    model = read_npz("m.npz")
    assert model.header["history"]["epoch"] == best
    assert model.measure(["ababb", "ba", "bab"]).loss == pytest.approx(losses[best - 1], rel=1e-4)


def tail_free(path):
    """The lines of a file that is being written, without the one that is not whole yet."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


@pytest.mark.parametrize(("number", "status", "name"), STOPS, ids=["SIGINT", "SIGTERM"])
def test_a_signal_in_the_first_epoch_saves_the_model_so_far(
    number, status, name, started, write, english, folder, read_npz, rnn
):
    write("corpus.txt", english * 200)
    slow = ["--batch", "1", "--bptt", "1", "--quiet", "--log", "log.jsonl"]
    running = started("train", "corpus.txt", *LONG, *slow)
    log = folder / "log.jsonl"
    while not log.exists() or '"step": 10,' not in log.read_text():
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.01)
    running.send_signal(number)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (status, "", "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "corpus.txt",
        "log.jsonl",
        "m.npz",
        "m.state.npz",
    ]
    model, state = read_npz("m.npz"), read_npz("m.state.npz")
    assert state.header["position"]["epoch"] == 0
    assert state.header["position"]["step"] >= 10
    assert all(np.array_equal(model.arrays[name], state.arrays[f"p.{name}"]) for name in model.arrays)
    assert rnn("sample", "--model", "m.npz", "--seed", "1").err == ""


@pytest.mark.parametrize("extra", [[], ["--clip", "0"]], ids=["", "clip 0"])
def test_the_headers_of_model_and_state_are_json_as_every_language_reads_it(extra, train, corpus):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    train(corpus, *extra, "--quiet")
    for name in ("m.npz", "m.state.npz"):
        with np.load(name) as file:
            json.loads(bytes(file["header"]), parse_constant=refuse)


@pytest.fixture
def two_processes(monkeypatch):
    """Runs however small are split in two."""
    monkeypatch.setattr(executor, "STEP_FLOPS", 0)
    monkeypatch.setattr(executor, "RUN_FLOPS", 0)
    return ["-t", "char", "--epochs", "2", "--threads", "2", "--dropout", "0.2", "--seed", "3"]


def test_two_processes_give_the_same_model_each_time(two_processes, rnn, write, english, read_npz):
    write("corpus.txt", english)
    for name in ("a.npz", "b.npz"):
        said = rnn("train", "corpus.txt", *two_processes, "--model", name)
        assert "threads 2" in said.err
    first, second = read_npz("a.npz"), read_npz("b.npz")
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(array, second.arrays[name])


def test_a_process_that_is_killed_ends_the_run_with_all_saved(
    two_processes, rnn, write, english, monkeypatch, read_log, read_npz
):
    write("corpus.txt", english)

    def kill(self, done):
        if done.step == 3:
            for process in multiprocessing.active_children():
                process.kill()
                process.join()

    monkeypatch.setattr(Progress, "_step", kill)
    said = rnn("train", "corpus.txt", *two_processes, "--log", "log.jsonl", "--quiet", status=1)
    assert said.err.startswith("rnn: error: a process of this run was killed")
    assert said.err.count("\n") == 1
    (end,) = read_log("log.jsonl", "end")
    assert (end["reason"], end["step"]) == ("a process was killed", 3)
    assert LanguageModel.load("model.npz")
    assert read_npz("model.state.npz").header["position"]["step"] == 3
