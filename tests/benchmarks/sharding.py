"""A batch in shards, one per process, against the whole batch with BLAS's own threads.

    python tests/benchmarks/sharding.py [--rounds 5] [--seconds 2] [--shapes 256,65,64,64 …]

Runs both in turn, each in a process of its own, with all cores; prints a Markdown table of the medians.
SHARDED_UP_TO in rnn_cli/training/parallel/executor.py comes from this table.
"""

import argparse
import itertools
import statistics
import subprocess
import sys

import numpy as np

from rnn_cli.machine import available_threads
from rnn_cli.network.network import Network, Sequences
from rnn_cli.training.loop import Recipe
from rnn_cli.training.measure import training_speed
from rnn_cli.training.parallel.executor import Executor

SMALL = ["32,65,32,32", "128,65,50,50", "256,65,64,64", "512,65,64,64", "1024,65,64,64", "2048,65,64,64"]
LARGE = ["200,10000,20,35", "650,10000,20,35", "256,50000,32,32", "1024,20000,32,32"]
WINDOWS = 20


def measure(shape: str, sharded: bool, seconds: float) -> float:
    n, m, B, T = map(int, shape.split(","))
    rng = np.random.default_rng(0)
    ids, ones = rng.integers(m, size=(WINDOWS + 1, T, B)), np.ones((T, B), np.float32)
    windows = [Sequences(x, y, ones, ones) for x, y in itertools.pairwise(ids)]
    network = Network(m, n)
    recipe = Recipe("adam", lr=1e-3, clip=1.0, epochs=1, warmup=0.02)
    p = network.initialise(rng, np.ones(m))
    with Executor(network, p, (T, B), available_threads(), sharded) as executor:
        speed = training_speed(executor, recipe, windows, B, seconds)
    return speed.tokens / speed.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shapes", nargs="*", default=SMALL + LARGE, metavar="n,m,B,T")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)  # a shape and 1 or 0, for a child
    a = parser.parse_args()
    if a.one:
        print(measure(a.one[0], a.one[1] == "1", a.seconds))
        return
    print("| n, m, B, T | parameters | shards, tokens/s | whole, tokens/s | ratio |\n|---|---|---|---|---|")
    for shape in a.shapes:
        rounds = []
        for _ in range(a.rounds):
            command = [sys.executable, __file__, "--seconds", str(a.seconds), "--one", shape]
            outputs = [subprocess.run([*command, which], capture_output=True, check=True) for which in "10"]
            rounds.append([float(output.stdout) for output in outputs])
        shards, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
        n, m, *_ = map(int, shape.split(","))
        ratio = statistics.median(a / b for a, b in rounds)
        size = f"{Network(m, n).size:,}"
        print(
            f"| {shape.replace(',', ', ')} | {size} | {shards:,.0f} | {whole:,.0f} | {ratio:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
