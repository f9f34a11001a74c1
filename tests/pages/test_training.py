"""What a page says of a training."""

import json

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.pages.training import POINTS, read_log, trained

HISTORY = {
    "rnn": "0.2",
    "preset": "small",
    "epoch": 2,
    "training": {"lr": 0.1, "clip": None, "epochs": float("inf")},
    "epochs": [{"train_loss": 2.5, "valid_loss": None}, {"train_loss": 2.0, "valid_loss": 2.25}],
}
ROWS = [
    {"event": "start", "run": "a", "settings": {"text": {"lines": 9}}},
    {"event": "step", "run": "a", "step": 10, "epoch": 0, "train_loss": 2.6, "gradient_norm": 0.5},
    *(
        {
            "event": "valid",
            "run": "a",
            "step": 12 * k,
            "epoch": k,
            "train_loss": 3 - k / 2,
            "valid_loss": 2.25,
        }
        for k in (1, 2, 3)
    ),
]


def test_the_history_alone_has_epochs_and_settings():
    told = trained(HISTORY, [])
    assert told["best"] == 2
    assert told["steps"] == []
    assert told["epochs"][1] == {"epoch": 2, "train_loss": 2.0, "valid_loss": 2.25, "sample": None}
    assert told["settings"] == {"preset": "small", "epoch": 2, "lr": 0.1, "rnn": "0.2"}


def test_a_log_adds_later_epochs_steps_and_the_text():
    told = trained(HISTORY, ROWS)
    assert [row["epoch"] for row in told["epochs"]] == [1, 2, 3]
    assert told["steps"] == [{"step": 10, "train_loss": 2.6, "gradient_norm": 0.5}]
    assert told["settings"]["text: lines"] == 9


def test_the_log_of_another_run_is_refused():
    with pytest.raises(RnnError, match="the log is of another run"):
        trained(HISTORY | {"epochs": [{"train_loss": 2.4}]}, ROWS)


def test_a_long_log_is_thinned():
    steps = [{"event": "step", "run": "a", "step": k, "epoch": 0, "train_loss": 1.0} for k in range(1999)]
    assert POINTS / 2 <= len(trained({}, steps)["steps"]) <= POINTS


def test_the_last_run_of_a_log_is_read(write):
    other = [{**row, "run": "b"} for row in ROWS]
    path = write("log.jsonl", map(json.dumps, [*other[:3], *ROWS, other[3]]))
    assert read_log(path) == ROWS


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["not JSON"],
        ["[]"],
        ["{}"],
        ['{"event": "start", "run": "a"}', "3"],
        ['{"event": "start", "run": "a"}', '{"event": "step", "run": "a", "epoch": 1, "step": 1}'],
        ['{"event": "start", "run": "a"}', '{"event": "valid", "run": "a", "train_loss": "x"}'],
        ["[" * 100_000],
    ],
)
def test_what_is_no_log_is_refused_in_a_line(lines, write):
    with pytest.raises(RnnError, match=r"log\.jsonl: not a log of rnn \(rnn train --log writes one\)"):
        read_log(write("log.jsonl", lines))


def test_a_log_of_rnn_is_read(train, corpus, read_npz):
    train(corpus, "--epochs", "3", "--log", "log.jsonl", "--quiet")
    told = trained(read_npz("m.npz").header["history"], read_log("log.jsonl"))
    assert [row["epoch"] for row in told["epochs"]] == [1, 2, 3]
    assert all(row["sample"] for row in told["epochs"])
    assert all(row["gradient_norm"] > 0 for row in told["steps"])
    assert told["settings"]["text: lines"] > 0
