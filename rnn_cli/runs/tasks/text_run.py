"""The run of the task generate: from a label to a text."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.conditional import Conditional
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.conditional import Conditional as Network
from rnn_cli.network.conditional import Guided, Labelled
from rnn_cli.network.network import Network as Language
from rnn_cli.printing import counted
from rnn_cli.runs.batch_text import spelled
from rnn_cli.runs.presets import choices_of, load_preset, preset_for
from rnn_cli.runs.run import with_threads
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.init import Init
from rnn_cli.runs.tasks.row_run import RowRun, completed, with_epochs
from rnn_cli.runs.tasks.text_data import LONGEST, GenerateData
from rnn_cli.scoring.figures import bits_per_character, perplexity
from rnn_cli.text.rows import Numbers
from rnn_cli.training.demand import BatchShape
from rnn_cli.training.state import TrainingState

LABEL_SIZE = 32  # of a label's vector
MOST_EPOCHS = 60
SAMPLE_TOKENS = 60  # in the sample that shows what a run has learned


@dataclass(frozen=True)
class Shape(BatchShape):
    """The quantities that decide the memory of such a run, whose network has no encoder."""

    network: Network

    def halved(self, name: str) -> tuple[int, "Shape"]:
        if name != "hidden":
            return super().halved(name)
        language = self.network.language
        n = max(1, language.n // 2)
        embedding = n if language.tie else language.embedding
        narrower = replace(self.network, language=replace(language, n=n, embedding=embedding))
        return n, replace(self, network=narrower)


@dataclass(frozen=True)
class GenerateRun(RowRun):
    """A run that trains a model to write texts from a label."""

    data: GenerateData
    network: Network

    longest = LONGEST

    @property
    def lengths(self) -> Numbers:
        return self.data.texts.y.lengths

    def batch(self, rows: Numbers, index: int = 0) -> Labelled:
        return self.data.texts.batch(rows)

    @property
    def most_steps(self) -> int:
        """The most steps of a batch, over all its rows: the rows' mean length times their number."""
        return max(self.steps, -(-self.data.targets * self.rows // len(self.data.train)))

    @cached_property
    def output_counts(self) -> Numbers:
        return np.bincount(self.data.texts.y.take(self.data.train).ids, minlength=self.network.m)

    @property
    def flops(self) -> float:
        """Operations per step of a batch, for texts of mean length."""
        return (
            self.network.language.flops(self.output_counts)
            * self.data.targets
            / len(self.data.train)
            / self.steps
        )

    @property
    def shape_of(self) -> type[Shape]:
        return Shape

    def first_values(self, rng: np.random.Generator) -> Parameters:
        return self.network.initialise(rng, self.output_counts)

    def trained(self, at: TrainingState) -> Conditional:
        lexicon, labels = self.data.known
        return Conditional(lexicon, self.network, at.p, labels, self.history(at))

    def header(self) -> dict[str, Any]:
        lexicon, labels = self.data.known
        return {"network": asdict(self.network), "labels": labels.to_json(), **lexicon.to_json()}

    def of_text(self) -> dict[str, Any]:
        data, (lexicon, labels) = self.data, self.data.known
        return {
            "text": {"files": data.files, "texts": len(data.train), "tokens": data.targets},
            "labels": len(labels.names),
            "tokenizer": lexicon.tokenizer.name,
        }

    def about_text(self) -> Iterator[str]:
        data, (lexicon, labels) = self.data, self.data.known
        yield (
            f"text: {counted(data.files, 'file')}, {counted(len(data.train), 'text')} with "
            f"{counted(len(labels.names), 'label')}, {counted(data.targets, 'token')} "
            f"({lexicon.tokenizer.name}), vocabulary {lexicon.vocabulary.size:,}"
        )
        if len(data.valid):
            yield f"and {counted(len(data.valid), 'text')} to validate on"

    def about_loss(self, at: TrainingState, loss: float, is_valid: bool) -> Iterator[str]:
        yield f"perplexity {perplexity(loss):,.2f}" if loss < 20 else f"perplexity {perplexity(loss):.2g}"
        rows = self.data.valid if is_valid else self.data.train
        yield f"bits/char {self._bits(loss, rows):.3f}"

    def _bits(self, loss: float, rows: Numbers) -> float:
        """Return the bits per character of some texts, given their loss in nats per target."""
        data = self.data
        nats = loss * int(data.texts.y.lengths[rows].sum()) + float(data.texts.nats[rows].sum())
        return bits_per_character(nats, int(data.texts.characters[rows].sum()))

    def bits_per_character(self, valid_loss: float) -> float | None:
        return self._bits(valid_loss, self.data.valid) if len(self.data.valid) else None

    @property
    def about_network(self) -> str:
        return self.network.language.describe()

    def sizes(self, share: float) -> dict[str, int | float]:
        lexicon, labels = self.data.known
        return {
            "texts": len(self.data.train),
            "tokens": self.data.targets,
            "m": lexicon.vocabulary.size,
            "labels": len(labels.names),
        }

    def about_sizes(self, share: float) -> dict[str, str]:
        sizes = self.sizes(share)
        text = f"{sizes['tokens']:,} tokens in {sizes['texts']:,} texts to learn from"
        return {"text": text, "vocabulary": f"{sizes['m']:,}"}

    @property
    def try_it(self) -> str:
        label = shlex.quote(self.data.known.labels.names[0])
        return f"sample --label {label}"

    def example(self, at: TrainingState) -> str:
        label = self.data.known.labels.names[0]
        try:
            (text,) = self.trained(at).sample(label, length=SAMPLE_TOKENS, temperature=0.5, seed=self.seed)
        except RnnError as error:  # a relu state overflows: no reason to end the run
            return f"(no sample: {error})"
        return f"{label}: {text}"

    def spell(self, batch: Labelled) -> Iterator[str]:
        return spelled(batch, self.data.known.lexicon)  # type: ignore[arg-type]  # y and weight are enough


def decide(model: Path, settings: Settings, data: GenerateData, init: Init | None = None) -> GenerateRun:
    """Return the run of these settings on these texts; a preset decides what they leave open, as it would for
    a language model of a text of this size."""
    lexicon, labels = data.known
    m = lexicon.vocabulary.size
    preset = load_preset(settings.preset or preset_for(data.targets, m), m)
    choices = preset.choices.given(settings.given())
    counts = np.bincount(data.texts.y.take(data.train).ids, minlength=m)
    language = choices.network(m, choices.cutoffs(counts))
    if init:
        language = replace(cast(Language, init.layers), m=m)
        choices = replace(choices, **choices_of(language))
    guided = Guided(**asdict(language) | {"beside": language.beside or LABEL_SIZE})
    network = Network(guided, len(labels.names))
    rows = choices.batch
    if settings.batch is None:  # as many tokens as in a language model's window
        rows = round(choices.batch * choices.bptt * len(data.train) / data.targets)
    values = asdict(choices) | {
        "preset": preset.name,
        "batch": max(1, min(rows, len(data.train))),
        "bptt": LONGEST,
        "embedding": language.embedding,
    }
    decided = completed(settings, values, data, tokenizer=lexicon.tokenizer.name, unit=lexicon.tokenizer.unit)
    steps = max(1, int(data.texts.y.lengths.max(initial=1)))
    run = GenerateRun(
        model, decided, data, network, (steps, min(values["batch"] * settings.windows, len(data.train)))
    )
    run = with_epochs(run, settings, preset, 1, MOST_EPOCHS)
    return with_threads(run, settings.threads)
