"""Check every hand-written derivative, as the executor computes it (in shards, with dropout), against
differences and against the tutorial's own backward pass."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rnn_cli.network.arrays import Array, Masks, Parameters, State
from rnn_cli.network.columns import Gradients
from rnn_cli.network.functions import Drop
from rnn_cli.network.gradcheck import (
    Check,
    carried_state,
    combinations,
    gradcheck,
    hard_batch,
    noisy_parameters,
    second_opinion,
)
from rnn_cli.network.gradcheck_sequences import TASKS, Draw, Example, SequenceNetwork
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Batch, Network
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.ranks import NO_DROPOUT, Dropout
from rnn_cli.training.parallel.world import ROWS

VOCABULARIES = (7, ONE_HOT_UP_TO + 1)  # one for each way of computing the gradient of a table
ENTRIES = 20
ENTRIES_OF_A_MODEL = 50
ENTRIES_OF_SEQUENCES = 10
OF_TASK = {"rate": "classify"}  # which row of TASKS a task without its own uses
DROPOUT = Dropout(Drop(0.3), key=tuple(b"gradcheck"))
AGREEMENT = 1e-9  # between two ways of computing a gradient, relative to its largest entry; usually 1e-15


class Case(NamedTuple):
    """A network to check, with its parameters."""

    network: Network
    p: Parameters
    shards: int  # 1: in this process, with lines that end; 2: in two processes, with a state that runs on
    entries: int  # of each array
    dropout: Dropout


class SequenceCase(NamedTuple):
    """A network of whole sequences to check, for one of TASKS."""

    task: str
    example: Example
    shards: int
    entries: int
    dropout: Dropout

    @property
    def network(self) -> SequenceNetwork:
        """The example's network."""
        return self.example.network


@dataclass(frozen=True)
class Report:
    """How well the derivatives of a case agree.

    checks: the agreement with differences, one check for each array.
    opinions: the agreement with the tutorial's derivatives (network/tutorial.py), by array: the largest
        error, relative to the array's largest entry. None if the tutorial cannot express the network.
    """

    case: Case | SequenceCase
    checks: list[Check]
    opinions: dict[str, float] | None

    @property
    def ok(self) -> bool:
        """Whether all agree."""
        return all(check.ok for check in self.checks) and self.agrees_with_tutorial()

    def agrees_with_tutorial(self, name: str | None = None) -> bool:
        """Return whether one array, or every array, agrees with the tutorial's; True if there is no
        opinion."""
        opinions = self.opinions or {}
        errors = opinions.values() if name is None else [opinions.get(name, 0.0)]
        return all(error <= AGREEMENT for error in errors)

    @property
    def worst(self) -> Check:
        """The check with the largest error; its `checked` counts the entries of all arrays."""
        worst = max(self.checks, key=lambda check: check.error)
        return worst._replace(checked=sum(check.checked for check in self.checks))

    @property
    def worst_opinion(self) -> float | None:
        """The largest error of any array against the tutorial."""
        return None if self.opinions is None else max(self.opinions.values())


def random_numbers(seed: int) -> np.random.Generator:
    """Return the generator that draws cases and their batches."""
    return np.random.default_rng((seed, *b"gradcheck"))


def cases(hidden: int, chosen: Mapping[str, Any], rng: np.random.Generator) -> list[Case]:
    """Return a case for every valid network with the chosen properties and, for one network of each cell, a
    second case in two shards.

    chosen: properties by the names of Network's fields: cell, layers, embedding, tie, output.
    Raises ValueError if no network has these properties.
    """
    networks = [network for m in VOCABULARIES for network in combinations(m, hidden, **chosen)]
    if not networks:
        raise ValueError("a tied embedding has the hidden size, and its output layer is a softmax")
    last_of_each_cell = {network.cell: network for network in networks}.values()
    shards = [(network, 1) for network in networks] + [(network, 2) for network in last_of_each_cell]
    return [
        Case(network, noisy_parameters(network, rng), count, ENTRIES, DROPOUT) for network, count in shards
    ]


