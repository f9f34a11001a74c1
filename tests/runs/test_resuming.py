"""Resuming: a run that was stopped, however often and wherever, ends as if it never had been."""

import os
import re
import signal
from pathlib import Path

import pytest

from rnn_cli import storage
from rnn_cli.cli.progress import Progress
from rnn_cli.training.loop import EpochDone, RolledBack, StepDone
from rnn_cli.training.parallel import executor

OF_CHANCE = ("seconds", "tokens_per_second", "run")
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}


class Killed(BaseException):
    """What ends a run in a test as SIGKILL does: nothing is saved any more."""


@pytest.fixture
def ends_at(monkeypatch):
    """Let the run end in these steps or epochs, in turn: {"step 7": SIGTERM, "epoch 2": Killed}."""
    waiting = {}

    def passing(place):
        end = waiting.pop(place, None)
        if end is Killed:
            raise Killed
        if end:
            os.kill(os.getpid(), end)

    show = Progress.show

    def shown(self, event):
        show(self, event)
        match event:
            case StepDone():
                passing(f"step {event.step}")
            case EpochDone():
                passing(f"epoch {event.epoch}")
            case RolledBack():
                passing(f"rollback {self._trainer.state.rollbacks}")

    monkeypatch.setattr(Progress, "show", shown)
    return waiting.update


@pytest.fixture
def finish(train, ends_at):
    """Run until all of the ends have been, and go on each time, up to the run's own end."""

    def call(ends, *arguments, go_on=("--quiet",), status=0):
        ends_at(ends)
        arguments = [*arguments, "--quiet"]
        for end in ends.values():
            if end is Killed:
                with pytest.raises(Killed):
                    train(*arguments)
            else:
                train(*arguments, status=STATUS[end])
            arguments = ["--resume", *go_on]
        return train(*arguments, status=status)

    return call


@pytest.fixture
def train(rnn):
    """m.npz, and no option beside those given."""

    def call(*arguments, status=0):
        return rnn("train", *arguments, "--model", "m.npz", status=status)

    return call


@pytest.fixture
def outcome(read_npz, read_log):
    """All that a run leaves, but for the time that it took."""

    def call(log="log.jsonl"):
        model, state = read_npz("m.npz"), read_npz("m.state.npz")
        position = {key: value for key, value in state.header["position"].items() if key != "seconds"}
        arrays = {key: (a.dtype.str, a.shape, a.tobytes("A")) for key, a in state.arrays.items()}
        of_model = {key: a.tobytes("A") for key, a in model.arrays.items()}
        since = {key: state.header["log"][key] for key in ("nats", "tokens")}
        rows = [row for row in read_log(log) if row["event"] not in ("start", "end")]
        rows = [{key: value for key, value in row.items() if key not in OF_CHANCE} for row in rows]
        return of_model, model.header["history"], arrays, position, since, rows

    return call


def assert_same(one, other):
    for mine, its in zip(one, other, strict=True):
        assert mine == its


