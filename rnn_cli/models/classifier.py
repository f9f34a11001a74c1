"""A model that predicts a label, several labels or a score for each text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads, product_threads
from rnn_cli.models import file
from rnn_cli.models.encoded.blocks import blocks
from rnn_cli.models.encoded.texts import Encoded
from rnn_cli.models.equality import Comparable
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.classifier import Classifier as Network
from rnn_cli.network.classifier import Texts
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.text.batches import Batches
from rnn_cli.text.checks import each_text, is_number
from rnn_cli.text.features import Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels

if TYPE_CHECKING:
    from rnn_cli.models.scores.pairs import PairScore

TASKS = ("classify", "rate")
ROWS, STEPS = 128, 1 << 13  # texts and steps per batch
THRESHOLD = 0.5  # the probability from which on a label applies, if a text may have several

Probabilities = NDArray[np.float64]


class Prediction(NamedTuple):
    """The prediction for a text.

    labels: the likeliest first, each with its probability; if a text may have several, all labels.
    score: for a model that rates; else None.
    is_unknown: whether the model knows nothing in the text, so that its answer is the same as for an empty
    one.
    """

    labels: list[tuple[str, float]]
    score: float | None
    is_unknown: bool


@dataclass(frozen=True, repr=False, eq=False)
class Classifier(Comparable):
    """The contents of a model file for the tasks classify and rate.

    lexicon: tokenizer and vocabulary. network, p: as for `LanguageModel`.
    labels: for classify; None for rate. scale: for rate, the lowest and the highest score; else None.
    grams: which n-grams the model reads; None: none.
    history: how the model was trained, for people; any JSON.
    """

    lexicon: Lexicon
    network: Network
    p: Parameters
    labels: Labels | None = None
    scale: tuple[float, float] | None = None
    grams: Grams | None = None
    history: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        what = f"{len(self.labels.names)} labels" if self.labels else "a score"
        return f"<Classifier: {what}, {self.lexicon.tokenizer.name}, {self.network.size:,} parameters>"

    @property
    def task(self) -> str:
        return "classify" if self.labels else "rate"

    @property
    def is_multi(self) -> bool:
        """Whether a text may have several labels, or none."""
        return self.labels is not None and self.labels.is_multi

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file. Raises RnnError, naming the problem, unless the file is complete and valid."""
        return file.read_as(path, TASKS, cls._from_file)

    def save(self, path: str | Path) -> None:
        """Write the model file atomically. Raises OSError; the old file is then unchanged."""
        storage.save(file.model_path(path), *self.pack())

    def describe(self) -> dict[str, str]:
        """Return a description of the model for people, each fact with its name."""
        if self.labels is None:
            what = {"scores": "{:g} to {:g}".format(*(self.scale or (0, 0)))}
        else:
            several = ", several a text" if self.is_multi else ""
            what = {"labels": f"{len(self.labels.names)}{several}: {', '.join(self.labels.names)}"}
        return {"network": self.network.describe(), **what}

    def facts(self) -> dict[str, Any]:
        """Return the facts specific to these tasks that `rnn info --json` prints."""
        return {
            "task": self.task,
            "labels": self.labels.names if self.labels else None,
            "is_multi": self.is_multi,
            "scale": self.scale,
            "grams": self.grams.to_json() if self.grams else None,
        }

    def kept(self) -> Self:
        """Return the model with its own copies of the arrays."""
        return replace(self, p={name: array.copy(order="K") for name, array in self.p.items()})

    def pack(self) -> tuple[Parameters, dict[str, Any]]:
        """Return the arrays and the header of the model file."""
        own: dict[str, Any] = {"labels": self.labels.to_json()} if self.labels else {"scale": self.scale}
        if self.grams:
            own["grams"] = self.grams.to_json()
        return self.p, file.header(self.task, self.lexicon, asdict(self.network), self.history) | own

    @classmethod
    def _from_file(cls, arrays: Parameters, header: dict[str, Any]) -> Self:
        """Return the model in a file's arrays and header. Raises one of several errors if they do not fit
        together."""
        lexicon = Lexicon.from_json(header)
        labels = Labels.from_json(header["labels"]) if header["task"] == "classify" else None
        scale = None if labels else _scale(header["scale"])
        grams = Grams.from_json(header["grams"]) if "grams" in header else None
        network = network_of(header["network"])
        outputs = len(labels.names) if labels else 1
        if (network.encoder.m, network.labels) != (lexicon.vocabulary.size, outputs):
            raise ValueError("the network does not fit the vocabulary or the labels")
        if network.buckets != (grams.buckets if grams else 0):
            raise ValueError("the network does not fit the n-grams")
        if (network.output == "sigmoid") != (labels is not None and labels.is_multi):
            raise ValueError(f"the output {network.output} does not fit the labels")
        file.check_count(network.encoder.layers, len(arrays))
        file.check_arrays(network.shapes, arrays)
        history = header["history"]
        if not isinstance(history, dict):
            raise TypeError("history is no object")
        return cls(lexicon, network, network.lay_out(arrays), labels, scale, grams, history)

    def predict(self, texts: Iterable[str], threads: int | None = None) -> Iterator[Prediction]:
        """Yield the prediction for each text, in order. An empty text, or one in which the model knows
        nothing, gets an answer too, but is marked.

        threads: the cores that matrix products may use; None: by their size. Raises RnnError if the state
        overflows.
        """
        for block in blocks(each_text(texts)):
            encoded = Encoded.read(block, self.lexicon, self.grams)
            o = self.probabilities(encoded, threads)
            nothing = self._reads_nothing(block, encoded)
            yield from self._predictions(o, nothing)

    def _reads_nothing(self, texts: Sequence[str], encoded: Encoded) -> list[bool]:
        known = np.add.reduceat(np.append(encoded.x.ids > 2, False), encoded.x.starts[:-1])
        known[encoded.x.lengths == 0] = 0
        return [not text.strip() or not count for text, count in zip(texts, known.tolist(), strict=True)]

    def _predictions(self, o: Probabilities, is_unknown: list[bool]) -> Iterator[Prediction]:
        if self.labels is None:
            assert self.scale is not None
            low, high = self.scale
            for score, unknown in zip((low + (high - low) * o[:, 0]).tolist(), is_unknown, strict=True):
                yield Prediction([], score, unknown)
            return
        order = np.argsort(-o, axis=1, kind="stable")
        names = np.array(self.labels.names, object)[order].tolist()
        p = np.take_along_axis(o, order, axis=1).tolist()
        for of_text, p_of_text, unknown in zip(names, p, is_unknown, strict=True):
            yield Prediction([*zip(of_text, p_of_text, strict=True)], None, unknown)

    def score(self, pairs: Iterable[Sequence[Any]], threads: int | None = None) -> "PairScore":
        """Return the cost of each pair and of all pairs together: -log p of its label, or the squared error
        of its score.

        pairs: texts, each with its label, labels or score.
        threads: the cores that matrix products may use; None: by their size.
        Raises ValueError for a pair that cannot be scored, RnnError if the state overflows.
        """
        from rnn_cli.models.scores.pairs import score_pairs  # it imports all models

        return score_pairs(self, pairs, threads)

    def probabilities(self, encoded: Encoded, threads: int | None = None) -> Probabilities:
        """Return o of each text, (N, labels). Raises RnnError if the state overflows."""
        lengths = encoded.x.lengths
        o = np.empty((len(lengths), self.network.labels))
        nothing = np.zeros(len(lengths), np.intp)
        for rows, batch, work in self._batches(encoded, nothing, threads):
            o[rows] = self.network.probabilities(self.p, batch, work)
        if not np.isfinite(o).all():
            raise RnnError("the state of the model has overflowed while it read")
        return o

    def experts(self, encoded: Encoded, threads: int | None = None) -> tuple[Probabilities, Probabilities]:
        """Return the logits of each text from its states and from its n-grams, both (N, labels), for a model
        that reads n-grams."""
        z, w = np.empty((2, len(encoded.x.lengths), self.network.labels))
        for rows, batch, work in self._batches(encoded, np.zeros(len(z), np.intp), threads):
            z[rows], w[rows] = self.network.experts(self.p, batch, work)
        return z, w

    def costs(self, encoded: Encoded, y: NDArray[Any], threads: int | None = None) -> NDArray[np.float64]:
        """Return -log p of the labels y of each text, (N,). y: as the network's output expects it."""
        nats = np.empty(len(y))
        for rows, batch, work in self._batches(encoded, y, threads):
            nats[rows] = self.network.nats(self.p, batch, work)
        return nats

    def _batches(
        self, encoded: Encoded, y: NDArray[Any], threads: int | None
    ) -> Iterator[tuple[NDArray[np.int64], Texts, Workspace]]:
        """Yield rows of texts with their batch and a workspace, limiting matrix products to `threads` cores
        meanwhile."""
        work, shapes = Workspace(np.float32, keeps=False), self.network.encoder.shapes.values()
        largest = max(shape[0] * shape[1] for shape in shapes if len(shape) == 2)
        with blas_threads(product_threads(ROWS * largest, threads)), np.errstate(all="ignore"):
            for rows in Batches(encoded.x.lengths, ROWS, STEPS):
                yield rows, encoded.batch(rows, y[rows]), work


def network_of(said: Any) -> Network:
    """Return the network that a header describes. Raises one of several errors."""
    encoder = file.made(Encoder, file.choices(file.choices(said)["encoder"], "bidirectional"))
    return file.made(Network, said | {"encoder": encoder})


def _scale(said: Any) -> tuple[float, float]:
    low, high = said
    if not (is_number(low) and is_number(high) and low < high):
        raise ValueError(f"the scale is {said!r}")
    return float(low), float(high)
