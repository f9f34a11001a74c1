"""The readers of a text to be scored: a model, predictors to compare with it, and a mixture of all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.scores.chunks import Chunk, Reading, read_chunks
from rnn_cli.models.scores.lines import baseline
from rnn_cli.models.scores.mixture import best_weights, mixed
from rnn_cli.models.scores.predictors import NetworkPredictor, NgramPredictor, Predictor
from rnn_cli.models.scores.tally import Line, Scored, Tally
from rnn_cli.scoring.kneser_ney import KneserNey
from rnn_cli.text.arriving import read_blocks
from rnn_cli.text.lexicon import Lexicon

MODEL, BASELINE = "model", "baseline"  # names of predictors; those in a mixture have the models' paths

Floats = NDArray[np.float64]
Makers = dict[str, Callable[[], Predictor]]


@dataclass(frozen=True)
class Counted:
    """The text whose n-grams are compared with a model.

    order: None: the default for the model's tokenizer. most: the number of tokens counted, from the text's
    start.
    """

    path: str
    order: int | None
    most: int


@dataclass(frozen=True)
class Ngrams:
    """The n-grams of a text in a model's ids. is_cut: whether the text is longer than the part counted."""

    counts: KneserNey
    is_cut: bool

    @classmethod
    def of(cls, model: LanguageModel, counted: Counted, encoding: str | None) -> "Ngrams":
        order = counted.order or model.lexicon.tokenizer.ngram_order
        return cls(*baseline(model, read_blocks([counted.path], encoding), order, counted.most))

    @property
    def order(self) -> int:
        return self.counts.order


class Side:
    """Predictors that read a text together, and what it costs each of them.

    tallies: the sums for each, by name; MODEL's are the main ones. weights: of a mixture, by name.
    """

    def __init__(self, lexicon: Lexicon, reading: Reading, makers: Makers, weights: Floats | None = None):
        """makers: for each predictor, by name. weights: MODEL is the mixture of all of them; None: it is one
        of them."""
        self._lexicon, self._weights, self.reading = lexicon, weights, reading
        self._predictors = {name: make() for name, make in makers.items()}
        self.weights = {} if weights is None else dict(zip(makers, weights.tolist(), strict=True))
        self.tallies = {name: Tally() for name in (MODEL, *(name for name in makers if name != MODEL))}

    def read(self, blocks: Iterator[str]) -> Iterator[Scored]:
        """Yield the text as MODEL scores it, while adding up the sums of all others."""
        for chunk in read_chunks(self._lexicon, blocks, self.reading):
            nats = self.nats(chunk)
            for name, tally in self.tallies.items():
                if name != MODEL:
                    tally.add_all(Scored(chunk, nats[name]))
            yield Scored(chunk, nats[MODEL])

    def nats(self, chunk: Chunk) -> dict[str, Floats]:
        """Return -log p of a chunk's ids, (N,), for each predictor and for MODEL."""
        nats = {name: predictor.nats(chunk) for name, predictor in self._predictors.items()}
        return nats if self._weights is None else nats | {MODEL: mixed([*nats.values()], self._weights)}

    def lines(self, blocks: Iterator[str]) -> Iterator[Line]:
        """Yield the lines of the text, while adding up MODEL's sums too."""
        for scored in self.read(blocks):
            yield from self.tallies[MODEL].add(scored)


def makers_of(
    models: dict[str, LanguageModel], ngrams: Ngrams | None, dynamic: float, threads: int | None
) -> Makers:
    """Return functions that make predictors, each starting at the beginning of a text.

    dynamic: the learning rate of dynamic evaluation, 0 for none.
    """
    makers: Makers = {
        name: (lambda model=model: NetworkPredictor(model, dynamic, threads))  # type: ignore[misc]
        for name, model in models.items()
    }
    if ngrams is not None:
        counts = ngrams.counts
        makers[BASELINE] = lambda: NgramPredictor(counts)
    return makers


def weights_on(path: str, encoding: str | None, lexicon: Lexicon, reading: Reading, makers: Makers) -> Floats:
    """Return the mixture weights that make the text in a file most likely. Raises RnnError for a file without
    text."""
    side = Side(lexicon, reading, makers)
    parts: list[list[Floats]] = [[] for _ in makers]
    for chunk in read_chunks(lexicon, read_blocks([path], encoding), reading):
        for part, nats in zip(parts, side.nats(chunk).values(), strict=True):
            part.append(nats)
    of_text = [np.concatenate(part or [np.empty(0)]) for part in parts]
    if not len(of_text[0]):
        raise RnnError(f"{path}: no text in it to find the weights of --mix on")
    return best_weights(of_text)


def refuse_unlike(models: dict[str, LanguageModel]) -> None:
    """Raise RnnError for models that cannot be mixed: they must split a text into the same tokens, give these
    the same ids, and begin at the same places."""
    (first, one), *others = models.items()
    for path, other in others:
        if one.lexicon.tokenizer != other.lexicon.tokenizer:
            names = f"{one.lexicon.tokenizer.name}, {other.lexicon.tokenizer.name}"
            raise RnnError(
                f"{path}: splits text differently from {first} ({names}), and cannot be mixed with it"
            )
        if one.lexicon.vocabulary.tokens != other.lexicon.vocabulary.tokens:
            way = "train both with rnn train --vocab FILE, the same file written by rnn vocab --out"
            raise RnnError(
                f"{path}: its vocabulary differs from that of {first}, so they cannot be mixed ({way})"
            )
        if one.carry_state != other.carry_state:
            raise RnnError(
                f"{path}: either it or {first} carries its state, not both: --independent mixes them"
            )
