"""A mixture of language models with one vocabulary, and of n-grams, as one model that writes
(scores/mixture.py).

At each step all parts read the same token and predict the next: o_t = Σ_i λ_i o_t^(i).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

import numpy as np

from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.scores.mixture import Floats
from rnn_cli.network.arrays import Array, Ids, Parameters, State
from rnn_cli.network.fast.products import plain
from rnn_cli.network.layers import ProductOf
from rnn_cli.network.network import Network, Step
from rnn_cli.scoring.kneser_ney import KneserNey
from rnn_cli.text.vocabulary import END, START


class Part(Protocol):
    """A part of a mixture, which reads a token per step."""

    def zero_state(self, B: int) -> State:
        """Return the states of B texts before their first token."""

    def stepper(self, product: ProductOf) -> Step:
        """Return a step: from tokens (B,) and states to log o_t (B, m) and new states."""


@dataclass(frozen=True)
class OfNetwork:
    """A language model as a part."""

    model: LanguageModel

    def zero_state(self, B: int) -> State:
        return self.model.network.zero_state(B)

    def stepper(self, product: ProductOf) -> Step:
        into = self.model.network.stepper(self.model.p, product)

        def step(x: Ids, state: State) -> tuple[Array, State]:
            z, after = into(x, state)
            return z - np.logaddexp.reduce(z, axis=1, keepdims=True), after

        return step


@dataclass(frozen=True)
class OfNgrams:
    """n-grams as a part; their state is the last tokens of each text, -1 where there are fewer."""

    ngrams: KneserNey

    def zero_state(self, B: int) -> State:
        return {"context": np.full((B, max(1, self.ngrams.order - 1)), -1)}

    def stepper(self, product: ProductOf) -> Step:
        carries = self.ngrams.carry_state

        def step(x: Ids, state: State) -> tuple[Array, State]:
            context = state["context"]
            if carries:  # START comes before a text, and END after each line
                x = np.where((x == START) & (context[:, -1] >= 0), END, x)
            context = np.column_stack([context[:, 1:], x])
            with np.errstate(divide="ignore"):  # the probability of START is 0
                return np.log(self.ngrams.following(context)), {"context": context}

        return step


@dataclass(frozen=True)
class Mixed(Network):
    """Parts as one network that computes steps; its architecture attributes are those of the first part."""

    parts: Sequence[Part] = field(default=(), compare=False)
    weights: Sequence[float] = field(default=(), compare=False)

    def zero_state(self, B: int, dtype: type[np.floating] = np.float32) -> State:
        return {
            f"{k} {name}": array
            for k, part in enumerate(self.parts)
            for name, array in part.zero_state(B).items()
        }

    def stepper(self, p: Parameters, product: ProductOf = plain) -> Step:
        steps = [part.stepper(product) for part in self.parts]
        names = [[*part.zero_state(1)] for part in self.parts]
        with np.errstate(divide="ignore"):  # a weight may be 0
            log_weights = np.log(np.array(self.weights))

        def step(x: Ids, state: State) -> tuple[Array, State]:
            log_o: list[Array] = []
            after: State = {}
            for k, into in enumerate(steps):
                of_part, next_state = into(x, {name: state[f"{k} {name}"] for name in names[k]})
                log_o.append(log_weights[k] + of_part)
                after |= {f"{k} {name}": array for name, array in next_state.items()}
            return np.logaddexp.reduce(log_o), after

        return step


def mixture(models: Mapping[str, LanguageModel], ngrams: KneserNey | None, weights: Floats) -> LanguageModel:
    """Return a language model that writes as a mixture of models with one vocabulary, by their paths, and of
    n-grams with the same ids. weights: of each, in order."""
    first = next(iter(models.values()))
    parts: list[Part] = [*map(OfNetwork, models.values()), *([OfNgrams(ngrams)] if ngrams else [])]
    network = Mixed(**asdict(first.network), parts=parts, weights=weights.tolist())
    return LanguageModel(first.lexicon, network, first.p, first.carry_state)