SMALL = ["-t", "char", "--preset", "tanh", "-n", "8", "-b", "4", "--bptt", "8", "--log", "log.jsonl"]
ENDS = {"step 7": signal.SIGTERM, "epoch 1": signal.SIGINT, "step 51": Killed, "step 52": signal.SIGHUP}
WILD = [
    *("--cell", "relu", "--layers", "2", "--optimizer", "sgd", "--lr", "1000", "--clip", "0"),
    *("--schedule", "constant", "--bptt", "32", "--dropout", "0", "--weight-decay", "0"),
    *("--max-rollbacks", "20", "--seed", "2"),
]
WAYS = {
    "dropout, shuffled lines": ["--dropout", "0.2"],
    "carried state": ["--carry-state", "--cell", "lstm", "--layers", "2"],
    "plateau": ["--schedule", "plateau", "--lr", "0.3", "--clip", "0", "--optimizer", "momentum"],
    "no validation": ["--valid-fraction", "0", "--optimizer", "rmsprop"],
    "adaptive": ["--output", "adaptive", "--embedding", "6", "--variational", "--dropout", "0.1"],
    "tied": ["--tie", "--output", "classes", "--cell", "gru", "--optimizer", "adagrad"],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_run_stopped_several_times_ends_as_the_one_that_never_was(
    way, train, finish, outcome, corpus, folder
):
    options = [*SMALL, "--epochs", "3", "--save-every", "9", *way]
    train(corpus, *options, "--quiet")
    expected = outcome()
    for path in folder.glob("*.*"):
        if path.name != corpus:
            path.unlink()
    assert finish(ENDS, corpus, *options) == ("", "")
    assert_same(outcome(), expected)
    assert expected[3]["epoch"] == 3
    assert expected[3]["step"] > 52


def test_columns_and_when_they_last_occurred_come_back(train, finish, outcome, write, read_npz):
    """Of a large vocabulary only the columns of U that occur are updated."""
    write("corpus.txt", ["".join(chr(0x4E00 + (7 * n + k * k) % 400) for k in range(20)) for n in range(60)])
    options = ["corpus.txt", *SMALL, "--min-count", "1", "--epochs", "2"]
    train(*options, "--quiet")
    expected = outcome()
    assert "moments.seen.U" in read_npz("m.state.npz").arrays
    Path("log.jsonl").unlink()
    finish({"step 7": signal.SIGTERM, "step 40": signal.SIGTERM}, *options, "--force")
    assert_same(outcome(), expected)


def test_two_processes_go_on_as_two(train, finish, outcome, write, english, monkeypatch):
    monkeypatch.setattr(executor, "STEP_FLOPS", 0)
    monkeypatch.setattr(executor, "RUN_FLOPS", 0)
    write("corpus.txt", english)
    options = ["corpus.txt", *SMALL, "-b", "8", "--threads", "2", "--epochs", "2", "--dropout", "0.2"]
    assert "threads 2" in train(*options).err
    expected = outcome()
    Path("log.jsonl").unlink()
    finish({"step 3": signal.SIGTERM}, *options, "--force")
    assert_same(outcome(), expected)


def test_a_run_that_goes_back_right_after_it_was_saved_does_so_when_it_goes_on(
    train, finish, outcome, corpus, read_log
):
    options = [*SMALL, *WILD, "--epochs", "3"]
    train(corpus, *options, "--quiet")
    expected = outcome()
    back = [row["step"] for row in read_log("log.jsonl", "rollback")]
    assert len(back) > 2
    Path("log.jsonl").unlink()
    ends = {"step 1": signal.SIGTERM, "rollback 1": signal.SIGTERM, "rollback 3": Killed}
    finish(ends, corpus, *options, "--force", go_on=["--quiet", "--save-every", "1"])
    assert_same(outcome(), expected)


def test_seconds_go_on_adding_up(finish, corpus, read_log):
    finish({"step 10": signal.SIGTERM, "step 30": signal.SIGTERM}, corpus, *SMALL, "--epochs", "2")
    rows = read_log("log.jsonl")
    seconds = [row["seconds"] for row in rows]
    assert seconds == sorted(seconds)
    starts = [row for row in rows if row["event"] == "start"]
    assert [row.get("resumed_at_step") for row in starts] == [None, 10, 30]
    assert [row["reason"] for row in rows if row["event"] == "end"] == [*["stopped by SIGTERM"] * 2, "done"]


# What may change when a run goes on, and what may not.


def test_epochs_take_a_finished_run_further(train, corpus, read_npz, read_log, contents):
    train(corpus, *SMALL, "--epochs", "2", "--quiet")
    before = contents()
    said = train("--resume")
    assert said.err == "m.npz: finished, after 2 epochs: a larger --epochs takes it further\n"
    said = train("--resume", "--epochs", "1")
    assert said.err == "m.npz: finished, after 2 epochs: --epochs 1 is the total, and adds none\n"
    assert train("--resume", "--epochs", "1", "--quiet").err == ""
    assert contents() == before
    train("--resume", "--epochs", "4", "--quiet")
    assert read_npz("m.state.npz").header["position"]["epoch"] == 4
    assert [row["epoch"] for row in read_log("log.jsonl", "valid")] == [1, 2, 3, 4]
    assert "finished, after 4 epochs" in train("--resume").err  # it has been told for good


def test_a_run_that_patience_stopped_wants_more_of_it(worsening, train, fails, read_npz):
    worsening("--patience", "1", "--quiet")
    epoch = read_npz("m.state.npz").header["position"]["epoch"]
    assert epoch < 12
    assert (
        "m.npz: stopped after 1 epochs without improvement: a --patience above that" in train("--resume").err
    )
    assert "--patience too (now 1)" in fails(2, "train", "--resume", "--epochs", "30", "--model", "m.npz")
    train("--resume", "--patience", "2", "--quiet")
    assert read_npz("m.state.npz").header["position"]["epoch"] > epoch


CHANGES = {
    "epochs": ("5", lambda facts: facts["recipe"]["epochs"] == 5),
    "lr": ("0.001", lambda facts: facts["recipe"]["lr"] == 0.001),
    "schedule": ("linear", lambda facts: facts["recipe"]["schedule"] == "linear"),
    "clip": ("0", lambda facts: facts["recipe"]["clip"] is None),
    "dropout": ("0.3", lambda facts: facts["recipe"]["dropout"] == 0.3),
    "weight-decay": ("0.3", lambda facts: facts["recipe"]["weight_decay"] == 0.3),
    "max-rollbacks": ("0", lambda facts: facts["recipe"]["max_rollbacks"] == 0),
    "patience": ("77", lambda facts: facts["patience"] == 77),
    "save-every": ("3", lambda facts: True),
    "threads": ("1", lambda facts: facts["threads"] == 1),
    "log": ("other.jsonl", lambda facts: Path("other.jsonl").exists()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_may_change_holds_from_there(name, train, ends_at, corpus, read_npz, read_log):
    """The log has what decided the run from there, the state what goes on deciding it."""
    value, holds = CHANGES[name]
    log = "other.jsonl" if name == "log" else "log.jsonl"
    ends_at({"step 5": signal.SIGTERM, "step 9": signal.SIGTERM})
    train(corpus, *SMALL, "--epochs", "2", "--quiet", status=143)
    train("--resume", f"--{name}", value, "--quiet", status=143)
    header = read_npz("m.state.npz").header
    assert header["position"]["step"] == 9
    assert holds(read_log(log, "start")[-1]["settings"])
    train("--resume", "--quiet")
    header = read_npz("m.state.npz").header
    assert holds(read_log(log, "start")[-1]["settings"])
    there = header["settings"][name.replace("-", "_")]
    assert there == float(value) if isinstance(there, int | float) else there.endswith(value)


def test_variational_can_be_changed_to_and_fro(train, ends_at, corpus, read_npz):
    ends_at({"step 5": signal.SIGTERM, "step 9": signal.SIGTERM})
    train(corpus, *SMALL, "--dropout", "0.1", "--quiet", status=143)
    train("--resume", "--variational", "--quiet", status=143)
    assert read_npz("m.state.npz").header["settings"]["variational"] is True
    train("--resume", "--no-variational", "--epochs", "1", "--quiet")
    assert read_npz("m.state.npz").header["settings"]["variational"] is False


@pytest.fixture
def stopped(train, ends_at, corpus):
    """A run that stands at its fifth step."""
    ends_at({"step 5": signal.SIGTERM})
    train(corpus, *SMALL, *STOPPED, "--quiet", status=143)


STOPPED = ["--epochs", "9", "--seed", "3", "--batch", "4096"]  # more rows than there is text for
CONTRADICTIONS = [
    (["--hidden", "64"], "--hidden 64 contradicts the run in m.state.npz, which has --hidden 8"),
    (["--layers", "2"], "--layers 2 contradicts the run in m.state.npz, which has --layers 1"),
    (["--cell", "gru"], "--cell gru contradicts the run in m.state.npz, which has --cell tanh"),
    (["--embedding", "3"], "--embedding 3 contradicts the run in m.state.npz, which has --embedding 0"),
    (["--tie"], "--tie contradicts the run in m.state.npz, which is without"),
    (["--output", "adaptive"], "which has --output softmax"),
    (["--batch", "32"], "which has --batch 4096"),
    (["--bptt", "9"], "which has --bptt 8"),
    (["--optimizer", "sgd"], "which has --optimizer adamw"),
    (["--tokenizer", "space"], "which has --tokenizer char"),
    (["--min-count", "3"], "which has --min-count 1"),
    (["--max-size", "99"], "which has --max-size 10000"),
    (["--carry-state"], "--carry-state contradicts the run in m.state.npz, which is without"),
    (["--preset", "small"], "which has --preset tanh"),
    (["--seed", "0"], "which has --seed 3"),
    (["--valid-fraction", "0.2"], "which has --valid-fraction 0.1"),
    (["--valid", "v.txt"], "contradicts the run in m.state.npz, which is without"),
    (["--vocab", "v.txt"], "contradicts the run in m.state.npz, which is without"),
    (["--init", "i.npz"], "contradicts the run in m.state.npz, which is without"),
]


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize(
    ("options", "told"), CONTRADICTIONS, ids=lambda value: value if isinstance(value, str) else value[0]
)
def test_what_may_not_change_is_refused_with_both_values(options, told, fails):
    assert told in fails(2, "train", "--resume", *options, "--model", "m.npz")


@pytest.mark.usefixtures("stopped")
def test_the_whole_command_again_with_resume_goes_on(train, corpus, read_npz):
    """What was cut to fit the text, and what is a default, may be told again too."""
    again = [
        "--min-count",
        "1",
        "--max-size",
        "10000",
        "--no-tie",
        "--valid-fraction",
        "0.1",
        "--cell",
        "tanh",
    ]
    train(corpus, *SMALL, *STOPPED, *again, "--resume", "--quiet")
    assert read_npz("m.state.npz").header["position"]["epoch"] == 9


def test_another_learning_rate_is_not_halved_by_what_was_before(train, ends_at, corpus, read_npz, read_log):
    ends_at({"rollback 2": signal.SIGTERM})
    train(corpus, *SMALL, *WILD, "--epochs", "2", "--quiet", status=143)
    assert read_npz("m.state.npz").header["position"]["rollbacks"] == 2
    train("--resume", "--lr", "0.01", "--quiet")
    assert read_npz("m.state.npz").header["position"]["rollbacks"] == 0
    assert read_log("log.jsonl", "step")[-1]["lr"] == 0.01


# The text is known again by its content.


@pytest.mark.usefixtures("stopped")
def test_a_text_that_has_moved_is_named_and_known_again(train, fails, corpus, read_npz):
    os.rename(corpus, "moved.txt")
    assert "corpus.txt" in fails(1, "train", "--resume", "--model", "m.npz")
    train("moved.txt", "--resume", "--quiet")
    header = read_npz("m.state.npz").header
    assert header["position"]["epoch"] == 9
    assert header["settings"]["corpus"] == [os.path.abspath("moved.txt")]


@pytest.mark.usefixtures("stopped")
def test_a_text_that_has_changed_is_refused_unless_forced(train, fails, write, english, read_npz):
    write("corpus.txt", [*english[:20], *["Ann\xe4 reads."] * 9, *english[20:]])
    message = fails(1, "train", "--resume", "--model", "m.npz")
    assert "corpus.txt: not the text" in message
    assert "--force" in message
    tokens = read_npz("m.npz").tokens
    said = train("--resume", "--force", "--patience", "99")
    assert "rnn: warning: " in said.err
    assert re.search("[1-9] of them unknown", said.err)
    assert read_npz("m.npz").tokens == tokens
    train("--resume", "--epochs", "12", "--quiet")  # from here on it is the text


def test_a_validation_text_may_move_and_not_change(train, ends_at, write, corpus, fails, read_npz):
    write("v.txt", ["Mia reads two birds.", "Tom likes the book."])
    ends_at({"step 5": signal.SIGTERM})
    train(corpus, *SMALL, "--valid", "v.txt", "--epochs", "2", "--quiet", status=143)
    write("w.txt", ["Mia reads two birds.", "Tom likes a book."])
    assert "not the text" in fails(1, "train", "--resume", "--valid", "w.txt", "--model", "m.npz")
    assert "contradicts" in fails(2, "train", "--resume", "--valid-fraction", "0.1", "--model", "m.npz")
    os.rename("v.txt", "u.txt")
    train("--resume", "--valid", "u.txt", "--quiet")
    assert read_npz("m.state.npz").header["settings"]["valid"] == os.path.abspath("u.txt")


def test_the_files_are_found_from_another_folder(train, ends_at, corpus, folder, rnn, monkeypatch, read_npz):
    ends_at({"step 5": signal.SIGTERM})
    train(corpus, *SMALL, "--epochs", "2", "--quiet", status=143)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    rnn("train", "--resume", "--model", "../m.npz", "--quiet")
    assert read_npz("../m.state.npz").header["position"]["epoch"] == 2
    assert list(Path().iterdir()) == []  # the log too is where it was


def test_a_vocabulary_file_is_needed_no_more(rnn, train, ends_at, corpus, read_npz):
    rnn("vocab", corpus, "-t", "char", "--out", "v.vocab")
    ends_at({"step 5": signal.SIGTERM})
    train(corpus, "--vocab", "v.vocab", *SMALL, "--epochs", "2", "--quiet", status=143)
    os.unlink("v.vocab")
    train("--resume", "--quiet")
    assert read_npz("m.state.npz").header["position"]["epoch"] == 2


def test_names_that_are_no_text_are_gone_on_with(train, ends_at, english, read_npz, rnn, folder):
    name = b"-c\xff\xfe \n[red].txt"
    Path(os.fsdecode(name)).write_text("\n".join(english))
    log = os.fsdecode(b"l\xff.jsonl")
    ends_at({"step 5": signal.SIGTERM})
    options = [*SMALL[:-2], "--log", log, "--epochs", "2", "--quiet"]
    rnn("train", *options, "--model", "m.npz", "--", os.fsdecode(name), status=143)
    train("--resume", "--quiet")
    state = read_npz("m.state.npz").header
    assert state["position"]["epoch"] == 2
    assert state["settings"]["corpus"] == [os.path.join(os.getcwd(), os.fsdecode(name))]
    assert len(Path(log).read_text().splitlines()) > 4


# What is not there, or no longer goes together.


def test_where_there_is_no_run_there_is_none_to_go_on_with(fails, corpus):
    message = fails(1, "train", "--resume", "--model", "m.npz")
    assert message.startswith("m.state.npz: ")
    assert "--resume" in message
    fails(1, "train", corpus, "--resume", "--model", "m.npz")


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("lost", [True, False])
def test_a_model_that_the_state_does_not_go_with_is_not_overwritten(
    lost, train, fails, corpus, rnn, read_npz
):
    if lost:
        os.unlink("m.npz")
    else:
        rnn("train", corpus, *SMALL, "--epochs", "1", "--model", "other.npz", "--quiet")
        os.replace("other.npz", "m.npz")
    message = fails(1, "train", "--resume", "--model", "m.npz")
    assert message.startswith("m.npz: not the model that belongs to m.state.npz")
    assert "--force" in message
    epochs = read_npz("m.state.npz").header["position"]["epoch"]
    train("--resume", "--force", "--lr", "0", "--quiet")  # no epoch is better than any before
    header = read_npz("m.npz").header
    assert header["history"]["epoch"] == read_npz("m.state.npz").header["position"]["best_epoch"]
    assert header["history"]["epoch"] == epochs + 1
    assert "without improvement" in train("--resume").err  # they go together again


@pytest.mark.usefixtures("stopped")
def test_a_state_of_an_older_and_of_a_newer_rnn_are_told(fails):
    arrays, header = storage.load(Path("m.state.npz"))
    for version, told in ((1, "older rnn"), (2, "older rnn"), (9, "newer rnn")):
        storage.save(Path("m.state.npz"), arrays, header | {"version": version})
        assert told in fails(1, "train", "--resume", "--model", "m.npz")


def test_resume_of_a_model_file_in_place_of_a_state_is_told(train, fails, corpus):
    train(corpus, *SMALL, "--epochs", "1", "--quiet")
    Path("m.state.npz").write_bytes(Path("m.npz").read_bytes())
    assert "m.state.npz: not a training state" in fails(1, "train", "--resume", "--model", "m.npz")
