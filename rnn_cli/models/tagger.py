"""A model that predicts a tag for each token of a sentence, or the words that the tags mark."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads, product_threads
from rnn_cli.models import file
from rnn_cli.models.encoded.blocks import blocks
from rnn_cli.models.encoded.legal import legal_sequences
from rnn_cli.models.encoded.lines import Line, marks_words, read_line, reads_characters, words_of
from rnn_cli.models.encoded.sentences import Sentences
from rnn_cli.models.equality import Comparable
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.tagger import Tagged
from rnn_cli.network.tagger import Tagger as Network
from rnn_cli.network.viterbi import Legal, viterbi
from rnn_cli.scoring.tags import Scheme, scheme
from rnn_cli.text.batches import Batches
from rnn_cli.text.checks import each_text
from rnn_cli.text.features import Affixes
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.rows import places

if TYPE_CHECKING:
    from rnn_cli.models.scores.pairs import PairScore

TASK = "tag"
ROWS, STEPS = 128, 1 << 13  # sentences and steps per batch

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Tagging(NamedTuple):
    """The prediction for a text.

    tags: one for each token, with its probability in `p`. words: the words that the tags mark; None if the
    tags mean something else. is_unknown: whether the model knows none of the tokens.
    """

    tokens: list[str]
    tags: list[str]
    p: list[float]
    words: list[str] | None
    is_unknown: bool


@dataclass(frozen=True, repr=False, eq=False)
class Tagger(Comparable):
    """The contents of a model file for the task tag.

    lexicon: the tokenizer, which splits at white space, and the vocabulary. network, p: as for
    `LanguageModel`.
    tags: by their ids. affixes: which affixes of tokens the model reads; None: none.
    is_legal: whether tags mark spans and only legal sequences of them are predicted (legal.py).
    history: how the model was trained, for people; any JSON.
    """

    lexicon: Lexicon
    network: Network
    p: Parameters
    tags: Labels
    affixes: Affixes | None = None
    is_legal: bool = False
    history: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Tagger: {len(self.tags.names)} tags, {self.network.size:,} parameters>"

    @property
    def task(self) -> str:
        return TASK

    @cached_property
    def scheme(self) -> Scheme | None:
        """How the tags mark spans; None if they do not."""
        return scheme(self.tags.names)

    @property
    def marks_words(self) -> bool:
        """Whether the tags say where words begin and end (B, M, E and S)."""
        return marks_words(self.tags)

    @cached_property
    def reads_characters(self) -> bool:
        """Whether a text is split into characters: if words are marked, and tokens are characters."""
        return reads_characters(self.lexicon.vocabulary, self.tags)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file. Raises RnnError, naming the problem, unless the file is complete and valid."""
        return file.read_as(path, (TASK,), cls._from_file)

    def save(self, path: str | Path) -> None:
        """Write the model file atomically. Raises OSError; the old file is then unchanged."""
        storage.save(file.model_path(path), *self.pack())

    def describe(self) -> dict[str, str]:
        """Return a description of the model for people, each fact with its name."""
        encoder, affixes = self.network.encoder.describe(), ""
        if self.affixes and self.affixes.most:
            affixes = f", affixes of up to {self.affixes.most} characters"
        if self.affixes and self.affixes.pairs:
            affixes += ", pairs of neighbours"
        reads = "characters" if self.reads_characters else "tokens with spaces between"
        return {
            "network": f"{encoder}{affixes}",
            "tags": f"{len(self.tags.names)}: {', '.join(self.tags.names)}",
            "reads": reads,
            "predicts": "legal sequences of tags" if self.is_legal else "the likeliest tag of each token",
        }

    def facts(self) -> dict[str, Any]:
        """Return the facts specific to this task that `rnn info --json` prints."""
        return {
            "task": TASK,
            "tags": self.tags.names,
            "affixes": self.affixes.to_json() if self.affixes else None,
            "is_legal": self.is_legal,
            "reads_characters": self.reads_characters,
        }

    def kept(self) -> Self:
        """Return the model with its own copies of the arrays."""
        return replace(self, p={name: array.copy(order="K") for name, array in self.p.items()})

    def pack(self) -> tuple[Parameters, dict[str, Any]]:
        """Return the arrays and the header of the model file."""
        own: dict[str, Any] = {"tags": self.tags.to_json(), "legal": self.is_legal}
        if self.affixes:
            own["affixes"] = self.affixes.to_json()
        return self.p, file.header(TASK, self.lexicon, asdict(self.network), self.history) | own

    @classmethod
    def _from_file(cls, arrays: Parameters, header: dict[str, Any]) -> Self:
        """Return the model in a file's arrays and header. Raises one of several errors if they do not fit
        together."""
        lexicon, tags = Lexicon.from_json(header), Labels.from_json(header["tags"])
        affixes = Affixes.from_json(header["affixes"]) if "affixes" in header else None
        network, is_legal, history = network_of(header["network"]), header["legal"], header["history"]
        if lexicon.tokenizer.name != "space" or tags.is_multi:
            raise ValueError("tags need tokens with spaces between, and one tag a token")
        check_fit(network, lexicon, tags, affixes)
        if not isinstance(is_legal, bool) or (is_legal and scheme(tags.names) is None):
            raise ValueError(f"legal is {is_legal!r}")
        file.check_count(network.encoder.layers, len(arrays))
        file.check_arrays(network.shapes, arrays)
        if not isinstance(history, dict):
            raise TypeError("history is no object")
        return cls(lexicon, network, network.lay_out(arrays), tags, affixes, is_legal, history)

    def read(self, text: str) -> Line:
        """Return a line as the model reads it: split at white space, or into characters."""
        return read_line(text, self.lexicon, self.reads_characters)

    def predict(self, texts: Iterable[str], threads: int | None = None) -> Iterator[Tagging]:
        """Yield the prediction for each text, in order. An empty text has no tags, and is marked.

        threads: the cores that matrix products may use; None: by their size. Raises RnnError if the state
        overflows.
        """
        for block in blocks(each_text(texts)):
            read = [*map(self.read, block)]
            sentences = Sentences.read([each.tokens for each in read], self.lexicon, self.affixes)
            tags, p = self.likeliest(sentences, threads)
            known = sentences.known()
            ends = np.cumsum([0, *(len(each.tokens) for each in read)]).tolist()
            for (first, end), each in zip(pairwise(ends), read, strict=True):
                names = [self.tags.names[id] for id in tags[first:end].tolist()]
                tokens = [token or "<unk>" for token in each.tokens]
                words = words_of(tokens, names, each) if self.marks_words else None
                is_unknown = not known[first:end].any()
                yield Tagging(tokens, names, p[first:end].tolist(), words, is_unknown)

    def likeliest(self, sentences: Sentences, threads: int | None = None) -> tuple[Numbers, Floats]:
        """Return the tag of each token of all sentences and its probability, both (N,). The tags are the
        likeliest for each token, or form the likeliest legal sequence. Raises RnnError if the state
        overflows."""
        types = sentences.types
        tags, p = np.empty(len(types.ids), np.int64), np.empty(len(types.ids))
        for rows, log_p, real in self._log_probabilities(sentences, threads):
            found = viterbi(log_p, real, self._legal) if self._legal else log_p.argmax(axis=2)
            at = places(types.starts[rows], types.lengths[rows])
            inside = real.T > 0  # row by row, like the places
            tags[at] = found.T[inside]
            p[at] = np.exp(np.take_along_axis(log_p, found[:, :, None], axis=2)[:, :, 0].T[inside])
        if len(p) and not np.isfinite(p).all():
            raise RnnError("the state of the model has overflowed while it read")
        return tags, p

    def score(self, pairs: Iterable[Sequence[Any]], threads: int | None = None) -> "PairScore":
        """Return the cost of each pair, -log p of its tags, and of all pairs together.

        pairs: space-separated tokens, with a tag for each; or a text as `predict` reads it, with a tag for
        each of its tokens.
        threads: the cores that matrix products may use; None: by their size.
        Raises ValueError for a pair that cannot be scored, RnnError if the state overflows.
        """
        from rnn_cli.models.scores.pairs import score_pairs  # it imports all models

        return score_pairs(self, pairs, threads)

    def costs(
        self, sentences: Sentences, y: NDArray[np.integer[Any]], threads: int | None = None
    ) -> NDArray[np.float64]:
        """Return -log p of the tags of each row of sentences, (rows,). y: the tag of each token of all
        sentences."""
        nats = np.empty(len(sentences.types.lengths))
        for rows, batch, work in self._batches(sentences, y, threads):
            nats[rows] = (self.network.nats(self.p, batch, work) * batch.weight).sum(axis=0, dtype=np.float64)
        return nats

    @cached_property
    def _legal(self) -> Legal | None:
        return legal_sequences(self.scheme) if self.is_legal and self.scheme else None

    def _log_probabilities(
        self, sentences: Sentences, threads: int | None
    ) -> Iterator[tuple[Numbers, NDArray[np.float32], NDArray[np.float32]]]:
        """Yield rows of sentences, their log o_t (T, B, tags), and a mask of real steps (T, B)."""
        nothing = np.zeros(len(sentences.types.ids), np.intp)
        for rows, batch, work in self._batches(sentences, nothing, threads):
            yield rows, self.network.log_probabilities(self.p, batch, work), batch.real

    def _batches(
        self, sentences: Sentences, y: NDArray[np.integer[Any]], threads: int | None
    ) -> Iterator[tuple[Numbers, Tagged, Workspace]]:
        """Yield rows of sentences with their batch and a workspace, limiting matrix products to `threads`
        cores meanwhile."""
        work, shapes = Workspace(np.float32, keeps=False), self.network.encoder.shapes.values()
        largest = max(shape[0] * shape[1] for shape in shapes if len(shape) == 2)
        with blas_threads(product_threads(ROWS * largest, threads)), np.errstate(all="ignore"):
            for rows in Batches(sentences.types.lengths, ROWS, STEPS):
                yield rows, sentences.batch(rows, y), work


def check_fit(network: Network, lexicon: Lexicon, tags: Labels, affixes: Affixes | None) -> None:
    """Raise ValueError unless a network fits this vocabulary, these tags and these affixes."""
    if (network.encoder.m, network.tags) != (lexicon.vocabulary.size, len(tags.names)):
        raise ValueError("the network does not fit the vocabulary or the tags")
    of_affixes = (affixes.buckets, affixes.count) if affixes else (0, 0)
    if (network.buckets, network.most_affixes) != of_affixes:
        raise ValueError("the network does not fit the affixes")


def network_of(said: Any) -> Network:
    """Return the network that a header describes. Raises one of several errors."""
    encoder = file.made(Encoder, file.choices(file.choices(said)["encoder"], "bidirectional"))
    return file.made(Network, said | {"encoder": encoder})
