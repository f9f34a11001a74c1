"""What holds for each task on pairs: runs that fit a time, plans, and files that are not believed."""

import functools
import itertools
import json
import math
import operator
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from few_pairs import TASKS

from rnn_cli import RnnError, Settings, Trainer, storage
from rnn_cli.cli.progress import follow
from rnn_cli.models.loading import load
from rnn_cli.runs import budget
from rnn_cli.runs import plan as planning
from rnn_cli.runs.checkpoint import Checkpoint
from rnn_cli.runs.events import Notice, StepDone
from rnn_cli.runs.prepare import Resources


@pytest.fixture
def settings_of(folder):
    def call(task, **settings):
        lines, small = TASKS[task]
        (folder / "p.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Settings(corpus=["p.tsv"], task=task, **small | settings)

    return call


@pytest.mark.parametrize("task", TASKS)
def test_a_run_may_be_given_a_time(task, settings_of, short_seconds):
    trainer, began = Trainer.begin(settings_of(task, epochs=None, time="1s"), "m.npz"), time.monotonic()
    for _ in trainer:
        pass
    assert trainer.state.epoch >= 1
    assert 0.25 < time.monotonic() - began < 4  # on a busy machine too
    assert load("m.npz").history["epoch"] == trainer.state.best_epoch


@pytest.mark.parametrize(("task", "beside"), [("classify", "yes no"), ("rate", "1 2"), ("translate", "a b")])
def test_empty_texts_are_counted_and_nothing_is_learned_of_them_alone(task, beside, settings_of, folder):
    settings, lines = settings_of(task, epochs=1), [f"\t{each}\n" for each in beside.split()]
    with open("p.tsv", "a", encoding="utf-8") as file:
        file.write(lines[0])
    text = "source" if task == "translate" else "text"
    notices = [each.text for each in Trainer.begin(settings, "m.npz") if isinstance(each, Notice)]
    assert f"1 of 61 pairs have an empty {text}, and are learned as they are; the first is pair 61" in notices
    Path("p.tsv").write_text("".join(lines * 12), encoding="utf-8")
    with pytest.raises(RnnError, match=f"p.tsv: every {text} is empty .a line reads"):
        list(Trainer.begin(settings, "n.npz"))


@pytest.mark.parametrize("task", TASKS)
def test_a_plan_says_what_a_run_would_take(task, settings_of, folder, monkeypatch):
    monkeypatch.setattr(planning, "CALIBRATION", 0.05)
    found = follow(
        planning.plan(settings_of(task, epochs=7), folder / "m.npz", Resources.of_user()), quiet=True
    )
    assert found.run.epochs == 7
    assert found.demand.total > 0
    assert found.seconds == pytest.approx(7 * found.epoch_seconds)
    assert found.epoch_seconds > 0
    assert found.run.about_sizes(found.share).keys() == {"text", "vocabulary"}
    assert [*folder.iterdir()] == [folder / "p.tsv"]


@pytest.mark.parametrize("task", TASKS)
def test_a_long_run_says_how_long_it_takes(task, settings_of, monkeypatch):
    monkeypatch.setattr(budget, "LONG", 60.0)
    monkeypatch.setattr(budget, "measured_rate", lambda run, *_: run.data.targets / 30)  # 30 s an epoch
    for fastest, is_said in ((1e3, True), (1e9, False)):  # the second would be over at once
        monkeypatch.setattr(budget, "FASTEST", fastest)
        with Trainer.begin(settings_of(task, epochs=9, valid_fraction=0.0), "m.npz", force=True) as trainer:
            events = [*itertools.takewhile(lambda event: not isinstance(event, StepDone), trainer)]
        said = [event.text for event in events if isinstance(event, Notice) and "will take" in event.text]
        assert len(said) == is_said


def test_the_operations_of_an_epoch_are_those_of_all_steps_of_its_rows(settings_of):
    with Trainer.begin(settings_of("classify"), "m.npz") as trainer:
        next(event for event in trainer if isinstance(event, StepDone))
        run = trainer.run
        matrices = ("U", "W", "U_rev", "W_rev")  # columns of C are looked up
        weights = sum(math.prod(run.network.shapes[name]) for name in matrices)
        tokens = run.data.encoded.x.lengths[run.data.train].sum()
        assert run.epoch_flops == pytest.approx(6 * weights * tokens)


SHARED = (("sha256",), ("settings",), ("position",), ("log",), ("history",))  # test_hostile_states.py


def places(value, path=()):
    """The path of each entry in a header that is of this task, and of the first of each list."""
    entries = enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in value.items() if isinstance(value, dict) else entries:
        if path[-1:] != ("spelling",) and path[:1] not in SHARED:
            yield (*path, key)
            yield from places(inner, (*path, key))


@pytest.mark.parametrize(("file", "read"), [("m.state.npz", Checkpoint.load), ("m.npz", load)])
@pytest.mark.parametrize("task", TASKS)
def test_an_entry_of_any_wrong_type_is_one_line_or_does_not_matter(
    task, file, read, settings_of, monkeypatch
):
    [*Trainer.begin(settings_of(task, epochs=1), "m.npz")]
    arrays, header = storage.load(Path(file))
    messages, read_at_all = [], 0
    for path in places(header):
        for wrong in (None, True, -1, "x\ny", [1, 2]):
            spoilt = json.loads(json.dumps(header))
            inner = functools.reduce(operator.getitem, path[:-1], spoilt)
            inner[path[-1]] = wrong
            monkeypatch.setattr(storage, "load", lambda _, spoilt=spoilt: (dict(arrays), spoilt))
            try:
                read(Path("m.npz"))
                read_at_all += 1
            except RnnError as error:
                messages.append(str(error))
    assert len(messages) > 80
    assert all(message.startswith(f"{file}: ") and "\n" not in message for message in messages)
    assert read_at_all
