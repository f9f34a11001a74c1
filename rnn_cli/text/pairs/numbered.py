"""Pairs as arrays: texts as ids, with their labels, numbers or targets.

Files are read line by line, once; for translate twice, first for the sources and then for the targets. Memory
holds only arrays of ids and the different tokens.
"""

import hashlib
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.text.pairs.formats import Form, Pair, quoted
from rnn_cli.text.pairs.kinds import LABELS, SCORE, TAGS, TARGET
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.reading import Source
from rnn_cli.text.rows import Numbers, Rows, places
from rnn_cli.text.store.corpus import Text, in_memory, spans
from rnn_cli.text.store.cutting import cut_all
from rnn_cli.text.tokenizers import TOKENIZERS, Tokenizer
from rnn_cli.text.units import PARAGRAPH, paragraph
from rnn_cli.text.vocabulary import END, SPECIAL, Vocabulary

BLOCK = 1 << 18  # characters of texts that are cut at once
SHOWN = 10  # the most labels that a message names


@dataclass(frozen=True)
class Pairs:
    """The pairs of a task, in the order of the files. Row k of each array is pair k.

    texts: in ids of their own, with END after each (`Text.table` maps them to the ids of a vocabulary).
    targets: the same for the targets of translate; None for other tasks.
    beside: ids of labels or tags, one row a pair; empty rows for tasks without labels.
    labels: what those ids stand for; None for tasks without labels.
    scores: of rate, (rows,); empty for other tasks.
    keys: (rows,) a hash of each text: equal texts have equal keys.
    forms: file name -> the form in which it was read, a row of `formats.FORMS`.
    """

    task: str
    texts: Text
    targets: Text | None
    beside: Rows
    labels: Labels | None
    scores: NDArray[np.float64]
    keys: NDArray[np.uint64]
    forms: dict[str, str]

    @property
    def rows(self) -> int:
        return len(self.keys)


class Cutting(NamedTuple):
    """How texts are cut into tokens. targets: for those of translate; None: like texts. Tagged text is always
    cut by the tokenizer `space`."""

    texts: Tokenizer
    targets: Tokenizer | None = None
    processes: int = 1


def read_pairs(
    sources: Sequence[Source],
    form: Form,
    cutting: Cutting,
    known: Labels | None = None,
    to_learn: bool = True,
) -> Pairs:
    """Return the pairs of some files.

    known: the labels of a model; None: those in the files.
    to_learn: whether a model learns from the pairs, which takes at least two different labels or scores.

    Raises RnnError for a line that is not a pair, an unknown label, files without a pair or with nothing to
    learn, and files that change while they are read.
    """
    collected = _Collected(form, known)
    stamps = [source.stamp() for source in sources]
    tokenizer = TOKENIZERS["space"] if form.kind.holds == TAGS else cutting.texts
    blocks = _blocks(_texts(collected.add(sources), tokenizer))
    texts = in_memory(cut_all(tokenizer, blocks, True, cutting.processes))
    names = ", ".join(source.name for source in sources)
    if not collected.keys:
        raise RnnError(f"{names}: no pair in it: every line is blank (a line reads {form.kind.line})")
    targets = None
    if form.kind.holds == TARGET:
        of_targets = cutting.targets or cutting.texts
        second = (Pair(pair.line, pair.beside[0], ()) for source in sources for pair in form.pairs(source))
        blocks = _blocks(_texts(second, of_targets))
        targets = in_memory(cut_all(of_targets, blocks, True, cutting.processes))
        if targets.corpus.lines != texts.corpus.lines:
            raise RnnError(f"{names}: changed while it was read: try again")
    if stamps != [source.stamp() for source in sources]:
        raise RnnError(f"{names}: changed while it was read: try again")
    pairs = collected.pairs(texts, targets)
    if to_learn and (nothing := _nothing_to_learn(pairs)):
        raise RnnError(f"{names}: {nothing}: nothing to learn (at least two are needed)")
    return pairs


