"""Measure how fast training runs, and how fast this machine could multiply."""

import itertools
import time
from dataclasses import dataclass, replace

import numpy as np

from rnn_cli.machine import blas_threads
from rnn_cli.training import loop
from rnn_cli.training.loop import Recipe, StepDone
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.trainable import Windows

WARM_UP = 3  # steps
EPOCHS = 1_000_000  # more than any measurement reaches
PEAK_SIZE = 2048


@dataclass(frozen=True)
class Speed:
    """How much training was done in a measured time."""

    steps: int
    tokens: int
    seconds: float
    phases: dict[str, float]  # the part of these seconds in each phase of a step


def training_speed(executor: Executor, recipe: Recipe, windows: Windows, batch: int, seconds: float) -> Speed:
    """Train the executor's parameters on the windows for about that many seconds, after a warm-up; return the
    speed. Ignores `recipe.epochs`: there are as many epochs as the time allows."""
    at = loop.start(executor, recipe, batch)
    at.state = executor.own_rows(at.state)
    of_first = executor.team.world.share  # the clock of rank 0 decides for all
    events = loop.train(executor, replace(recipe, epochs=EPOCHS), at, lambda epoch: windows)
    steps = (event for event in events if isinstance(event, StepDone))
    list(itertools.islice(steps, WARM_UP))
    before = executor.seconds
    count = tokens = 0
    began = now = time.perf_counter()
    while of_first(now < began + seconds):
        tokens += next(steps).tokens
        count += 1
        now = time.perf_counter()
    phases = {phase: after - before.get(phase, 0) for phase, after in executor.seconds.items()}
    return Speed(count, tokens, now - began, phases)


def peak_flops(threads: int, rounds: int = 5) -> float:
    """Return the floating-point operations per second of a large float32 product, the best of some rounds."""
    a = np.random.default_rng(0).random((PEAK_SIZE, PEAK_SIZE), np.float32)
    product = np.empty_like(a)
    took = []
    with blas_threads(threads):
        for _ in range(rounds):
            began = time.perf_counter()
            np.matmul(a, a, out=product)
            took.append(time.perf_counter() - began)
    return 2 * PEAK_SIZE**3 / min(took)
