"""What a pair costs a model: a target given its source, a text given its label, or labels, tags and scores
given their text. SCORERS has a row for each task."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.models.classifier import Classifier
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.encoded import paired, texts
from rnn_cli.models.encoded.labelled import LabelledTexts
from rnn_cli.models.encoded.paired import Sides, read_sources
from rnn_cli.models.encoded.sentences import Sentences, owners
from rnn_cli.models.encoded.targets import Targets
from rnn_cli.models.encoded.texts import Encoded
from rnn_cli.models.tagger import Tagger
from rnn_cli.models.translator import Translator
from rnn_cli.printing import counted
from rnn_cli.scoring.figures import Totals
from rnn_cli.text.pairs.formats import Pair
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import unknown_label
from rnn_cli.text.tokenizers import Token

LONGEST = 1 << 12  # tokens of a text that is predicted: memory grows with them

Floats = NDArray[np.float64]


class Cost(NamedTuple):
    """What a pair costs.

    loss: -log p of what is predicted, without spellings; for rate the squared error.
    spelling_nats: for the unknown tokens that are predicted.
    tokens: the number predicted: of a text with its end; 1 for a text's label or score. unknown: the unknown
    ones among them.
    characters: of the text that is predicted, its end counted; 0 if it is not text.
    problem: why the pair has no cost, and `loss` is nan; "" if it has one.
    """

    loss: float
    spelling_nats: float = 0.0
    tokens: int = 1
    unknown: int = 0
    characters: int = 0
    problem: str = ""

    @classmethod
    def none(cls, problem: str) -> "Cost":
        """Return the cost of a pair that cannot be scored."""
        return cls(np.nan, tokens=0, problem=problem)

    @property
    def all(self) -> float:
        """The loss, spellings included."""
        return self.loss + self.spelling_nats

    def add_to(self, totals: Totals) -> None:
        """Add a pair that has a cost. For rate, the nats are squared errors."""
        totals.lines += 1
        totals.tokens += self.tokens
        totals.unknown += self.unknown
        totals.characters += self.characters
        totals.nats += self.loss
        totals.spelling_nats += self.spelling_nats


class Scorer(NamedTuple):
    """How the pairs of a task are scored.

    costs: returns those of some pairs, in order, using this many cores (None: by the size of the products).
    loss: the name of the loss in figures. counts, figures: what is printed for all pairs together: fields of
    Totals, and keys of FIGURES. reads: the number of tokens of a text, from its start, that the network
    reads; None: all.
    """

    costs: Callable[[Any, Sequence[Pair], int | None], list[Cost]]
    counts: tuple[str, ...] = ()
    figures: tuple[str, ...] = ("nats", "perplexity")
    loss: str = "nats"
    reads: int | None = None


def _of_targets(model: Translator, pairs: Sequence[Pair], threads: int | None) -> list[Cost]:
    _, x = read_sources([pair.text for pair in pairs], model.source)
    targets = Targets.read([pair.beside[0] for pair in pairs], model.target)
    rows = np.flatnonzero(targets.y.lengths <= LONGEST)
    return _of_texts(targets, rows, model.costs(Sides(x, targets.y), rows, threads))


def _of_labelled(model: Conditional, pairs: Sequence[Pair], threads: int | None) -> list[Cost]:
    targets = Targets.read([pair.text for pair in pairs], model.lexicon)
    labels = [model.labels.ids.get(pair.beside[0], -1) for pair in pairs]
    ids = np.array(labels, np.int64)
    rows = np.flatnonzero((targets.y.lengths <= LONGEST) & (ids >= 0))
    texts = LabelledTexts(targets.y, ids, targets.spelling, targets.characters)
    found = _of_texts(targets, rows, model.costs(texts, rows, threads))
    return _with_known(pairs, model.labels, found)


def _of_texts(targets: Targets, rows: NDArray[np.int64], nats: Floats) -> list[Cost]:
    """Return the costs of texts; those not in `rows` are too long and were not scored."""
    found: list[Cost] = []
    of_rows = dict(zip(rows.tolist(), nats.tolist(), strict=True))
    counts = (targets.spelling, targets.y.lengths, targets.unknown, targets.characters)
    for row, counted_ in enumerate(zip(*(column.tolist() for column in counts), strict=True)):
        if row in of_rows:
            found.append(Cost(of_rows[row], *counted_))
        else:
            found.append(Cost.none(f"{counted_[1]:,} tokens (texts of up to {LONGEST:,} are scored)"))
    return found


def _of_labels(model: Classifier, pairs: Sequence[Pair], threads: int | None) -> list[Cost]:
    assert model.labels is not None
    ids = [[model.labels.ids.get(name, 0) for name in pair.beside] for pair in pairs]
    if model.is_multi:
        y: NDArray[Any] = np.zeros((len(pairs), len(model.labels.names)), np.float32)
        for row, of_row in enumerate(ids):
            y[row, of_row] = 1
    else:
        y = np.array([of_row[0] if of_row else 0 for of_row in ids], np.intp)
    texts = Encoded.read([pair.text for pair in pairs], model.lexicon, model.grams)
    found = [Cost(nats) for nats in model.costs(texts, y, threads).tolist()]
    return _with_known(pairs, model.labels, found, one=not model.is_multi)


def _of_scores(model: Classifier, pairs: Sequence[Pair], threads: int | None) -> list[Cost]:
    assert model.scale is not None
    low, high = model.scale
    texts = Encoded.read([pair.text for pair in pairs], model.lexicon, model.grams)
    given = low + (high - low) * model.probabilities(texts, threads)[:, 0]
    true = np.array([float(pair.beside[0]) for pair in pairs])
    return [Cost(error) for error in ((given - true) ** 2).tolist()]


def _of_tags(model: Tagger, pairs: Sequence[Pair], threads: int | None) -> list[Cost]:
    rows = [_tagged(model, pair) for pair in pairs]
    lengths = np.array([*map(len, rows)], np.int64)
    is_even = [len(row) == len(pair.beside) for row, pair in zip(rows, pairs, strict=True)]
    tags = [
        pair.beside if even else [""] * len(row) for pair, row, even in zip(pairs, rows, is_even, strict=True)
    ]
    y = np.array([model.tags.ids.get(tag, 0) for row in tags for tag in row], np.int64)
    sentences = Sentences.read(rows, model.lexicon, model.affixes)
    nats = np.bincount(owners(lengths), model.costs(sentences, y, threads), len(pairs))
    found = [Cost(*row) for row in zip(nats.tolist(), [0.0] * len(pairs), lengths.tolist(), strict=True)]
    found = _with_known(pairs, model.tags, found)
    return [
        cost if even else Cost.none(f"{counted(len(row), 'token')} and {counted(len(pair.beside), 'tag')}")
        for cost, even, row, pair in zip(found, is_even, rows, pairs, strict=True)
    ]


def _tagged(model: Tagger, pair: Pair) -> list[Token]:
    """Return the tokens that tags are given for: separated by spaces, or else as the model reads a text."""
    tokens = model.lexicon.tokenizer.split(pair.text)
    return tokens if len(tokens) == len(pair.beside) else model.read(pair.text).tokens


def _with_known(pairs: Sequence[Pair], known: Labels, found: list[Cost], one: bool = False) -> list[Cost]:
    """Return costs, with none for pairs whose labels are not known or, if each text has one label, for pairs
    with several."""
    checked: list[Cost] = []
    for pair, cost in zip(pairs, found, strict=True):
        strange = [name for name in pair.beside if name not in known.ids]
        if strange:
            cost = Cost.none(unknown_label(strange[0], known))
        elif one and len(pair.beside) != 1:
            cost = Cost.none(f"{len(pair.beside)} labels (the model gives each text one)")
        checked.append(cost)
    return checked


_OF_TEXTS = ("tokens", "unknown", "characters"), ("nats", "spelling_nats", "perplexity", "bits_per_character")
SCORERS: dict[str, Scorer] = {
    "classify": Scorer(_of_labels, reads=texts.LONGEST),
    "rate": Scorer(
        _of_scores, (), ("squared_error", "mean_squared_error"), "squared_error", reads=texts.LONGEST
    ),
    "tag": Scorer(_of_tags, ("tokens",)),
    "translate": Scorer(_of_targets, *_OF_TEXTS, reads=paired.LONGEST),
    "generate": Scorer(_of_labelled, *_OF_TEXTS),
}
