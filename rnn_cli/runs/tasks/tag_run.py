"""The run of the task tag: from sentences to a tag for each token."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.encoded.sentences import LONGEST
from rnn_cli.models.tagger import Tagger
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.tagger import Tagged
from rnn_cli.network.tagger import Tagger as Network
from rnn_cli.printing import counted, printable
from rnn_cli.runs.presets import load_preset
from rnn_cli.runs.run import with_threads
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.init import Init
from rnn_cli.runs.tasks.row_run import Make, RowRun, completed, with_epochs
from rnn_cli.runs.tasks.tag_data import TOKENIZER, TagData
from rnn_cli.runs.tasks.tag_hiding import Hiding
from rnn_cli.scoring.tags import scheme, span_figures, tag_accuracy
from rnn_cli.text.rows import Numbers, Rows
from rnn_cli.text.vocabulary import SPECIAL, SPELLED, UNK
from rnn_cli.training.state import TrainingState

PRESET = "tags"
STEPS_OF_A_ROW = 64  # a batch holds as many steps as its rows would at this length
AFFIX_SIZE = 64  # size of an affix's embedding
MOST_EPOCHS = 40
HIDDEN = 0.25  # a token with this count is read as unknown half of the time


@dataclass(frozen=True)
class TagRun(RowRun):
    """A run that trains a tagger."""

    data: TagData
    network: Network

    longest = LONGEST
    steps_of_a_row = STEPS_OF_A_ROW

    @property
    def lengths(self) -> Numbers:
        return self.data.sentences.types.lengths

    def batch(self, rows: Numbers, index: int = 0) -> Tagged:
        return self.data.sentences.batch(rows, self.data.y)

    def learned(self, epoch: int) -> Make:
        hidden = self.hidden(epoch)

        def thinned(rows: Numbers, index: int) -> Tagged:
            return hidden.thinned(self.data.sentences.batch(rows, self.data.y, hidden.read_as), index)

        return thinned

    @property
    def flops(self) -> float:
        """Operations per step of a batch, for sentences of mean length: 2 for each weight of the matrices,
        times 3."""
        weights = sum(
            shape[0] * shape[1] for shape in self.network.encoder.shapes.values() if len(shape) == 2
        )
        length = self.data.targets / len(self.data.train)
        return 6 * weights * length / self.steps

    def hidden(self, epoch: int) -> Hiding:
        """Return what an epoch hides: the rarer a token, the more likely it is read as UNK."""
        rng = np.random.default_rng((self.seed, *b"hide rare", epoch))
        read_as = np.arange(self.network.encoder.m, dtype=np.int32)
        hidden = rng.random(len(read_as)) < HIDDEN / (HIDDEN + self._counts)
        read_as[SPECIAL:][hidden[SPECIAL:]] = UNK
        return Hiding(read_as, (self.seed, *b"hide affixes", epoch))

    @cached_property
    def _counts(self) -> Numbers:
        """How often each id occurs in the training sentences, (m,)."""
        sentences = self.data.sentences
        x = sentences.x[sentences.types.take(self.data.train).ids]
        return np.bincount(x, minlength=self.network.encoder.m)

    def first_values(self, rng: np.random.Generator) -> Parameters:
        y = Rows(self.data.y, self.data.sentences.types.starts).take(self.data.train).ids
        return self.network.initialise(rng, np.bincount(y, minlength=self.network.tags))

    def trained(self, at: TrainingState) -> Tagger:
        lexicon, tags, affixes, is_legal = self.data.known
        return Tagger(lexicon, self.network, at.p, tags, affixes, is_legal, self.history(at))

    def header(self) -> dict[str, Any]:
        lexicon, tags, affixes, is_legal = self.data.known
        return {
            "network": asdict(self.network),
            "tags": tags.to_json(),
            "affixes": affixes.to_json() if affixes else None,
            "legal": is_legal,
            **lexicon.to_json(),
        }

    def of_text(self) -> dict[str, Any]:
        data = self.data
        return {
            "text": {"files": data.files, "texts": data.texts, "tokens": data.targets},
            "tags": len(data.known.tags.names),
            "tokenizer": TOKENIZER,
        }

    def about_text(self) -> Iterator[str]:
        data, (lexicon, tags, _, _) = self.data, self.data.known
        unknown = self._counts[UNK] / max(1, data.targets)
        yield (
            f"text: {counted(data.files, 'file')}, {counted(data.texts, 'sentence')} of "
            f"{counted(data.targets, 'token')} with {counted(len(tags.names), 'tag')}, "
            f"vocabulary {lexicon.vocabulary.size:,} ({unknown:.1%} unknown)"
        )
        if len(data.valid):
            yield f"and {counted(data.valid_targets or 0, 'token')} to validate on"

    @property
    def metrics(self) -> tuple[str, ...]:
        return ("accuracy",) if scheme(self.data.known.tags.names) is None else ("accuracy", "span_f1")

    def figures(self, at: TrainingState) -> dict[str, float]:
        rows = self.judged
        sentences = self.data.sentences._replace(types=self.data.sentences.types.take(rows))
        true = Rows(self.data.y, self.data.sentences.types.starts).take(rows)
        model = self.trained(at)
        try:
            found, _ = model.likeliest(sentences, self.threads)
        except RnnError:
            return {}
        predicted = Rows(found, true.starts)
        values = {"accuracy": tag_accuracy(true, predicted)}
        if model.scheme is not None:
            values["span_f1"] = span_figures(true, predicted, model.scheme).f1
        return values

    @property
    def about_network(self) -> str:
        return self.network.encoder.describe()

    def sizes(self, share: float) -> dict[str, int | float]:
        known = self.data.known
        return {
            "texts": self.data.texts,
            "tokens": self.data.targets,
            "m": known.lexicon.vocabulary.size,
            "tags": len(known.tags.names),
        }

    def about_sizes(self, share: float) -> dict[str, str]:
        sizes = self.sizes(share)
        text = f"{sizes['tokens']:,} tokens in {sizes['texts']:,} sentences to learn from"
        return {"text": text, "vocabulary": f"{sizes['m']:,}"}

    def spell(self, batch: Tagged) -> Iterator[str]:
        vocabulary = self.data.known.lexicon.vocabulary
        for ids, real in zip(batch.x.T.tolist(), batch.real.T.tolist(), strict=True):
            tokens = (id for id, is_real in zip(ids, real, strict=True) if is_real)
            yield printable(" ".join(SPELLED[k] if k < SPECIAL else vocabulary.token(k) for k in tokens))


def decide(model: Path, settings: Settings, data: TagData, init: Init | None = None) -> TagRun:
    """Return the run of these settings on these sentences; the preset decides what they leave open."""
    lexicon, tags, affixes, _ = data.known
    m = lexicon.vocabulary.size
    preset = load_preset(settings.preset or PRESET, m)
    choices = preset.choices.given(settings.given())
    encoder = Encoder(
        m,
        choices.hidden,
        choices.cell,
        choices.layers,
        choices.embedding,
        settings.bidirectional is not False,
        AFFIX_SIZE if affixes else 0,
    )
    if init:
        encoder, choices = init.encoder(encoder), init.choices(choices)
    of_affixes = (affixes.buckets, affixes.count) if affixes else (0, 0)
    network = Network(encoder, len(tags.names), *of_affixes)
    if init and init.known:
        network = replace(init.model.network, encoder=encoder)
    values = asdict(choices) | {"preset": preset.name, "bptt": LONGEST, "tie": False, "output": "softmax"}
    decided = completed(
        settings,
        values,
        data,
        tokenizer=TOKENIZER,
        bidirectional=encoder.bidirectional,
        affixes=affixes is not None,
    )
    steps = max(1, int(data.sentences.types.lengths.max(initial=1)))
    rows = max(1, min(choices.batch * settings.windows, len(data.train)))
    run = TagRun(model, decided, data, network, (steps, rows))
    run = with_epochs(run, settings, preset, 1, MOST_EPOCHS)
    return with_threads(run, settings.threads)
