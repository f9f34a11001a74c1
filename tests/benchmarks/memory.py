"""Peak memory of training with a large vocabulary, beyond weights, gradients and optimizer state.

    python tests/benchmarks/memory.py [--vocab 200000] [--hidden 128]

Prints, in MiB, the total size of the arrays that training must have, the process's peak above its size before
they were made, and the difference, which should be a fixed slack whatever the vocabulary.
"""

import argparse
import resource

import numpy as np

from rnn_cli.machine import available_threads
from rnn_cli.network.network import Network, Sequences
from rnn_cli.training import loop
from rnn_cli.training.parallel.executor import Executor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocab", type=int, default=200_000)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--bptt", type=int, default=32)
    parser.add_argument("--steps", type=int, default=3)
    a = parser.parse_args()

    rng = np.random.default_rng(0)
    shape = (a.bptt, a.batch)
    ids = rng.integers(a.vocab, size=(a.steps + 1, *shape))
    ones = np.ones(shape, np.float32)
    windows = [Sequences(ids[k], ids[k + 1], ones, ones) for k in range(a.steps)]
    network = Network(a.vocab, a.hidden)
    recipe = loop.Recipe("adam", lr=1e-3, clip=1.0, epochs=1, warmup=0.1)

    before = peak()
    p = {name: rng.standard_normal(shape, np.float32) * 0.1 for name, shape in network.shapes.items()}
    with Executor(network, p, shape, available_threads()) as executor:
        del p  # the executor has its own
        at = loop.start(executor, recipe, a.batch)
        for _ in loop.train(executor, recipe, at, lambda epoch: windows):
            pass
        weights = sum(array.nbytes for array in at.p.values())
        gradients = sum(array.nbytes for name, array in at.p.items() if network.is_dense(name))
    needed = (weights + gradients + sum(array.nbytes for array in at.moments.values())) / 2**20
    used = peak() - before
    print(
        f"vocabulary {a.vocab:,}, hidden {a.hidden}: arrays {needed:,.0f} MiB, peak {used:,.0f} MiB, ", end=""
    )
    print(f"beyond them {used - needed:,.0f} MiB")


def peak() -> float:
    """The process's largest resident size so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
