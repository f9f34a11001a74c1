"""The figures of an epoch beside its loss, and the best epoch by one of them."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from few_pairs import TASKS

from rnn_cli import Settings, Trainer, UsageError, storage
from rnn_cli.models.loading import load
from rnn_cli.runs.events import EpochDone
from rnn_cli.runs.examine import examined
from rnn_cli.runs.judges import judging_of
from rnn_cli.runs.metrics import METRICS
from rnn_cli.scoring.bleu import bleu
from rnn_cli.training.parallel.world import ALONE

FIGURES = {
    "classify": ["accuracy", "macro_f1"],
    "rate": ["correlation", "mean_error"],
    "tag": ["accuracy", "span_f1"],
    "translate": ["exact", "bleu"],
    "generate": [],
}
EVERY = [(task, metric) for task, names in FIGURES.items() for metric in names]


@pytest.fixture
def begin(folder):
    """Begin a run of a task, on its few pairs."""

    def call(task, model="m.npz", **settings):
        lines, small = TASKS[task]
        (folder / "p.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Trainer.begin(Settings(corpus=["p.tsv"], task=task, **small | settings), model, force=True)

    return call


def epochs_of(trainer):
    return [event for event in trainer if isinstance(event, EpochDone)]


def scripted(monkeypatch, trainer, metric, values):
    """Let the epochs of a run have these values of a metric, in turn."""
    values = iter(values)
    for event in trainer:
        if type(event).__name__ == "Begun":
            monkeypatch.setattr(type(trainer.run), "figures", lambda self, at: {metric: next(values)})
            return


@pytest.mark.parametrize("task", TASKS)
def test_an_epoch_has_the_figures_of_its_task_in_its_event_and_in_the_log(task, begin):
    epochs = epochs_of(begin(task, log="l.jsonl"))
    rows = [
        row for row in map(json.loads, Path("l.jsonl").read_text().splitlines()) if row["event"] == "valid"
    ]
    assert [[*epoch.figures] for epoch in epochs] == [FIGURES[task]] * 3
    for epoch, row in zip(epochs, rows, strict=True):
        assert epoch.figures.items() <= row.items()


def test_the_line_of_an_epoch_has_its_figures(rnn, write):
    lines, _ = TASKS["tag"]
    write("p.tsv", lines)
    said = rnn("train", "p.tsv", "--task", "tag", "--hidden", "4", "--epochs", "1").err
    (line,) = [line for line in said.splitlines() if "epoch   1/1" in line]
    assert re.search(r"valid \d\.\d{3}  accuracy [01]\.\d{4}  span F1 [01]\.\d{4}  best", line)


@pytest.mark.parametrize("task", ["classify", "rate", "tag"])
def test_the_figures_are_those_of_a_test_on_the_same_texts(task, begin, write, folder):
    lines, _ = TASKS[task]
    write("v.tsv", lines[40:])
    trainer = begin(task, valid="v.tsv", epochs=1)
    (epoch,) = epochs_of(trainer)
    tested = examined(load("m.npz"), ["v.tsv"], folder).all.values
    assert epoch.figures == pytest.approx({name: tested[name] for name in FIGURES[task]}, abs=1e-6)


def test_the_figures_of_translations_are_those_of_the_likeliest_tokens(begin, write):
    lines, _ = TASKS["translate"]
    write("v.tsv", lines[40:])
    (*_, epoch) = epochs_of(begin("translate", valid="v.tsv", epochs=15, hidden=16))
    sources, targets = zip(*(line.split("\t") for line in lines[40:]), strict=True)
    said = [each.targets[0].text for each in load("m.npz").predict(sources, beam=1)]
    right = [text == target for text, target in zip(said, targets, strict=True)]
    assert 0 < epoch.figures["exact"] == pytest.approx(np.mean(right))
    assert epoch.figures["bleu"] == pytest.approx(bleu(said, [[target] for target in targets], "none"))


@pytest.mark.parametrize(("task", "metric"), EVERY)
def test_the_best_epoch_is_that_of_the_best_figure_and_its_model_is_kept(task, metric, begin, monkeypatch):
    trainer = begin(task, metric=metric, epochs=5)
    scripted(monkeypatch, trainer, metric, [0.3, 0.5, 0.2, 0.4, 0.3])
    epochs = epochs_of(trainer)
    best = 2 if METRICS[metric].more_is_better else 3
    assert trainer.state.best_epoch == best
    assert [epoch.improved for epoch in epochs] == [True, best == 2, best == 3, False, False]
    history = load("m.npz").history
    assert (history["epoch"], history["metric"], history[metric]) == (best, metric, [0.5, 0.2][best - 2])
    assert history["loss"] == epochs[best - 1].valid_loss
    assert trainer.outcome()[metric] == history[metric]


def test_patience_counts_the_epochs_without_a_better_figure(begin, monkeypatch):
    trainer = begin("classify", metric="accuracy", epochs=9, patience=2)
    scripted(monkeypatch, trainer, "accuracy", [0.3, 0.5, 0.4, 0.4, 0.9])
    assert len(epochs_of(trainer)) == 4
    assert trainer.outcome()["reason"] == "no better for 2 epochs"


def test_of_equal_figures_the_lower_loss_is_better_and_without_a_figure_nothing_is(begin, monkeypatch):
    trainer = begin("classify", metric="accuracy", epochs=4, dropout=0.0)
    scripted(monkeypatch, trainer, "accuracy", [0.5, 0.5, 0.5, 0.5])
    epochs = epochs_of(trainer)
    losses = [epoch.valid_loss for epoch in epochs]
    assert [epoch.improved for epoch in epochs] == [
        loss == min(losses[: k + 1]) for k, loss in enumerate(losses)
    ]
    trainer = begin("classify", metric="accuracy", epochs=2)
    for event in trainer:
        if type(event).__name__ == "Begun":
            monkeypatch.setattr(type(trainer.run), "figures", lambda self, at: {})
    assert trainer.state.best_epoch == 0


def test_a_resumed_run_keeps_the_figure_that_decides_and_ends_as_one_that_never_stopped(begin):
    epochs_of(begin("classify", "whole.npz", metric="macro_f1", epochs=4))
    trainer = begin("classify", metric="macro_f1", epochs=4)
    for event in trainer:
        if isinstance(event, EpochDone) and event.epoch == 2:
            trainer.stop()
    with pytest.raises(UsageError, match="--metric accuracy contradicts the run in"):
        Trainer.resume("m.npz", metric="accuracy")
    epochs_of(Trainer.resume("m.npz"))
    whole, resumed = (storage.load(Path(f"{name}.state.npz")) for name in ("whole", "m"))
    assert all(np.array_equal(whole[0][name], resumed[0][name]) for name in whole[0])
    for key in ("best_epoch", "best_loss", "best_figure", "curve"):
        assert whole[1]["position"][key] == resumed[1]["position"][key]


def test_a_resumed_run_remembers_the_best_figure(begin, monkeypatch):
    trainer = begin("classify", metric="accuracy", epochs=4)
    scripted(monkeypatch, trainer, "accuracy", [0.9, 0.2, 0.3, 0.4])
    for event in trainer:
        if isinstance(event, EpochDone) and event.epoch == 2:
            trainer.stop()
    trainer = Trainer.resume("m.npz")
    assert [epoch.improved for epoch in epochs_of(trainer)] == [False, False]
    assert (trainer.state.best_epoch, trainer.state.best_figure) == (1, 0.9)


def test_without_a_metric_the_loss_decides_and_the_state_is_as_before(begin):
    trainer = begin("classify")
    epochs = epochs_of(trainer)
    assert trainer.state.best_loss == min(epoch.valid_loss for epoch in epochs)
    assert "best_figure" not in storage.load(Path("m.state.npz"))[1]["position"]
    assert "metric" not in trainer.outcome()


def test_without_texts_to_validate_on_the_figures_are_of_those_that_are_learned(begin, monkeypatch):
    monkeypatch.setattr("rnn_cli.runs.tasks.row_run.JUDGED", 10)
    trainer = begin("classify", valid_fraction=0.0, epochs=1)
    assert 0 <= epochs_of(trainer)[0].figures["accuracy"] <= 1
    assert trainer.run.judged.tolist() == [*range(0, 60, 6)]


@pytest.mark.parametrize(
    ("task", "metric", "message"),
    [
        ("tag", "bleu", "--metric bleu is for --task translate"),
        ("language", "accuracy", "--metric accuracy is for --task classify or tag"),
        ("generate", "exact", "--metric exact is for --task translate"),
        ("rate", "f1", "--metric f1: not one of loss, accuracy, "),
    ],
)
def test_a_figure_of_another_task_is_refused_before_a_file_is_touched(folder, task, metric, message):
    with pytest.raises(UsageError, match=message):
        Trainer.begin(Settings(corpus=["nowhere.tsv"], task=task, metric=metric))
    assert [*folder.iterdir()] == []


def test_a_figure_that_the_labels_do_not_have_is_refused(begin, folder):
    what = "--metric micro_f1: this text has no such figure: choose loss, accuracy, macro_f1"
    with pytest.raises(UsageError, match=what):
        epochs_of(begin("classify", metric="micro_f1"))
    (folder / "p.tsv").write_text("the cat\tD N\na dog\tD N\n" * 12)
    trainer = Trainer.begin(Settings(corpus=["p.tsv"], task="tag", metric="span_f1"), "m.npz")
    with pytest.raises(UsageError, match="choose loss, accuracy"):
        epochs_of(trainer)


class Two(type(ALONE)):
    """What the second of two ranks sees, as far as figures are concerned: rank 0 has found another one."""

    rank, size = 1, 2

    def share(self, value, of=0):
        return {"accuracy": 0.125}

    def meet(self, status, seconds=None):
        return [0, 0]


def test_on_several_ranks_the_figures_are_those_of_rank_0(begin):
    trainer = begin("classify", epochs=1)
    assert epochs_of(trainer)
    judging = judging_of(trainer.run, Two())
    assert judging.figures(trainer.state) == {"accuracy": 0.125} != trainer.run.figures(trainer.state)
