"""A model that writes a target for a source, token by token (many to many, 多对多)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads, product_threads
from rnn_cli.models import file
from rnn_cli.models.encoded.blocks import blocks
from rnn_cli.models.encoded.paired import Found, Search, Sides, read_sources, search
from rnn_cli.models.equality import Comparable
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.network import Network
from rnn_cli.text.batches import Batches
from rnn_cli.text.checks import each_text, is_number
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.rows import Numbers, Rows
from rnn_cli.text.vocabulary import END, SPELLED, UNK

if TYPE_CHECKING:
    from rnn_cli.models.scores.pairs import PairScore

TASK = "translate"
ROWS, STEPS = 64, 1 << 12  # sources and steps per batch
BEAM = 4  # default number of targets kept at a time
MOST_GROWTH = 1000.0


class Target(NamedTuple):
    """A target written for a source.

    tokens: of the text. log_p: the logarithm of the target's probability.
    alignment: (tokens, source tokens), how much each token looks at each token of the source; None if not
    requested.
    """

    text: str
    tokens: tuple[str, ...]
    log_p: float
    alignment: NDArray[np.float32] | None = None


class Translation(NamedTuple):
    """The targets of a source, the likeliest first.

    source: the tokens that were read, at most LONGEST.
    is_unknown: whether the model knows nothing in the source; an empty source has an empty target.
    """

    source: tuple[str, ...]
    targets: list[Target]
    is_unknown: bool


class Written(NamedTuple):
    """A target as ids, without END. alignment: None if it is not needed."""

    ids: list[int]
    log_p: float
    alignment: NDArray[np.float32] | None


@dataclass(frozen=True, repr=False, eq=False)
class Translator(Comparable):
    """The contents of a model file for the task translate.

    source, target: how texts on each side become ids. network, p: as for `LanguageModel`.
    growth: the most target tokens per source token, where a source counts `paired.MORE` tokens more than it
    has.
    history: how the model was trained, for people; any JSON.
    """

    source: Lexicon
    target: Lexicon
    network: EncoderDecoder
    p: Parameters
    growth: float
    history: dict[str, Any] = field(default_factory=dict)
    task = TASK

    def __repr__(self) -> str:
        names = " to ".join(side.tokenizer.name for side in (self.source, self.target))
        return f"<Translator: {names}, {self.network.size:,} parameters>"

    @property
    def lexicon(self) -> Lexicon:
        """How the model reads its input, the source."""
        return self.source

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file. Raises RnnError, naming the problem, unless the file is complete and valid."""
        return file.read_as(path, (TASK,), cls._from_file)

    def save(self, path: str | Path) -> None:
        """Write the model file atomically. Raises OSError; the old file is then unchanged."""
        storage.save(file.model_path(path), *self.pack())

    def describe(self) -> dict[str, str]:
        """Return a description of the model for people, each fact with its name."""
        network, target = self.network, self.target
        return {
            "network": f"{network.encoder.describe()}, vocabulary {network.encoder.m:,}",
            "decoder": f"{network.decoder.describe()}, {network.attention} attention",
            "targets": f"{target.tokenizer.name}, vocabulary {target.vocabulary.size:,}",
        }

    def facts(self) -> dict[str, Any]:
        """Return the facts specific to this task that `rnn info --json` prints."""
        target = {"tokenizer": self.target.tokenizer.name, "unit": self.target.tokenizer.unit}
        return {"task": TASK, "target": target, "growth": self.growth}

    def kept(self) -> Self:
        """Return the model with its own copies of the arrays."""
        return replace(self, p={name: array.copy(order="K") for name, array in self.p.items()})

    def pack(self) -> tuple[Parameters, dict[str, Any]]:
        """Return the arrays and the header of the model file."""
        own = {"target": self.target.to_json(), "growth": self.growth}
        return self.p, file.header(TASK, self.source, asdict(self.network), self.history) | own

    @classmethod
    def _from_file(cls, arrays: Parameters, header: dict[str, Any]) -> Self:
        """Return the model in a file's arrays and header. Raises one of several errors if they do not fit
        together."""
        source, target = sides_of(header)
        network = network_of(header["network"], len(arrays))
        sizes = source.vocabulary.size, target.vocabulary.size
        if (network.encoder.m, network.decoder.m) != sizes:
            raise ValueError("the network does not fit the vocabularies")
        file.check_arrays(network.shapes, arrays)
        history = header["history"]
        if not isinstance(history, dict):
            raise TypeError("history is no object")
        return cls(source, target, network, network.lay_out(arrays), growth_of(header), history)

    def predict(
        self,
        texts: Iterable[str],
        beam: int = BEAM,
        nbest: int = 1,
        align: bool = False,
        threads: int | None = None,
    ) -> Iterator[Translation]:
        """Yield the targets that the model writes for each text, in order.

        beam: the number of targets kept at a time; 1: take the likeliest token at each step. nbest: the
        number of targets to return, at most `beam`. align: include alignments. threads: the cores that matrix
        products may use; None: by their size. Where the target has an unknown token, an unknown token of the
        source is copied.

        Raises ValueError for invalid numbers, RnnError if the state overflows.
        """
        if not 1 <= nbest <= beam:
            raise ValueError(f"{nbest} targets of a beam of {beam}")
        for block in blocks(each_text(texts)):
            yield from self._translate(block, Search(beam, nbest), align, threads)

    def _nats_of_nothing(self) -> float:
        """-log p of the empty target of an empty source."""
        return self.nats(Sides(Rows.of_lists([[]]), Rows.of_lists([[END]])), np.zeros(1, np.int64))[0]

    def _translate(
        self, texts: Sequence[str], how: Search, align: bool, threads: int | None
    ) -> Iterator[Translation]:
        tokens, x = read_sources(texts, self.source)
        targets: list[list[Target]] = [[] for _ in texts]
        work = Workspace(np.float32)
        largest = max(shape[0] * shape[1] for shape in self.network.shapes.values() if len(shape) == 2)
        cores = product_threads(ROWS * how.beam * largest, threads)
        with blas_threads(cores), np.errstate(all="ignore"):
            for rows in Batches(x.lengths, ROWS, STEPS):
                read, real = x.padded(rows)
                found = [*search(self.network, self.p, read, real, how, self.growth)]
                for row, made in zip(rows.tolist(), self._targets(x, rows, found, align, work), strict=True):
                    targets[row] = [self._spelled(tokens[row], each) for each in made]
        if not all(tokens):
            nothing = Target("", (), -self._nats_of_nothing())
            targets = [found if words else [nothing] for words, found in zip(tokens, targets, strict=True)]
        for row, (words, of_row) in enumerate(zip(tokens, targets, strict=True)):
            known = any(id != UNK for id in x.ids[x.starts[row] : x.starts[row + 1]])
            aligned = [each if align else each._replace(alignment=None) for each in of_row]
            yield Translation(tuple(words), aligned, not known)

    def _targets(
        self, x: Rows, rows: Numbers, found: list[Found], align: bool, work: Workspace
    ) -> Iterator[list[Written]]:
        """Yield the targets of each row, with alignments where they are needed: for all, or for copying an
        unknown token."""
        of_rows = [(row, *each) for row, made in zip(rows.tolist(), found, strict=True) for each in made]
        if not all(np.isfinite(log_p) for _, _, log_p in of_rows):
            raise RnnError("the state of the model has overflowed while it wrote")
        needed = [n for n, (_, y, _) in enumerate(of_rows) if align or UNK in y]
        alignments: dict[int, NDArray[np.float32]] = {}
        if needed:
            y = [of_rows[n][1] for n in needed]
            sides = Sides(
                x.take(np.array([of_rows[n][0] for n in needed])), Rows.of_lists([[*ids, END] for ids in y])
            )
            shares = self.network.alignments(self.p, sides.batch(np.arange(len(needed))), work)
            for n, ids, length, share in zip(needed, y, sides.x.lengths.tolist(), shares, strict=True):
                alignments[n] = share[: len(ids), :length].copy()
        written = iter([Written(y, log_p, alignments.get(n)) for n, (_, y, log_p) in enumerate(of_rows)])
        for made in found:
            yield [*islice(written, len(made))]

    def _spelled(self, source: list[str], written: Written) -> Target:
        """Return a target as text, with unknown tokens copied from the source."""
        y, log_p, alignment = written
        tokens = [SPELLED[UNK] if id == UNK else self.target.vocabulary.token(id) for id in y]
        if alignment is not None and UNK in y:
            unknown = np.array([id == UNK for id in self.source.vocabulary.encode(source)])
            is_like = self.source.tokenizer.separator == self.target.tokenizer.separator
            for t in [t for t, id in enumerate(y) if id == UNK]:
                word = source[int(np.where(unknown, alignment[t], -1).argmax())]
                tokens[t] = word if is_like else word.strip()
        return Target(self.target.tokenizer.join(tokens), tuple(tokens), log_p, alignment)

    def score(self, pairs: Iterable[Sequence[Any]], threads: int | None = None) -> "PairScore":
        """Return the cost of each pair, -log p of its target given its source, and of all pairs together.

        pairs: sources, each with its target.
        threads: the cores that matrix products may use; None: by their size.
        Raises ValueError for a pair that cannot be scored, RnnError if the state overflows.
        """
        from rnn_cli.models.scores.pairs import score_pairs  # it imports all models

        return score_pairs(self, pairs, threads)

    def nats(self, sides: Sides, rows: Numbers) -> tuple[float, int]:
        """Return the sum of -log p of some targets given their sources, and the number of their tokens, END
        included."""
        return float(self.costs(sides, rows, 1).sum()), int(sides.y.lengths[rows].sum())

    def costs(self, sides: Sides, rows: Numbers, threads: int | None = None) -> NDArray[np.float64]:
        """Return -log p of some targets given their sources, (rows,)."""
        nats, work = np.empty(len(rows)), Workspace(np.float32, keeps=False)
        largest = max(shape[0] * shape[1] for shape in self.network.shapes.values() if len(shape) == 2)
        with blas_threads(product_threads(ROWS * largest, threads)), np.errstate(all="ignore"):
            for batch in Batches(sides.lengths[rows], ROWS, STEPS):
                pairs = sides.batch(rows[batch])
                nats[batch] = self.network.nats(self.p, pairs, work).sum(axis=1, dtype=np.float64)
        return nats


def sides_of(header: dict[str, Any]) -> tuple[Lexicon, Lexicon]:
    """Return the lexicons of sources and targets in a header. Raises one of several errors."""
    if not isinstance(header["target"], dict):
        raise TypeError("target is no object")
    return Lexicon.from_json(header), Lexicon.from_json(header["target"])


def growth_of(header: dict[str, Any]) -> float:
    """Return the growth in a header. Raises ValueError for a value that no run writes."""
    growth = header["growth"]
    if not (is_number(growth) and 0 < growth <= MOST_GROWTH):
        raise ValueError(f"growth is {growth!r}")
    return float(growth)


def network_of(said: Any, arrays: int) -> EncoderDecoder:
    """Return the network that a header describes. arrays: the number of arrays in the file. Raises one of
    several errors."""
    encoder = file.made(Encoder, file.choices(file.choices(said)["encoder"], "bidirectional"))
    decoder = file.made(Network, file.choices(said["decoder"], "tie"))
    network = file.made(EncoderDecoder, said | {"encoder": encoder, "decoder": decoder})
    file.check_count(network.encoder.layers + network.decoder.layers + len(network.decoder.cutoffs), arrays)
    return network
