"""How long `rnn train` takes to reach a given validation loss on tinyshakespeare.

    python tests/benchmarks/time_to_loss.py tinyshakespeare.txt [--loss 1.886] [--rounds 3] [--flags "…"]

1.886 nats a character is what nanoGPT's recipe for a CPU reaches. The first 1,003,854 characters are for
training, the rest for validation. Prints the validation loss and the seconds of training and validation
until it is reached, for each round and as the median. The flags replace those chosen here for a short run.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TRAIN = 1_003_854
FLAGS = "--preset tanh --epochs 1 --hidden 128 --lr 0.01 --batch 32 --bptt 32 --dropout 0 --weight-decay 0"
RNN = [sys.executable, "-c", "from rnn_cli.cli.app import main; main()"]


def run(train: Path, valid: Path, flags: list[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        command = [*RNN, "train", str(train), "--valid", str(valid), "-t", "char", "--carry-state", "--quiet"]
        command += ["--model", f"{folder}/m.npz", "--log", str(log), *flags]
        subprocess.run(command, check=True)
        rows = [json.loads(line) for line in log.read_text().splitlines()]
    return [row for row in rows if row["event"] == "valid"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--loss", type=float, default=1.886)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flags", default=FLAGS)
    a = parser.parse_args()
    text = a.text.read_text("utf-8")
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        train, valid = Path(folder) / "train.txt", Path(folder) / "valid.txt"
        train.write_text(text[:TRAIN], "utf-8")
        valid.write_text(text[TRAIN:], "utf-8")
        for _ in range(a.rounds):
            for row in run(train, valid, a.flags.split()):
                if row["valid_loss"] <= a.loss:
                    seconds.append(row["seconds"])
                    break
            print(f"{row['valid_loss']:.3f} nats a character after {row['seconds']:.1f} s", flush=True)
    reached = f"median {statistics.median(seconds):.1f} s" if len(seconds) == a.rounds else "not reached"
    print(f"to {a.loss}: {reached} ({a.flags})")


if __name__ == "__main__":
    main()
