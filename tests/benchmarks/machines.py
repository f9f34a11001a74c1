"""Training on several ranks: measurements on this machine, a cost model, and the model's forecast.

    python tests/benchmarks/machines.py [--seconds 4] [--shapes 512,65,32,64 …] [--pairs 5 | --forecast]

Measures one process with 1 and 2 threads, 2 and 4 ranks of one thread on this machine, and, as root, 2 and 4
hosts made of network namespaces with 1 Gbit links (tests/ranks/hosts.sh), all in turn; prints Markdown.
These hosts share the cores of this machine, and the model allows for that. --pairs measures two ranks here
and two threads in turn, and prints their ratio. --forecast measures only the processor time of one process,
and prints the model up to 1,024 hosts.
"""

import argparse
import itertools
import json
import os
import signal
import statistics
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
CODING = 1.5e9  # and that it encodes in 16 bits and decodes
HERE = 1.5e9  # bytes a second between ranks on one machine
RANKS = Path(__file__).parents[1] / "ranks"
CORES = 16  # of a host of the forecast, each like one of this machine
ROWS = 16  # of a core of such a host
WAYS = ((1, 32), (4, 32), (4, 16), (16, 32))  # of the forecast: windows a step, bits of a number in a sum


class Sum(NamedTuple):
    """What is summed in a step: bytes of dense gradients, and of columns of tokens that occur on a rank.

    bits: of a number on its way.
    """

    dense: float
    columns: float
    bits: int

    def seconds(self, ranks: int, bandwidth: float, latency: float = LATENCY) -> float:
        """Return the time of a sum. Each rank sends a slice to each other (Alltoall), adds, and sends what it
        has added to all (Allgather); then comes a small exchange."""
        others = (ranks - 1) / ranks
        sent = 2 * others * (self.dense + self.columns) * self.bits / 32
        messages = 2 * (ranks - 1) + (4 * (ranks - 1) if self.columns else 0) + np.ceil(np.log2(ranks))
        coding = (self.dense + self.columns) / CODING if self.bits < 32 else 0.0
        return sent / bandwidth + others * self.dense / ADDING + coding + float(messages) * latency


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


class How(NamedTuple):
    """How a process trains: its threads, windows a step, bits of a number between ranks."""

    threads: int = 1
    accumulate: int = 1
    bits: int = 32


def measure(shape: str, how: How, seconds: float) -> dict[str, float]:
    """Train in this process, which may be one of several ranks."""
    network, rows, T = network_of(shape)
    world = world_of(os.environ)
    B = rows * world.size * how.accumulate
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, network.m + 1)  # Zipf
    ids = rng.choice(network.m, (WINDOWS + 1, T, B), p=share / share.sum())
    ones = np.ones((T, B), np.float32)
    windows = [Sequences(x, y, ones, ones) for x, y in itertools.pairwise(ids)]
    recipe = Recipe("adam", lr=1e-3, clip=1.0, epochs=1, warmup=0.02)
    p = network.initialise(rng, np.ones(network.m))
    team = Team(world, world.size, how.accumulate, how.bits)
    with Executor(network, p, (T, B), how.threads, team=team) as executor:
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


def run(shape: str, ranks: int, how: How, seconds: float, hosts: Sequence[str] = ()) -> Measured:
    of_child = [shape, *map(str, how)]
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


def sum_of(shape: str, accumulate: int = 1, bits: int = 32) -> Sum:
    network, rows, T = network_of(shape)
    dense = sum(4 * size for name, size in network.sizes.items() if network.is_dense(name))
    share = 1 / np.arange(1, network.m + 1)
    share /= share.sum()
    tokens = float(np.sum(1 - (1 - share) ** (rows * accumulate * T)))
    widths = [network.shapes[name][0] for name in network.sizes if not network.is_dense(name)]
    return Sum(dense, sum(tokens * (4 * width + 256 / bits) for width in widths), bits)