def model_case(network: Network, p: Parameters) -> Case:
    """Return the case of a trained model, with its own parameters and without dropout."""
    return Case(network, p, 1, ENTRIES_OF_A_MODEL, NO_DROPOUT)


def check(case: Case, rng: np.random.Generator) -> Report:
    """Check the derivatives of a case on a batch drawn by rng, in float64."""
    network, p, shards, entries, dropout = case
    batch = hard_batch(network.m, rng, B=ROWS * shards, runs_on=shards > 1)
    T, B = batch.weight.shape
    state = carried_state(network, B, rng)
    masks = _masks(case, T)
    with Executor(network, p, (T, B), shards, sharded=True, dtype=np.float64) as executor:

        def by_hand(_: Parameters, batch: Batch, state: State) -> Gradients:
            return executor.loss_and_gradients(batch, state, dropout)[1]

        checks = [*gradcheck(network, p, batch, state, rng, entries, masks, by_hand)]
        ours = network.dense(executor.loss_and_gradients(batch, state)[1])
    with np.errstate(all="ignore"):  # with huge parameters a probability may be 0; the error then shows
        tutorials = second_opinion(network, network.lay_out(p, np.float64), batch, state)
    if tutorials is None:
        return Report(case, checks, None)
    return Report(case, checks, {name: _error(ours[name], theirs) for name, theirs in tutorials.items()})


def sequence_cases(hidden: int, cells: Collection[str], rng: np.random.Generator) -> list[SequenceCase]:
    """Return a case for each example of every task with each of the cells and, in two shards, another case
    for each task's first example with the last cell."""
    found = []
    for name, task in TASKS.items():
        for cell in cells:
            found += [
                SequenceCase(name, example, 1, ENTRIES_OF_SEQUENCES, DROPOUT)
                for example in task.examples(cell, hidden, Draw(ROWS, rng))
            ]
        in_shards = next(task.examples(cell, hidden, Draw(2 * ROWS, rng)))
        found.append(SequenceCase(name, in_shards, 2, ENTRIES_OF_SEQUENCES, DROPOUT))
    return found


def sequence_model_case(
    task: str, network: SequenceNetwork, p: Parameters, rng: np.random.Generator
) -> SequenceCase:
    """Return the case of a trained model of whole sequences, with its own parameters and without dropout."""
    example = TASKS[OF_TASK.get(task, task)].example(network, p, Draw(ROWS, rng))
    return SequenceCase(task, example, 1, ENTRIES_OF_A_MODEL, NO_DROPOUT)


def check_sequences(case: SequenceCase, rng: np.random.Generator) -> Report:
    """Check the derivatives of a case against differences, in float64."""
    _, example, shards, entries, dropout = case
    network, p, batch = example.network, example.p, example.batch
    T, B = batch.weight.shape
    with Executor(network, p, (T, B), shards, sharded=True, dtype=np.float64) as executor:

        def by_hand(_: Parameters, batch: Batch, state: State) -> Gradients:
            return executor.loss_and_gradients(batch, state, dropout)[1]

        state = network.zero_state(B, np.float64)
        return Report(
            case, [*gradcheck(network, p, batch, state, rng, entries, _masks(case, T), by_hand)], None
        )


def _masks(case: Case | SequenceCase, T: int) -> Masks:
    """Return the dropout masks that the executor draws, with all shards side by side."""
    of_shards = [case.dropout.masks(case.network, ROWS * k, T, ROWS) for k in range(case.shards)]
    return {name: np.concatenate([masks[name] for masks in of_shards], axis=1) for name in of_shards[0]}


def _error(ours: Array, theirs: Array) -> float:
    """Return the largest difference, relative to the largest entry; inf if the error is not finite."""
    error = np.abs(ours - theirs).max() / max(np.abs(theirs).max(), np.finfo(float).tiny)
    return float(error) if np.isfinite(error) else float("inf")
