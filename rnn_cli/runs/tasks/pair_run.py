"""The run of the task translate: from a source to a target, token by token."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rnn_cli.models.encoded.paired import LONGEST, Search, search
from rnn_cli.models.translator import Translator
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.encoder_decoder import EncoderDecoder, Pairs
from rnn_cli.printing import counted, printable
from rnn_cli.runs.tasks.pair_data import PairData
from rnn_cli.runs.tasks.row_run import RowRun
from rnn_cli.scoring.bleu import bleu
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.rows import Numbers
from rnn_cli.text.vocabulary import SPELLED
from rnn_cli.training.state import TrainingState

STEPS_OF_A_ROW = 48  # a batch holds as many steps as its rows would at this length
WATCHED = 200  # pairs whose targets are generated after each epoch


@dataclass(frozen=True)
class PairRun(RowRun):
    """A run that trains a translator."""

    data: PairData
    network: EncoderDecoder

    longest = LONGEST
    steps_of_a_row = STEPS_OF_A_ROW

    @property
    def lengths(self) -> Numbers:
        return self.data.sides.lengths

    def batch(self, rows: Numbers, index: int = 0) -> Pairs:
        return self.data.sides.batch(rows)

    @property
    def flops(self) -> float:
        """Operations per step of a batch, for pairs of mean length: 2 for each weight that a step multiplies,
        times 3."""
        network, sides, train = self.network, self.data.sides, self.data.train
        tables = {*network.tables} - {"V_dec"}  # a step only looks up a column of these
        sizes = {name: network.sizes[name] for name, s in network.shapes.items() if len(s) == 2}
        of_encoder = sum(size for name, size in sizes.items() if name in network.encoder.shapes)
        of_encoder -= sum(sizes[name] for name in tables if name in network.encoder.shapes)
        others = sum(size for name, size in sizes.items() if name not in {*network.encoder.shapes, *tables})
        of_pair = of_encoder * sides.x.lengths[train].mean() + others * sides.y.lengths[train].mean()
        return 6 * float(of_pair) / self.steps

    def first_values(self, rng: np.random.Generator) -> Parameters:
        return self.network.initialise(rng, self.output_counts)

    @property
    def output_counts(self) -> Numbers:
        return np.bincount(self.data.sides.y.take(self.data.train).ids, minlength=self.network.m)

    def trained(self, at: TrainingState) -> Translator:
        return Translator(
            self.data.known.source,
            self.data.known.target,
            self.network,
            at.p,
            self.data.known.growth,
            self.history(at),
        )

    def header(self) -> dict[str, Any]:
        source, target, growth = self.data.known
        own = {"target": target.to_json(), "growth": growth, "network": asdict(self.network)}
        return own | source.to_json()

    def of_text(self) -> dict[str, Any]:
        source, target, _ = self.data.known
        return {
            "text": {"files": self.data.files, "pairs": len(self.data.train)},
            "tokenizer": source.tokenizer.name,
            "target_tokenizer": target.tokenizer.name,
        }

    def about_text(self) -> Iterator[str]:
        data = self.data
        sides = " to ".join(
            f"{side.tokenizer.name} (vocabulary {side.vocabulary.size:,})" for side in data.known[:2]
        )
        yield f"text: {counted(data.files, 'file')}, {counted(len(data.train), 'pair')}, {sides}"
        if len(data.valid):
            yield f"and {counted(len(data.valid), 'pair')} to validate on"

    @property
    def metrics(self) -> tuple[str, ...]:
        return "exact", "bleu"

    def figures(self, at: TrainingState) -> dict[str, float]:
        rows = self._watched
        written = self._written(at, rows)
        y = self.data.sides.y
        true = [y.ids[y.starts[row] : y.starts[row + 1] - 1].tolist() for row in rows.tolist()]
        lines, others = ([" ".join(map(str, ids)) for ids in side] for side in (written, true))
        exact = sum(a == b for a, b in zip(written, true, strict=True)) / len(true)
        return {"exact": exact, "bleu": bleu(lines, [[other] for other in others], "none")}

    @property
    def _watched(self) -> Numbers:
        """The rows whose targets are generated after an epoch: about WATCHED, evenly spaced among those that
        are judged."""
        rows = self.judged
        return rows[:: -(-len(rows) // WATCHED)]

    def _written(self, at: TrainingState, rows: Numbers) -> list[list[int]]:
        """Return the ids of the targets that the model writes for the sources of some rows, taking the
        likeliest token at each step."""
        x, real = self.data.sides.x.padded(rows)
        with np.errstate(all="ignore"):
            found = search(self.network, at.p, x, real, Search(1, 1), self.data.known.growth)
            return [each[0][0] for each in found]

    @property
    def about_network(self) -> str:
        encoder, decoder = self.network.encoder, self.network.decoder
        return f"{encoder.describe()}; decoder {decoder.describe()}, {self.network.attention} attention"

    def sizes(self, share: float) -> dict[str, int | float]:
        source, target, _ = self.data.known
        sizes = {"source_m": source.vocabulary.size, "target_m": target.vocabulary.size}
        return {"pairs": len(self.data.train), **sizes}

    def about_sizes(self, share: float) -> dict[str, str]:
        sizes = self.sizes(share)
        return {
            "text": f"{sizes['pairs']:,} pairs to learn from",
            "vocabulary": f"{sizes['source_m']:,} of sources, {sizes['target_m']:,} of targets",
        }

    @property
    def window_fits(self) -> bool:
        longest = int(self.lengths[self.data.train].max(initial=1))
        return longest <= self.steps <= LONGEST and self.rows <= len(self.data.train)

    def example(self, at: TrainingState) -> str:
        x, known, row = self.data.sides.x, self.data.known, int(self._watched[0])
        (written,) = self._written(at, np.array([row]))
        source = x.ids[x.starts[row] : x.starts[row + 1]].tolist()
        return printable(f"{spelled(source, known.source)} → {spelled(written, known.target)}")

    def spell(self, batch: Pairs) -> Iterator[str]:
        source, target, _ = self.data.known
        columns = (batch.x.T, batch.real.T, batch.y.T, batch.weight.T)
        for x, real, y, weight in zip(*(each.tolist() for each in columns), strict=True):
            length, steps = int(sum(real)), int(sum(weight))
            yield f"{spelled(x[:length], source)}\t{spelled(y[: steps - 1], target)}"


def spelled(ids: Sequence[int], lexicon: Lexicon) -> str:
    """Return ids as text, for people."""
    tokens = [*SPELLED.values(), *lexicon.vocabulary.tokens]
    return lexicon.tokenizer.join(tokens[id] for id in ids)
