"""Training speed on this machine, measured on random text (`rnn bench`)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnn_cli.machine import available_threads
from rnn_cli.runs.memory import refuse_beyond
from rnn_cli.runs.presets import Choices
from rnn_cli.text.vocabulary import SPECIAL
from rnn_cli.text.windows import Windows
from rnn_cli.training.demand import Shape
from rnn_cli.training.loop import Recipe
from rnn_cli.training.measure import Speed, peak_flops, training_speed
from rnn_cli.training.parallel.executor import Executor, worthwhile_threads

WINDOWS = 20  # in the random text
WARMUP = 0.02
USUAL = Choices(
    cell="tanh",
    hidden=256,
    layers=1,
    embedding=0,
    tie=False,
    output="softmax",
    batch=64,
    bptt=64,
    optimizer="adamw",
    lr=6e-3,
    schedule="constant",
    clip=1.0,
    dropout=0.0,
    dropconnect=0.0,
    weight_decay=0.0,
)


@dataclass(frozen=True)
class Result:
    """How fast a network trained.

    flops: operations of the matrix products per token. peak: operations per second of one large product, on
    as many threads.
    """

    network: str
    rows: int
    steps: int
    threads: int
    execution: str
    speed: Speed
    flops: float
    peak: float

    @property
    def rate(self) -> float:
        """Tokens per second."""
        return self.speed.tokens / self.speed.seconds

    @property
    def fraction_of_peak(self) -> float:
        return self.rate * self.flops / self.peak

    @property
    def milliseconds(self) -> dict[str, float]:
        """The time per step, by phase."""
        steps = self.speed.steps
        phases = {phase: 1e3 * seconds / steps for phase, seconds in self.speed.phases.items()}
        return phases | {"rest": 1e3 * self.speed.seconds / steps - sum(phases.values())}


def benchmark(m: int, given: dict[str, Any], threads: int | None, seconds: float) -> Result:
    """Train for about `seconds` on random tokens that are as frequent as words, from a vocabulary of m.

    given: choices that differ from USUAL. Raises RnnError for a run that the machine has no memory for.
    """
    choices, rng = USUAL.given(given), np.random.default_rng(0)
    rows, steps = choices.batch, choices.bptt
    frequencies = 1 / np.arange(1, m - SPECIAL + 1)  # as of words (Zipf 1935)
    ids = SPECIAL + rng.choice(m - SPECIAL, WINDOWS * rows * steps, p=frequencies / frequencies.sum())
    counts = np.bincount(ids, minlength=m)
    network = choices.network(m, choices.cutoffs(counts))
    flops = network.flops(counts)
    threads = worthwhile_threads(flops, rows, steps, math.inf, threads or available_threads())
    recipe = Recipe(
        choices.optimizer,
        choices.lr,
        clip=1.0,
        epochs=1,
        warmup=WARMUP,
        dropout=choices.dropout,
        dropconnect=choices.dropconnect,
    )
    shape = Shape(
        network=network,
        counts=counts,
        optimizer=choices.optimizer,
        drop=recipe.drop,
        batch=rows,
        bptt=steps,
        threads=threads,
        keeps=False,
    )
    refuse_beyond(None, shape)
    p = network.initialise(rng, counts)
    windows = Windows(ids, (np.array([0]), np.array([len(ids)])), rows, steps, carry_state=True)
    with Executor(network, p, (steps, rows), threads) as executor:
        speed = training_speed(executor, recipe, windows, rows, seconds)
    return Result(
        network.describe(), rows, steps, threads, executor.execution, speed, flops, peak_flops(threads)
    )
