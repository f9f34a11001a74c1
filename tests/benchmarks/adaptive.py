"""The adaptive output layer compared with the full softmax: its speed, and its cost in quality.

    python tests/benchmarks/adaptive.py [CORPUS] [FLAGS FOR BOTH RUNS ...]

Prints the median ratio of training throughput at a vocabulary of 100,000 (hidden 256, 64 rows of 35 steps,
tokens as frequent as words are), both measured in turn; with a CORPUS also the best validation loss of
`rnn train` on it with each layer.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RNN = [sys.executable, "-c", "from rnn_cli.cli.app import main; main()"]
SHAPE = ["--hidden", "256", "--vocab", "100000", "--batch", "64", "--bptt", "35", "--seconds", "5"]
LAYERS = ("adaptive", "softmax")
ROUNDS = 3


def speed(output: str) -> float:
    command = [*RNN, "bench", "--json", "--output", output, *SHAPE]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["tokens_per_second"]


def quality(output: str, options: list[str]) -> tuple[float, float]:
    """The best validation loss and the seconds of training."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        command = [*RNN, "train", *options, "--output", output, "--no-tie", "--quiet"]
        subprocess.run([*command, "--model", f"{folder}/m.npz", "--log", str(log)], check=True)
        rows = [json.loads(line) for line in log.read_text().splitlines()]
    return rows[-1]["valid_loss"], rows[-1]["seconds"]


def main() -> None:
    rounds = [[speed(output) for output in LAYERS] for _ in range(ROUNDS)]
    for output, rates in zip(LAYERS, zip(*rounds, strict=True), strict=True):
        print(f"{output}: {statistics.median(rates):,.0f} tokens/s")
    print(f"ratio: {statistics.median(fast / slow for fast, slow in rounds):.1f}")
    if sys.argv[1:]:
        for output in LAYERS:
            loss, seconds = quality(output, sys.argv[1:])
            print(f"{output}: validation {loss:.3f} after {seconds:.0f} s")


if __name__ == "__main__":
    main()