@dataclass
class _Collected:
    """The labels, tags or scores of the texts, collected while the texts are cut. Labels are numbered in the
    order in which they occur."""

    form: Form
    known: Labels | None
    ids: dict[str, int] = field(default_factory=dict)
    beside: "array[int]" = field(default_factory=lambda: array("i"))
    lengths: "array[int]" = field(default_factory=lambda: array("i"))
    scores: "array[float]" = field(default_factory=lambda: array("d"))
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    forms: dict[str, str] = field(default_factory=dict)

    def add(self, sources: Sequence[Source]) -> Iterator[Pair]:
        """Yield the pairs, and collect their labels, tags or scores."""
        if self.known is not None:
            self.ids = self.known.ids
        for source in sources:
            self.forms[source.name] = self.form.name(source)
            for pair in self.form.pairs(source):
                self.keys.append(key(pair.text))
                if self.form.kind.holds == SCORE:
                    self.scores.append(float(pair.beside[0]))
                elif self.form.kind.is_labelled:
                    self._label(source, pair)
                yield pair

    def _label(self, source: Source, pair: Pair) -> None:
        for name in pair.beside:
            id = self.ids.get(name)
            if id is None:
                if self.known is not None:
                    what, header = unknown_label(name, self.known), self.form.about_header(source, pair)
                    raise self.form.bad(source, pair.line, what, header)
                id = self.ids[name] = len(self.ids)
            self.beside.append(id)
        self.lengths.append(len(pair.beside))
        is_one = self.known is not None and not self.known.is_multi and self.form.kind.holds == LABELS
        if is_one and len(pair.beside) != 1:
            what = f"{len(pair.beside)} labels (the model gives each text one)"
            raise self.form.bad(source, pair.line, what)

    def pairs(self, texts: Text, targets: Text | None) -> Pairs:
        """Return the pairs with everything that was collected."""
        beside, lengths = np.array(self.beside, np.int32), np.array(self.lengths, np.int64)
        scores, labels = np.array(self.scores, np.float64), self.known
        if self.form.kind.is_labelled and labels is None:
            counts = np.bincount(beside, minlength=len(self.ids)).tolist()
            is_multi = self.form.kind.holds == LABELS and bool((lengths != 1).any())
            labels = Labels.of_counts(dict(zip(self.ids, counts, strict=True)), is_multi)
            new = np.array([labels.ids[name] for name in self.ids], np.int32)
            beside = new[beside] if len(beside) else beside
        if not len(lengths):
            lengths = np.zeros(len(self.keys), np.int64)
        keys = np.array(self.keys, np.uint64)
        return Pairs(
            self.form.task, texts, targets, Rows.of(beside, lengths), labels, scores, keys, self.forms
        )


def _nothing_to_learn(pairs: Pairs) -> str:
    """Return why nothing can be learned from some pairs; "" if something can."""
    if len(pairs.scores):
        return f"every score is {pairs.scores[0]:g}" if pairs.scores.min() == pairs.scores.max() else ""
    if pairs.labels is None:
        return ""
    there = np.unique(pairs.beside.ids).tolist()
    if len(there) > 1:
        return ""
    return f"the only label is {quoted(pairs.labels.names[there[0]])}" if there else "no label"


def unknown_label(name: str, known: Labels) -> str:
    """Return the error message for a label that a model does not know."""
    more = f" and {len(known.names) - SHOWN} more" if len(known.names) > SHOWN else ""
    return (
        f"the model has no label {quoted(name)} (it has {', '.join(map(quoted, known.names[:SHOWN]))}{more})"
    )


def key(text: str) -> int:
    """Return a 64-bit hash of a text, ignoring white space around it."""
    content = text.strip().encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def _texts(pairs: Iterator[Pair], tokenizer: Tokenizer) -> Iterator[str]:
    """Yield each text as one line; if lines are the units, line ends in a text become spaces."""
    is_paragraph = tokenizer.unit == PARAGRAPH
    for pair in pairs:
        yield (paragraph(pair.text) if is_paragraph else pair.text.replace("\n", " ")) + "\n"


def _blocks(lines: Iterator[str]) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= BLOCK:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


def token_counts(text: Text, rows: Numbers) -> dict[str, int]:
    """Return how often each token occurs in some rows; a vocabulary is built from this."""
    ids = text.corpus.ids[places(*spans(text.corpus, rows))]
    counts = np.bincount(ids, minlength=SPECIAL + len(text.types))[SPECIAL:].tolist()
    return {token: count for token, count in zip(text.types, counts, strict=True) if count}


def in_vocabulary(text: Text, vocabulary: Vocabulary, ends: bool = False) -> Rows:
    """Return the rows of a text in the ids of a vocabulary. ends: whether END follows each row."""
    ids, starts = np.asarray(text.corpus.ids), np.asarray(text.corpus.starts, np.int64)
    read = text.table(vocabulary)[ids]
    if ends:
        return Rows(read, starts)
    return Rows(read[ids != END], starts - np.arange(len(starts)))


def score_range(scores: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lowest and the highest score, which a model maps to the range 0 … 1."""
    low, high = float(scores.min()), float(scores.max())
    if not (math.isfinite(low) and low < high):
        raise ValueError("the scores have no range")
    return low, high
