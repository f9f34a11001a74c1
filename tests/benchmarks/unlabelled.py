"""What texts without labels are worth if few have labels: `rnn train --init lm.npz` (Dai and Le 2015).

    python tests/benchmarks/unlabelled.py FOLDER [FOLDER …] [--labels 200] [--rounds 8] [--work DIR]

Each folder holds train.tsv and test.tsv: text, tab, label. A language model learns the texts of train.tsv,
without their labels. In each round some lines of train.tsv are drawn, and a model of labels learns them,
first alone and then from the language model. The script prints the share of the test texts whose label is
right, in each round and on average, for both models and for the linear model of `rnn test --baseline`, and
the processor seconds.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rnn_cli import Settings, Trainer
from rnn_cli.models.loading import load
from rnn_cli.runs.examine import examined

LINEAR = "linear model"
LANGUAGE: dict[str, Any] = {
    "hidden": 64,
    "embedding": 64,
    "cell": "gru",
    "layers": 1,
    "tie": False,
    "epochs": 10,
    "threads": 1,
}


def train(path: Path, settings: Settings) -> float:
    """Train a model; return the seconds of the processor."""
    began = time.process_time()
    for _ in Trainer.begin(settings, path, force=True):
        pass
    return time.process_time() - began


def write(path: Path, lines: Iterable[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return str(path)


def percent(values: Mapping[str, float | None]) -> float:
    """Return the accuracy among the figures of a test, in percent."""
    return 100 * (values["accuracy"] or 0.0)


def measure(folder: Path, labels: int, rounds: int, work: Path) -> None:
    """Print the figures of a set."""
    lines = [line for line in (folder / "train.tsv").read_text("utf-8").split("\n") if line]
    texts = write(work / "texts.txt", (line.split("\t")[0] for line in lines))
    language = work / f"{folder.name}.lm.npz"
    if not language.exists():
        took = train(language, Settings(corpus=[texts], **LANGUAGE))
        print(f"{folder.name:<12} language model of {len(lines):,} texts, {took:.0f} s", flush=True)
    ways = {"labels alone": None, "from the language model": str(language)}
    right: dict[str, list[float]] = {name: [] for name in (*ways, LINEAR)}
    seconds = dict.fromkeys(ways, 0.0)
    for number in range(rounds):
        drawn = write(work / "few.tsv", random.Random(number).sample(lines, labels))
        model = work / "m.npz"
        for name, init in ways.items():
            settings = Settings(corpus=[drawn], task="classify", init=init, seed=number, threads=1)
            seconds[name] += train(model, settings)
            found = examined(load(model), [str(folder / "test.tsv")], work, baseline=drawn)
            right[name].append(percent(found.all.values))
        assert found.rivals is not None
        right[LINEAR].append(percent(found.rivals[LINEAR]))
    for name, values in right.items():
        each = " ".join(f"{value:.1f}" for value in values)
        spent = f", {seconds[name] / rounds:.1f} s each" if name in seconds else ""
        print(f"{folder.name:<12} {name:<24} {sum(values) / rounds:.1f} % ({each}){spent}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--labels", type=int, default=200, help="lines with labels (200)")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument(
        "--work", type=Path, help="where models are kept; a language model there is used again"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = asked.work or Path(folder)
        for each in asked.folders:
            measure(each, asked.labels, asked.rounds, work)


if __name__ == "__main__":
    main()
