"""The log of a run: what stands in the training state, and runs that share a file."""

import itertools
import json
import os
import shutil
from pathlib import Path

import pytest

from rnn_cli.runs.course import Course
from rnn_cli.runs.log import Log, LogPosition
from rnn_cli.runs.log_file import FilePosition
from rnn_cli.training.loop import StepDone

# What a log keeps in a training state.


@pytest.mark.parametrize(
    "position",
    [LogPosition(), LogPosition(1.5, 10.0, 3.25, FilePosition("/log.jsonl", 99), "1a2b", "/m.npz")],
)
def test_a_position_comes_back_from_json(position):
    assert LogPosition.from_json(json.loads(json.dumps(position.to_json()))) == position


FILE = {"path": "/log.jsonl", "rows": 9}
WHOLE = {"nats": 0.0, "tokens": 0, "seconds": 0.5, "file": FILE, "run": "1a2b", "model": "/m.npz"}


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        WHOLE | {"nats": "1"},
        WHOLE | {"tokens": -1},
        WHOLE | {"seconds": None},
        WHOLE | {"file": {}},
        WHOLE | {"file": {"path": "/log.jsonl"}},
        WHOLE | {"file": {"path": 1, "rows": 9}},
        WHOLE | {"file": {"path": "/log.jsonl", "rows": -1}},
        WHOLE | {"file": FILE | {"more": 1}},
        WHOLE | {"run": 1},
        WHOLE | {"model": ["/m.npz"]},
    ],
)
def test_anything_else_is_no_position(said):
    assert LogPosition.from_json(WHOLE).file.rows == 9
    with pytest.raises((TypeError, LookupError, ValueError)):
        LogPosition.from_json(said)


def test_a_position_of_before_runs_had_an_id_is_read_and_owns_no_rows():
    said = {"nats": 1.0, "tokens": 2, "seconds": 0.5, "file": {"path": "/log.jsonl", "length": 99}}
    assert LogPosition.from_json(said) == LogPosition(1.0, 2, 0.5)


def test_a_run_without_a_log_writes_none_and_has_an_id_and_a_position_all_the_same(run_of, folder):
    log = Log(run_of(), LogPosition(nats=2.0, tokens=1.0))
    position = log.position()
    assert (position.nats, position.tokens, position.file) == (2.0, 1.0, None)
    log.close()
    again = Log(run_of(), position)
    assert again.position() == position
    assert Log(run_of(), LogPosition()).position().run != position.run
    assert [path.name for path in folder.iterdir()] == ["corpus.txt"]


# Runs that share a file.


def test_each_row_carries_the_id_of_its_run_which_a_resumed_run_keeps(train, rnn, corpus, read_log):
    train(corpus, "--quiet", "--log", "log.jsonl", model="a.npz")
    train(corpus, "--quiet", "--log", "log.jsonl", model="b.npz")
    rnn("train", "--resume", "--model", "a.npz", "--epochs", "3", "--quiet")
    ids = [row["run"] for row in read_log("log.jsonl")]
    first, second = dict.fromkeys(ids)
    assert len(ids) > 3 * 2
    assert ids[-1] == first
    assert [run for run, _ in itertools.groupby(ids)] == [first, second, first]


def interrupted(rnn, model, step, *options):
    """Train a model as `train` does, as if it had been killed at a step after its last save."""

    class Killed(BaseException):
        pass

    real = Course._steps

    def steps(self, executor, is_resumed):
        for done in real(self, executor, is_resumed):
            yield done
            if isinstance(done, StepDone) and self.state.step == step:
                raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Course, "_steps", steps)
        with pytest.raises(Killed):
            rnn("train", "--model", model, "--log", "log.jsonl", "--quiet", *options)


def losses(rows, run):
    """What a run logged, without clocks."""
    said = [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_second")} for row in rows]
    return [row for row in said if row["run"] == run and row["event"] != "start"]


def test_two_runs_that_are_killed_and_resumed_lose_only_their_own_rows(rnn, tiny, corpus, read_log):
    options = [corpus, *tiny, "--batch", "4", "--bptt", "8", "--save-every", "15", "--epochs", "2"]
    rnn("train", "--model", "whole.npz", "--log", "whole.jsonl", "--quiet", *options)
    whole = read_log("whole.jsonl")
    interrupted(rnn, "a.npz", 40, *options)
    interrupted(rnn, "b.npz", 40, *options)
    a, b = dict.fromkeys(row["run"] for row in read_log("log.jsonl"))
    with open("log.jsonl", "a") as file:
        file.write('{"event": "note", "of": "nobody"}\n{"event": "half')
    for model in ("a.npz", "b.npz"):
        rnn("train", "--resume", "--model", model, "--quiet")
    lines = Path("log.jsonl").read_text().splitlines()
    assert lines.count('{"event": "note", "of": "nobody"}') == 1
    assert lines.count('{"event": "half') == 1
    rows = [json.loads(line) for line in lines if "run" in line]
    expected = losses(whole, whole[0]["run"])
    for run in (a, b):
        assert [row | {"run": 0} for row in losses(rows, run)] == [row | {"run": 0} for row in expected]


def test_a_copy_of_a_run_takes_no_rows_of_the_original(rnn, tiny, corpus, read_log):
    train = ["train", corpus, *tiny, "--epochs", "2", "--log", "log.jsonl", "--quiet"]
    rnn(*train, "--model", "a.npz")
    for name in ("npz", "state.npz"):
        shutil.copy(f"a.{name}", f"b.{name}")
    rnn("train", "--resume", "--model", "a.npz", "--epochs", "3", "--quiet")
    before = read_log("log.jsonl")
    rnn("train", "--resume", "--model", "b.npz", "--epochs", "3", "--quiet")
    after = read_log("log.jsonl")
    assert after[: len(before)] == before
    assert {row["run"] for row in after[len(before) :]} & {row["run"] for row in before} == set()


def test_a_run_that_was_moved_keeps_its_id(rnn, tiny, corpus, read_log):
    rnn("train", corpus, *tiny, "--model", "a.npz", "--log", "log.jsonl", "--quiet")
    for name in ("npz", "state.npz"):
        os.rename(f"a.{name}", f"b.{name}")
    rnn("train", "--resume", "--model", "b.npz", "--epochs", "3", "--quiet")
    assert len({row["run"] for row in read_log("log.jsonl")}) == 1


@pytest.mark.parametrize(
    ("options", "is_same"),
    [([], True), (["--carry-state", "--batch", "1"], True), (["--carry-state", "--batch", "4"], False)],
)
def test_the_validation_loss_is_that_of_score_where_rows_do_not_begin_at_zero_within_the_text(
    options, is_same, train, rnn, corpus, write, english, read_log
):
    """As the page of the commands says."""
    write("valid.txt", english[::-1][:20])
    train(
        corpus,
        "--valid",
        "valid.txt",
        "--bptt",
        "8",
        *options,
        "--epochs",
        "1",
        "--log",
        "log.jsonl",
        "--quiet",
    )
    (row,) = read_log("log.jsonl", "valid")
    score = json.loads(rnn("score", "--model", "m.npz", "valid.txt", "--json").out)
    difference = row["valid_loss"] - (score["nats"] - score["spelling_nats"]) / score["tokens"]
    assert (abs(difference) < 1e-5) == is_same
    assert (abs(row["valid_bpc"] - score["bits_per_character"]) < 1e-5) == is_same
