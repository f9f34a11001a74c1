"""A model of text from a label: a language model for each label, with shared weights."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli import storage
from rnn_cli.errors import LONGEST_QUOTE, UsageError
from rnn_cli.machine import blas_threads, product_threads
from rnn_cli.models import file
from rnn_cli.models.encoded.labelled import LabelledTexts
from rnn_cli.models.equality import Comparable
from rnn_cli.models.language_model import DEFAULTS, LanguageModel
from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.models.sampling.samples import Novelty, Sample
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.conditional import Conditional as Network
from rnn_cli.network.conditional import Guided
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.text.batches import Batches
from rnn_cli.text.checks import refuse_no_string
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.rows import Numbers

if TYPE_CHECKING:
    from rnn_cli.models.scores.pairs import PairScore

TASK = "generate"
ROWS, STEPS = 128, 1 << 13  # texts and steps per batch
SHOWN = 30  # labels listed in a message
SEEDS = 1 << 64


@dataclass(frozen=True, repr=False, eq=False)
class Conditional(Comparable):
    """The contents of a model file for the task generate.

    lexicon, history: as for `LanguageModel`. network, p: a language model's, with a vector for each label.
    labels: by their ids, with how often each occurred in training.
    """

    lexicon: Lexicon
    network: Network
    p: Parameters
    labels: Labels
    history: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Conditional: {len(self.labels.names)} labels, {self.network.language.describe()}>"

    @property
    def task(self) -> str:
        return TASK

    @property
    def carry_state(self) -> bool:
        """Whether the state carries over from line to line, as a language model's may."""
        return False

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file. Raises RnnError, naming the problem, unless the file is complete and valid."""
        return file.read_as(path, (TASK,), cls.from_file)

    def save(self, path: str | Path) -> None:
        """Write the model file atomically. Raises OSError; the old file is then unchanged."""
        storage.save(file.model_path(path), *self.pack())

    def describe(self) -> dict[str, str]:
        """Return a description of the model for people, each fact with its name."""
        names = self.labels.names
        return {"network": self.network.language.describe(), "labels": f"{len(names)}: {', '.join(names)}"}

    def facts(self) -> dict[str, Any]:
        """Return the facts specific to this task that `rnn info --json` prints."""
        return {"task": TASK, "labels": self.labels.names}

    def kept(self) -> Self:
        """Return the model with its own copies of the arrays."""
        return replace(self, p={name: array.copy(order="K") for name, array in self.p.items()})

    def pack(self) -> tuple[Parameters, dict[str, Any]]:
        """Return the arrays and the header of the model file."""
        header = file.header(TASK, self.lexicon, asdict(self.network), self.history)
        return self.p, header | {"labels": self.labels.to_json()}

    @classmethod
    def from_file(cls, arrays: Parameters, header: dict[str, Any]) -> Self:
        """Return the model in a file's arrays and header. Raises one of several errors if they do not fit
        together."""
        lexicon, labels = Lexicon.from_json(header), Labels.from_json(header["labels"])
        network, history = network_of(header["network"]), header["history"]
        check_fit(network, lexicon, labels)
        file.check_count(network.language.layers + len(network.language.cutoffs), len(arrays))
        file.check_arrays(network.shapes, arrays)
        if not isinstance(history, dict):
            raise TypeError("history is no object")
        return cls(lexicon, network, network.lay_out(arrays), labels, history)

    def of(self, label: str) -> LanguageModel:
        """Return the language model for the texts of a label, to write with. Raises UsageError for a label
        that the model does not know."""
        refuse_no_string(label, "the label")
        if label not in self.labels.ids:
            names = self.labels.names
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            there = f"{', '.join(names[:SHOWN])}{more}"
            raise UsageError(f"the model has no label {label[:LONGEST_QUOTE]!r}: it has {there}")
        network, p = self.network.of_label(self.p, self.labels.ids[label])
        return LanguageModel(self.lexicon, network, p)

    def sample(self, label: str, prompt: str = "", num: int = 1, **rules: Any) -> list[str]:
        """Return texts for a label. Takes the rules of `LanguageModel.sample`."""
        return self.of(label).sample(prompt, num, **rules)

    def unknown(self, prompt: str, **rules: Any) -> list[str]:
        """Return the tokens of a prompt that the model does not know, like `LanguageModel.unknown`."""
        return self.of(self.labels.names[0]).unknown(prompt, **rules)

    def draw(
        self,
        prompts: Sequence[str],
        num: int = 1,
        rules: Sampling = DEFAULTS,
        novelty: Novelty | None = None,
        threads: int | None = None,
    ) -> Iterator[Sample]:
        """Yield `num` samples of each prompt, in order. Each is written for a label drawn as often as it
        occurred in training, and named in the sample.

        Raises the errors of `LanguageModel.draw`, and UsageError for a beam search, which needs a given
        label.
        """
        if rules.beam is not None:
            raise UsageError("a beam search needs a label (--label)")
        rules = rules.seeded()
        assert rules.seed is not None
        counts = np.array(self.labels.counts, float)
        rng = np.random.default_rng((rules.seed, *b"labels"))
        ids = rng.choice(len(counts), (len(prompts), num), p=counts / counts.sum())
        for number, (prompt, row) in enumerate(zip(prompts, ids.tolist(), strict=True)):
            drawn: dict[int, Iterator[Sample]] = {}
            for id in dict.fromkeys(row):
                own = replace(rules, seed=(rules.seed + number * len(counts) + id) % SEEDS)
                model = self.of(self.labels.names[id])
                drawn[id] = model.draw([prompt], row.count(id), own, novelty, threads)
            for id in row:
                yield replace(next(drawn[id]), label=self.labels.names[id])

    def score(self, pairs: Iterable[Sequence[Any]], threads: int | None = None) -> "PairScore":
        """Return the cost of each pair, -log p of its text given its label, and of all pairs together.

        pairs: labels, each with its text.
        threads: the cores that matrix products may use; None: by their size.
        Raises ValueError for a pair that cannot be scored, RnnError if the state overflows.
        """
        from rnn_cli.models.scores.pairs import score_pairs  # it imports all models

        return score_pairs(self, pairs, threads)

    def costs(self, texts: LabelledTexts, rows: Numbers, threads: int | None = None) -> NDArray[np.float64]:
        """Return -log p of some texts given their labels, (rows,), without spelling costs."""
        nats, work = np.empty(len(rows)), Workspace(np.float32, keeps=False)
        largest = max(array.size for array in self.p.values())
        with blas_threads(product_threads(ROWS * largest, threads)), np.errstate(all="ignore"):
            for some in Batches(texts.y.lengths[rows], ROWS, STEPS):
                batch = texts.batch(rows[some])
                E = self.network.nats(self.p, batch, work) * batch.weight
                nats[some] = E.sum(axis=0, dtype=np.float64)
        return nats


def check_fit(network: Network, lexicon: Lexicon, labels: Labels) -> None:
    """Raise ValueError unless a network fits this vocabulary and these labels."""
    if labels.is_multi or (network.m, network.labels) != (lexicon.vocabulary.size, len(labels.names)):
        raise ValueError("the network does not fit the vocabulary or the labels")


def network_of(said: Any) -> Network:
    """Return the network that a header describes. Raises one of several errors."""
    language = file.made(Guided, file.choices(file.choices(said)["language"], "tie"))
    return file.made(Network, said | {"language": language})
