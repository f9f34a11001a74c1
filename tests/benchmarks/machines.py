"""Training on several ranks: what is measured here, what a model of its cost says, and the model's forecast.

    python tests/benchmarks/machines.py [--seconds 4] [--shapes 512,65,32,64 …] [--forecast]

Measures one process with 1 and 2 threads, 2 and 4 ranks of one thread on this machine, and as root 2 and 4
hosts made of network namespaces with links of 1 Gbit (tests/ranks/hosts.sh), all in turn; prints Markdown.
The hosts here share the cores of this machine, and the model knows it. --forecast measures the processor time
of one process only, and prints the model up to 1,024 hosts.
"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn_cli.machine import available_threads
from rnn_cli.network.network import Network, Sequences
from rnn_cli.training.loop import Recipe
from rnn_cli.training.measure import WARM_UP, training_speed
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.world import Team, world_of

SHAPES = ["512,65,32,64", "650,10000,32,35"]  # hidden, vocabulary, rows a rank, steps
NAMES = {65: "characters, gru 512", 10000: "words, gru 650, m = 10,000, tied"}
WINDOWS = 8
GBIT = 1e9 / 8  # bytes a second
LATENCY = 50e-6  # seconds of a message between two hosts
ADDING = 2e9  # bytes of a gradient a second that a rank adds up
HERE = 1.5e9  # bytes a second between ranks on one machine
RANKS = Path(__file__).parents[1] / "ranks"
CORES = 16  # of a host of the forecast, each like one of this machine
ROWS = 16  # a core of such a host


class Sum(NamedTuple):
    """What is summed in a step: bytes of dense gradients, and of columns of tokens that occur on a rank."""

    dense: float
    columns: float

    def seconds(self, ranks: int, bandwidth: float, latency: float = LATENCY) -> float:
        """Return the time of a sum. Each rank sends a slice to each other (Alltoall), adds, and sends what it
        has added to all (Allgather); then comes a small exchange."""
        others = (ranks - 1) / ranks
        sent = 2 * others * (self.dense + self.columns)
        messages = 2 * (ranks - 1) + (4 * (ranks - 1) if self.columns else 0) + np.ceil(np.log2(ranks))
        return sent / bandwidth + others * self.dense / ADDING + float(messages) * latency


class Measured(NamedTuple):
    tokens_a_second: float
    step_seconds: float
    sum_seconds: float
    traffic: float
    processor_seconds: float  # of a step, in the first process


def network_of(shape: str) -> tuple[Network, int, int]:
    n, m, B, T = map(int, shape.split(","))
    network = Network(m, n, "gru", embedding=n, tie=True) if m > 1000 else Network(m, n, "gru")
    return network, B, T


def measure(shape: str, threads: int, accumulate: int, seconds: float) -> dict[str, float]:
    """Train in this process, which may be one of several ranks."""
    network, rows, T = network_of(shape)
    world = world_of(os.environ)
    B = rows * world.size * accumulate
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, network.m + 1)  # Zipf
    ids = rng.choice(network.m, (WINDOWS + 1, T, B), p=share / share.sum())
    ones = np.ones((T, B), np.float32)
    windows = [Sequences(x, y, ones, ones) for x, y in itertools.pairwise(ids)]
    recipe = Recipe("adam", lr=1e-3, clip=1.0, epochs=1, warmup=0.02)
    p = network.initialise(rng, np.ones(network.m))
    team = Team(world, world.size, accumulate)
    with Executor(network, p, (T, B), threads, team=team) as executor:
        began = time.process_time()
        speed = training_speed(executor, recipe, windows, B, seconds)
        processor = time.process_time() - began
    return {
        "tokens_a_second": speed.tokens / speed.seconds,
        "step_seconds": speed.seconds / speed.steps,
        "sum_seconds": speed.phases.get("sum of ranks", 0.0) / speed.steps,
        "traffic": world.traffic / (speed.steps + WARM_UP),
        "processor_seconds": processor / (speed.steps + WARM_UP),
    }


def run(
    shape: str, ranks: int, threads: int, accumulate: int, seconds: float, hosts: Sequence[str]
) -> Measured:
    of_child = [shape, str(threads), str(accumulate)]
    command = [sys.executable, __file__, "--seconds", str(seconds), "--one", *of_child]
    if ranks > 1:
        where = ["-launcher", "ssh", "-launcher-exec", str(RANKS / "netns-ssh"), "-hosts", ",".join(hosts)]
        start = [str(Path(sys.executable).parent / "mpiexec"), *(where if hosts else []), "-n", str(ranks)]
        command = [*(["ip", "netns", "exec", hosts[0]] if hosts else []), *start, *command]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return Measured(**json.loads(done.stdout))


@contextmanager
def namespaces(count: int) -> Iterator[list[str]]:
    prefix = f"b{os.getpid()}n"
    script = ["bash", str(RANKS / "hosts.sh")]
    subprocess.run([*script, "up", prefix, str(count), "1gbit"], check=True)
    try:
        yield [f"{prefix}{k}" for k in range(1, count + 1)]
    finally:
        subprocess.run([*script, "down", prefix, str(count)], check=True)


def sum_of(shape: str, accumulate: int = 1) -> Sum:
    network, rows, T = network_of(shape)
    dense = sum(4 * size for name, size in network.sizes.items() if network.is_dense(name))
    share = 1 / np.arange(1, network.m + 1)
    share /= share.sum()
    tokens = float(np.sum(1 - (1 - share) ** (rows * accumulate * T)))
    widths = [network.shapes[name][0] for name in network.sizes if not network.is_dense(name)]
    return Sum(dense, sum(tokens * (4 * width + 8) for width in widths))


def measured(shape: str, seconds: float) -> None:
    print(f"\n**{NAMES.get(network_of(shape)[0].m, shape)}**: {shape.replace(',', ', ')}\n")
    print("| how | tokens/s | seconds a step | of it the sum | sent, MiB a step | the model |")
    print("|---|---|---|---|---|---|")
    one = run(shape, 1, 1, 1, seconds, [])
    cores = available_threads()

    def row(name: str, found: Measured, expected: float | None) -> None:
        said = "" if expected is None else f"{expected:.3f}"
        figures = f"{found.tokens_a_second:,.0f} | {found.step_seconds:.3f} | {found.sum_seconds:.3f}"
        print(f"| {name} | {figures} | {found.traffic / 2**20:.1f} | {said} |", flush=True)

    def expected(ranks: int, accumulate: int, bandwidth: float) -> float:
        compute = one.step_seconds * accumulate * max(1.0, ranks / cores)
        return compute + sum_of(shape, accumulate).seconds(ranks, bandwidth)

    row("one process", one, None)
    n, m, B, T = shape.split(",")
    row("two threads, twice the rows", run(f"{n},{m},{2 * int(B)},{T}", 1, 2, 1, seconds, []), None)
    for ranks in (2, 4):
        row(f"{ranks} ranks here", run(shape, ranks, 1, 1, seconds, []), expected(ranks, 1, HERE))
    if os.geteuid():
        return
    for ranks, accumulate in ((2, 1), (4, 1), (4, 4)):
        with namespaces(ranks) as hosts:
            found = run(shape, ranks, 1, accumulate, seconds, hosts)
        name = f"{ranks} hosts, 1 Gbit" + (f", `--accumulate {accumulate}`" if accumulate > 1 else "")
        row(name, found, expected(ranks, accumulate, GBIT))


def forecast(shape: str, seconds: float) -> None:
    """Print the share of so many times one host's rate that so many hosts reach."""
    n, m, B, T = map(int, shape.split(","))
    one = run(shape, 1, 1, 1, seconds, []).processor_seconds
    compute = one * ROWS / B  # of a host: each core has ROWS rows
    rows = CORES * ROWS
    network = network_of(shape)[0]
    print(
        f"\n**{NAMES.get(m, shape)}**: {network.size:,} parameters, {rows} rows a host of {CORES} cores, "
        f"{T} steps, {compute:.3f} s a window\n"
    )
    counts = (2, 4, 16, 64, 256, 1024)
    print(f"| network, `--accumulate` | {' | '.join(f'{count:,} hosts' for count in counts)} |")
    print("|---" * (len(counts) + 1) + "|")
    for gbit in (1, 10, 100):
        for accumulate in (1, 4, 16):
            of_step = sum_of(f"{n},{m},{rows},{T}", accumulate)
            latency = LATENCY if gbit < 100 else 5e-6
            efficiency = [
                compute * accumulate / (compute * accumulate + of_step.seconds(count, gbit * GBIT, latency))
                for count in counts
            ]
            cells = " | ".join(f"{share:.0%}" for share in efficiency)
            print(f"| {gbit} Gbit, {accumulate} | {cells} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shapes", nargs="*", default=SHAPES, metavar="n,m,B,T")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--forecast", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)  # shape, threads, accumulate: of a child
    a = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no namespace is left
    if a.one:
        found = measure(a.one[0], int(a.one[1]), int(a.one[2]), a.seconds)
        if world_of(os.environ).rank == 0:
            print(json.dumps(found))
        return
    for shape in a.shapes:
        (forecast if a.forecast else measured)(shape, a.seconds)


if __name__ == "__main__":
    main()
