"""What each default of `rnn train` is worth: one flag changed at a time, on your own text.

    python tests/benchmarks/defaults.py CORPUS [FLAGS FOR EVERY RUN ...]

Prints a Markdown table: the lowest validation loss (nats per token), its epoch, and the seconds
of training. tests/benchmarks/README.md holds the tables by which the defaults were chosen.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

CHANGES = [
    "",
    "--lr 0.003",
    "--lr 0.012",
    "--batch 16",
    "--batch 64",
    "--bptt 16",
    "--bptt 64",
    "--hidden 128",
    "--hidden 512",
    "--clip 0",
    "--dropout 0",
    "--dropout 0.4",
    "--weight-decay 0",
    "--weight-decay 0.3",
    "--cell relu",
    "--optimizer sgd",
]


def main() -> None:
    common = sys.argv[1:]
    print("| flags | validation | epoch | seconds |\n|---|---|---|---|")
    for change in CHANGES:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log.jsonl"
            command = [sys.executable, "-c", "from rnn_cli.cli.app import main; main()", "train", *common]
            command += [*change.split(), "--quiet", "--model", f"{folder}/m.npz", "--log", str(log)]
            status = subprocess.run(command).returncode
            rows = [json.loads(line) for line in log.read_text().splitlines()]
        valid = [(row["valid_loss"], row["epoch"]) for row in rows if row["event"] == "valid"]
        loss, epoch = min(valid, default=(float("nan"), 0))
        seconds = rows[-1]["seconds"]
        told = change or "the defaults"
        print(f"| {told} | {loss:.3f} | {epoch} | {seconds:.0f} |", "" if not status else f"exit {status}")


if __name__ == "__main__":
    main()
