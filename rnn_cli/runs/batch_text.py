"""A window of a text, as a person reads it."""

from pathlib import Path

from rnn_cli.network.network import Batch
from rnn_cli.printing import printable
from rnn_cli.runs.files import write_text
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.vocabulary import SPECIAL, SPELLED


def write_batch(path: Path, batch: Batch, lexicon: Lexicon) -> None:
    """Write the targets of a batch to a file, a line for each of its rows. Raises OSError or RnnError."""
    rows = zip(batch.y.T.tolist(), batch.weight.T.tolist(), strict=True)
    lines = (_spell([id for id, weight in zip(*row, strict=True) if weight], lexicon) for row in rows)
    write_text(path, "".join(f"{line}\n" for line in lines))


def _spell(ids: list[int], lexicon: Lexicon) -> str:
    tokens = [SPELLED[id] if id < SPECIAL else lexicon.vocabulary.token(id) for id in ids]
    return printable(lexicon.tokenizer.join(tokens))
