"""The runs of the tasks classify and rate: from a text to a label, several labels or a score."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.models.classifier import THRESHOLD, Classifier, Probabilities
from rnn_cli.models.encoded.texts import LONGEST, Encoded
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.classifier import Classifier as Network
from rnn_cli.network.classifier import Texts, fitted_mix
from rnn_cli.network.encoder import Encoder
from rnn_cli.printing import counted
from rnn_cli.runs.presets import load_preset
from rnn_cli.runs.run import with_threads
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.init import Init
from rnn_cli.runs.tasks.label_data import LabelData
from rnn_cli.runs.tasks.row_run import Make, RowRun, completed, embedding_of, with_epochs
from rnn_cli.scoring import labels as figures
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.training.state import TrainingState

PRESET = "labels"
STEPS_OF_A_ROW = 128  # a batch holds as many steps as its rows would at this length
MOST_EPOCHS = 30

Numbers = NDArray[np.int64]
Scale = tuple[float, float]


@dataclass(frozen=True)
class LabelRun(RowRun):
    """A run that trains a classifier."""

    data: LabelData
    network: Network

    divided = 0.4  # on names, sst2 and waimai_10k two threads take 1.1 to 1.4 times as long as one
    longest = LONGEST
    steps_of_a_row = STEPS_OF_A_ROW

    @property
    def lengths(self) -> Numbers:
        return self.data.encoded.x.lengths

    def batch(self, rows: Numbers, index: int = 0) -> Texts:
        return self.data.encoded.batch(rows, self.data.y[rows])

    def learned(self, epoch: int) -> Make:
        weights = self._class_weights
        if weights is None:
            return self.batch

        def weighted(rows: Numbers, index: int) -> Texts:
            y = self.data.y[rows]
            return self.data.encoded.batch(rows, y, weights[y])

        return weighted

    @property
    def flops(self) -> float:
        """Operations per step of a batch, for texts of mean length: 2 for each weight of the encoder's
        matrices, times 3."""
        network = self.network
        matrices = [name for name, shape in network.encoder.shapes.items() if len(shape) == 2]
        of_step = sum(network.sizes[name] for name in matrices if name not in network.tables)
        length = float(np.mean(self.data.encoded.x.lengths[self.data.train]))
        return 6 * of_step * length / self.steps

    @cached_property
    def _class_weights(self) -> NDArray[np.float32] | None:
        """The weight of a text, by label, (labels,): if balanced, N / (m N_k) for N texts, N_k of them with
        label k of m."""
        if self.settings.class_weight is None:
            return None
        counts = np.bincount(self.data.y[self.data.train], minlength=self.network.labels)
        return (counts.sum() / (len(counts) * np.maximum(counts, 1))).astype(np.float32)

    def first_values(self, rng: np.random.Generator) -> Parameters:
        y = self.data.y[self.data.train]
        if self.network.output == "softmax":
            share = np.bincount(y, minlength=self.network.labels) / len(y)
        else:
            share = np.atleast_1d(y.mean(axis=0))
        return self.network.initialise(rng, share)

    def trained(self, at: TrainingState) -> Classifier:
        known = self.data.known
        return Classifier(
            known.lexicon, self.network, at.p, known.labels, known.scale, known.grams, self.history(at)
        )

    def header(self) -> dict[str, Any]:
        known = self.data.known
        return {
            "network": asdict(self.network),
            "labels": known.labels.to_json() if known.labels else None,
            "scale": known.scale,
            "grams": known.grams.to_json() if known.grams else None,
            **known.lexicon.to_json(),
        }

    def of_text(self) -> dict[str, Any]:
        labels = self.data.known.labels
        return {
            "text": {"files": self.data.files, "texts": self.data.targets},
            "labels": len(labels.names) if labels else None,
            "tokenizer": self.data.known.lexicon.tokenizer.name,
        }

    def about_text(self) -> Iterator[str]:
        known, data = self.data.known, self.data
        what = "scores" if known.labels is None else counted(len(known.labels.names), "label")
        yield (
            f"text: {counted(data.files, 'file')}, {counted(len(data.train), 'text')} with {what} "
            f"({known.lexicon.tokenizer.name}), vocabulary {known.lexicon.vocabulary.size:,}"
        )
        if len(data.valid):
            yield f"and {counted(len(data.valid), 'text')} to validate on"

    @property
    def has_fitted(self) -> bool:
        return self.data.known.grams is not None

    def fitted(self, at: TrainingState) -> dict[str, float]:
        z, w = self.trained(at).experts(self._encoded(self.data.valid), self.threads)
        if not (np.isfinite(z).all() and np.isfinite(w).all()):
            return {}
        return {"mix": fitted_mix(self.network.output, z, w, self.data.y[self.data.valid])}

    def _encoded(self, rows: Numbers) -> Encoded:
        return Encoded(self.data.encoded.x.take(rows), self.data.encoded.grams.take(rows))

    @property
    def metrics(self) -> tuple[str, ...]:
        return FIGURES[self.network.output][0]

    def figures(self, at: TrainingState) -> dict[str, float]:
        rows = self.judged
        model = self.trained(at)
        try:
            o = model.probabilities(self._encoded(rows), self.threads)
        except RnnError:
            return {}
        values = FIGURES[self.network.output][1](self.data.y[rows], o, model.scale or (0.0, 1.0))
        return dict(zip(self.metrics, values, strict=True))

    @property
    def about_network(self) -> str:
        return self.network.describe()

    def sizes(self, share: float) -> dict[str, int | float]:
        labels = self.data.known.labels
        return {
            "texts": self.data.targets,
            "m": self.data.known.lexicon.vocabulary.size,
            "labels": len(labels.names) if labels else 0,
        }

    def about_sizes(self, share: float) -> dict[str, str]:
        sizes = self.sizes(share)
        return {"text": f"{sizes['texts']:,} texts to learn from", "vocabulary": f"{sizes['m']:,}"}

    def spell(self, batch: Texts) -> Iterator[str]:
        tokens = ["<start>", "<end>", "<unk>", *self.data.known.lexicon.vocabulary.tokens]
        join = self.data.known.lexicon.tokenizer.join
        for ids, real in zip(batch.x.T.tolist(), batch.real.T.tolist(), strict=True):
            yield join(tokens[id] for id, is_real in zip(ids, real, strict=True) if is_real)


def _of_one_label(y: NDArray[Any], o: Probabilities, scale: Scale) -> tuple[float, ...]:
    matrix = figures.confusion(y, o.argmax(axis=1), o.shape[1])
    return figures.accuracy(matrix), figures.table(matrix).macro_f1


def _of_several(y: NDArray[Any], o: Probabilities, scale: Scale) -> tuple[float, ...]:
    table = figures.table_of_each(y > 0.5, o >= THRESHOLD)
    return table.micro_f1, table.macro_f1


def _of_scores(y: NDArray[Any], o: Probabilities, scale: Scale) -> tuple[float, ...]:
    true, given, (low, high) = y.astype(float), o[:, 0], scale
    return figures.correlation(true, given) or 0.0, (high - low) * figures.mean_error(true, given)


# By output: the names of the figures, and the function that computes them from y, o and the scale of
# scores.
FIGURES: dict[
    str, tuple[tuple[str, ...], Callable[[NDArray[Any], Probabilities, Scale], tuple[float, ...]]]
] = {
    "softmax": (("accuracy", "macro_f1"), _of_one_label),
    "sigmoid": (("micro_f1", "macro_f1"), _of_several),
    "score": (("correlation", "mean_error"), _of_scores),
}


def output_of(labels: Labels | None) -> str:
    """Return the key in network.labels.LABELS of the output for some labels, or for scores."""
    return "score" if labels is None else "sigmoid" if labels.is_multi else "softmax"


def decide(model: Path, settings: Settings, data: LabelData, init: Init | None = None) -> LabelRun:
    """Return the run of these settings on these texts; the preset decides what they leave open."""
    known = data.known
    m = known.lexicon.vocabulary.size
    if settings.class_weight and (known.labels is None or known.labels.is_multi):
        raise UsageError("--class-weight is for texts that have one label each")
    preset = load_preset(settings.preset or PRESET, m)
    choices = preset.choices.given(settings.given())
    lengths = data.encoded.x.lengths
    steps = max(1, int(lengths.max(initial=1)))
    rows = max(1, min(choices.batch * settings.windows, len(data.train)))
    encoder = Encoder(
        m,
        choices.hidden,
        choices.cell,
        choices.layers,
        embedding_of(m, choices.embedding, settings),
        settings.bidirectional is not False,
    )
    choices = replace(choices, embedding=encoder.embedding)
    if init:
        encoder, choices = init.encoder(encoder), init.choices(choices)
    most = int(data.encoded.grams.lengths.max(initial=0))
    network = Network(
        encoder,
        len(known.labels.names) if known.labels else 1,
        output_of(known.labels),
        buckets=known.grams.buckets if known.grams else 0,
        most_grams=max(1, most) if known.grams else 0,
    )
    if init and init.known:
        network = replace(init.model.network, encoder=encoder, most_grams=network.most_grams)
    values = asdict(choices) | {"preset": preset.name, "bptt": LONGEST, "tie": False, "output": "softmax"}
    decided = completed(
        settings,
        values,
        data,
        tokenizer=known.lexicon.tokenizer.name,
        bidirectional=encoder.bidirectional,
        ngrams=known.grams is not None,
    )
    run = LabelRun(model, decided, data, network, (steps, rows))
    run = with_epochs(run, settings, preset, 1, MOST_EPOCHS)
    return with_threads(run, settings.threads)
