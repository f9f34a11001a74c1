"""How fast training goes, and how fast this machine could multiply."""

import itertools
import time
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from rnn_cli.network.arrays import Parameters
from rnn_cli.training import loop
from rnn_cli.training.loop import Recipe, StepDone, Windows
from rnn_cli.training.parallel.executor import Executor

WARM_UP = 3  # steps
EPOCHS = 1_000_000  # beyond what any seconds allow
PEAK_SIZE = 2048


@dataclass(frozen=True)
class Speed:
    steps: int
    tokens: int
    seconds: float
    phases: dict[str, float]  # seconds of these in each phase of a step


def training_speed(
    executor: Executor, recipe: Recipe, p: Parameters, windows: Windows, batch: int, seconds: float
) -> Speed:
    """Train on the windows for about so many seconds, after a warm-up: for more epochs than the recipe has,
    where that many seconds need them."""
    recipe = replace(recipe, epochs=EPOCHS)
    at = loop.start(executor.network, recipe, executor.place(p), batch)
    steps = (
        done for done in loop.train(executor, recipe, at, lambda epoch: windows) if isinstance(done, StepDone)
    )
    list(itertools.islice(steps, WARM_UP))
    before = executor.seconds
    count = tokens = 0
    began = now = time.perf_counter()
    while now < began + seconds:
        tokens += next(steps).tokens
        count += 1
        now = time.perf_counter()
    phases = {phase: after - before.get(phase, 0) for phase, after in executor.seconds.items()}
    return Speed(count, tokens, now - began, phases)


def peak_flops(threads: int, rounds: int = 5) -> float:
    """Floating-point operations a second of a large float32 product, the best of some rounds."""
    a = np.random.default_rng(0).random((PEAK_SIZE, PEAK_SIZE), np.float32)
    product = np.empty_like(a)
    took = []
    with threadpool_limits(threads, user_api="blas"):
        for _ in range(rounds):
            began = time.perf_counter()
            np.matmul(a, a, out=product)
            took.append(time.perf_counter() - began)
    return 2 * PEAK_SIZE**3 / min(took)