def measured(shape: str, seconds: float) -> None:
    print(f"\n**{NAMES.get(network_of(shape)[0].m, shape)}**: {shape.replace(',', ', ')}\n")
    print("| how | tokens/s | seconds a step | of it the sum | sent, MiB a step | the model |")
    print("|---|---|---|---|---|---|")
    one = run(shape, 1, How(), seconds)
    cores = available_threads()

    def row(name: str, found: Measured, expected: float | None) -> None:
        said = "" if expected is None else f"{expected:.3f}"
        figures = f"{found.tokens_a_second:,.0f} | {found.step_seconds:.3f} | {found.sum_seconds:.3f}"
        print(f"| {name} | {figures} | {found.traffic / 2**20:.1f} | {said} |", flush=True)

    def expected(ranks: int, how: How, bandwidth: float) -> float:
        compute = one.step_seconds * how.accumulate * max(1.0, ranks / cores)
        return compute + sum_of(shape, how.accumulate, how.bits).seconds(ranks, bandwidth)

    row("one process", one, None)
    row("two threads, twice the rows", run(of_two_threads(shape), 1, How(2), seconds), None)
    for ranks in (2, 4):
        row(f"{ranks} ranks here", run(shape, ranks, How(), seconds), expected(ranks, How(), HERE))
    if os.geteuid():
        return
    for ranks, accumulate, bits in ((2, 1, 32), (2, 1, 16), (4, 1, 32), (4, 4, 32), (4, 4, 16)):
        how = How(1, accumulate, bits)
        with namespaces(ranks) as hosts:
            found = run(shape, ranks, how, seconds, hosts)
        name = f"{ranks} hosts, 1 Gbit" + (f", `--accumulate {accumulate}`" if accumulate > 1 else "")
        name += f", `--sum-bits {bits}`" if bits < 32 else ""
        row(name, found, expected(ranks, how, GBIT))


def of_two_threads(shape: str) -> str:
    """Return a shape with the rows of two ranks."""
    n, m, B, T = shape.split(",")
    return f"{n},{m},{2 * int(B)},{T}"


def pairs(shape: str, seconds: float, rounds: int) -> None:
    """Print the rate of two ranks here over that of two threads, measured in turn."""
    ratios = []
    for _ in range(rounds):
        threads = run(of_two_threads(shape), 1, How(2), seconds)
        ratios.append(run(shape, 2, How(), seconds).tokens_a_second / threads.tokens_a_second)
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"{shape}: two ranks over two threads: {statistics.median(ratios):.3f}, the median of {shown}")


def forecast(shape: str, seconds: float, of_core: int) -> None:
    """Print the share of so many times one host's rate that so many hosts reach. of_core: rows of a core."""
    n, m, B, T = map(int, shape.split(","))
    one = run(shape, 1, How(), seconds).processor_seconds
    compute = one * of_core / B  # of a host: each core has as many rows
    rows = CORES * of_core
    network = network_of(shape)[0]
    print(
        f"\n**{NAMES.get(m, shape)}**: {network.size:,} parameters, {rows} rows a host of {CORES} cores, "
        f"{T} steps, {compute:.3f} s a window\n"
    )
    counts = (2, 4, 16, 64, 256, 1024)
    print(f"| network, `--accumulate`, bits | {' | '.join(f'{count:,} hosts' for count in counts)} |")
    print("|---" * (len(counts) + 1) + "|")
    for gbit in (1, 10, 100):
        for accumulate, bits in WAYS:
            of_step = sum_of(f"{n},{m},{rows},{T}", accumulate, bits)
            latency = LATENCY if gbit < 100 else 5e-6
            efficiency = [
                compute * accumulate / (compute * accumulate + of_step.seconds(count, gbit * GBIT, latency))
                for count in counts
            ]
            cells = " | ".join(f"{share:.0%}" for share in efficiency)
            print(f"| {gbit} Gbit, {accumulate}, {bits} | {cells} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shapes", nargs="*", default=SHAPES, metavar="n,m,B,T")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--pairs", type=int, metavar="ROUNDS", help="two ranks and two threads in turn")
    parser.add_argument("--forecast", action="store_true")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of a core of the forecast")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)  # shape, and How: of a child
    a = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no namespace is left
    if a.one:
        found = measure(a.one[0], How(*map(int, a.one[1:])), a.seconds)
        if world_of(os.environ).rank == 0:
            print(json.dumps(found))
        return
    for shape in a.shapes:
        if a.forecast:
            forecast(shape, a.seconds, a.rows)
        elif a.pairs:
            pairs(shape, a.seconds, a.pairs)
        else:
            measured(shape, a.seconds)


if __name__ == "__main__":
    main()
