"""How a model was trained, as a page shows it: from the model's history and, if there is one, its log."""

import json
import math
from pathlib import Path
from typing import Any

from rnn_cli.errors import RnnError

POINTS = 400  # points of a curve of steps, at most
OF_EPOCH = ("train_loss", "valid_loss", "sample")
OF_STEP = ("step", "train_loss", "gradient_norm")

Row = dict[str, Any]


def trained(history: Row, log: list[Row]) -> Row:
    """Return the epochs, the steps and the settings of a run. A history that rnn did not write may lack all
    of them.

    log: the rows of the run, or none. Raises RnnError if they are not of the same run as the history.
    """
    listed = history.get("epochs")
    known = listed if isinstance(listed, list) else []
    epochs = {number: epoch for number, epoch in enumerate(known, 1) if isinstance(epoch, dict)}
    for row in log:
        if row.get("event") == "valid":
            _refuse_another(epochs.get(row["epoch"]), row)
            epochs[row["epoch"]] = row
    steps = [row for row in log if row.get("event") == "step"]
    every = math.ceil(len(steps) / POINTS) or 1
    return {
        "epochs": [{"epoch": number} | _only(OF_EPOCH, epochs[number]) for number in sorted(epochs)],
        "best": _only(("epoch",), history)["epoch"],
        "steps": [_only(OF_STEP, row) for row in steps[::every]],
        "settings": _settings(history, log),
    }


def _refuse_another(known: Row | None, row: Row) -> None:
    if known and not math.isclose(known.get("train_loss") or 0, row["train_loss"], rel_tol=1e-6):
        raise RnnError("the log is of another run: its losses are not those of the model")


def _only(names: tuple[str, ...], row: Row) -> Row:
    return {name: value if _is_said(value := row.get(name)) else None for name in names}


def _settings(history: Row, log: list[Row]) -> Row:
    """Return the settings of the run, and the size of its text if the log has it."""
    start: Any = next((row["settings"] for row in log if row.get("event") == "start"), {})
    text = start.get("text") if isinstance(start, dict) else None
    training = history.get("training")
    named = {f"text: {name}": value for name, value in text.items()} if isinstance(text, dict) else {}
    named |= {name: history.get(name) for name in ("preset", "epoch", "step", "tokens")}
    named |= training if isinstance(training, dict) else {}
    named["rnn"] = history.get("rnn")
    return {name: value for name, value in named.items() if _is_said(value)}


def _is_said(value: Any) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def read_log(path: Path) -> list[Row]:
    """Return the rows of the last run in a log. Raises RnnError for a file that is not a log of rnn."""
    with open(path, "rb") as file:
        lines = [line for line in file if line.strip()]
    try:
        rows = [json.loads(line) for line in lines]
        last = [row["run"] for row in rows if row["event"] == "start"][-1]
        own = [row for row in rows if row.get("run") == last]
        for row in own:
            if row["event"] in ("step", "valid"):
                float(row["train_loss"]), int(row["epoch"]), int(row["step"])
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise RnnError(f"{path}: not a log of rnn (rnn train --log writes one)") from error
    return own
