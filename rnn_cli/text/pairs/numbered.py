"""Pairs as arrays: texts as ids of their own, and labels, numbers or targets beside them.

Files are read once (of translate twice, first the sources and then the targets), line by line; what is
held in memory are arrays of ids, and the different tokens.
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

BLOCK = 1 << 18  # characters of texts that are cut together
SHOWN = 10  # labels that a message names


@dataclass(frozen=True)
class Pairs:
    """Pairs of a task, in the order of the files. Row k of each array is pair k.

    texts: as ids of its own, END after each (`Text.table` leads to the ids of a vocabulary).
    targets: of translate, likewise; else None.
    beside: ids of labels or of tags, one row a pair; without labels, rows of nothing.
    labels: what those ids stand for; None where there are none.
    scores: of rate, (rows,); else empty.
    keys: (rows,) a hash of each text: equal texts have equal keys.
    forms: how each file was read, by its name: a row of `formats.FORMS`.
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
    """How texts become tokens. targets: of translate; None: as texts. Tags go with the tokenizer `space`."""

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

    known: the labels of a model; None: those in the files. to_learn: whether something is to be learned from
    them, which takes two different labels or scores.

    Raises RnnError for a line that is no pair, a label that is not known, files without a pair or with
    nothing to learn, and those that change while they are read.
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
    """What stands beside the texts, collected while they are cut. Labels are numbered as they come."""

    form: Form
    known: Labels | None
    ids: dict[str, int] = field(default_factory=dict)
    beside: "array[int]" = field(default_factory=lambda: array("i"))
    lengths: "array[int]" = field(default_factory=lambda: array("i"))
    scores: "array[float]" = field(default_factory=lambda: array("d"))
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    forms: dict[str, str] = field(default_factory=dict)

    def add(self, sources: Sequence[Source]) -> Iterator[Pair]:
        """Yield the pairs, keeping what stands beside their texts."""
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
        """Return all that was collected."""
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
    """Return why nothing can be learned from some pairs; "": something can."""
    if len(pairs.scores):
        return f"every score is {pairs.scores[0]:g}" if pairs.scores.min() == pairs.scores.max() else ""
    if pairs.labels is None:
        return ""
    there = np.unique(pairs.beside.ids).tolist()
    if len(there) > 1:
        return ""
    return f"the only label is {quoted(pairs.labels.names[there[0]])}" if there else "no label"


def unknown_label(name: str, known: Labels) -> str:
    """Return what an error says of a label that a model does not know."""
    more = f" and {len(known.names) - SHOWN} more" if len(known.names) > SHOWN else ""
    return (
        f"the model has no label {quoted(name)} (it has {', '.join(map(quoted, known.names[:SHOWN]))}{more})"
    )


def key(text: str) -> int:
    """Return a hash of a text, in 64 bits; white space around it does not count."""
    content = text.strip().encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def _texts(pairs: Iterator[Pair], tokenizer: Tokenizer) -> Iterator[str]:
    """Yield each text as one line: line ends become spaces where lines are units."""
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
    """Return how often each token occurs in some rows, from which a vocabulary is built."""
    ids = text.corpus.ids[places(*spans(text.corpus, rows))]
    counts = np.bincount(ids, minlength=SPECIAL + len(text.types))[SPECIAL:].tolist()
    return {token: count for token, count in zip(text.types, counts, strict=True) if count}


def in_vocabulary(text: Text, vocabulary: Vocabulary, ends: bool = False) -> Rows:
    """Return the rows of a text in the ids of a vocabulary; ends: with END after each."""
    ids, starts = np.asarray(text.corpus.ids), np.asarray(text.corpus.starts, np.int64)
    read = text.table(vocabulary)[ids]
    if ends:
        return Rows(read, starts)
    return Rows(read[ids != END], starts - np.arange(len(starts)))


def score_range(scores: NDArray[np.float64]) -> tuple[float, float]:
    """Return the least and the greatest score, which a model maps onto 0 … 1."""
    low, high = float(scores.min()), float(scores.max())
    if not (math.isfinite(low) and low < high):
        raise ValueError("the scores have no range")
    return low, high
