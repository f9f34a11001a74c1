"""A window of a text, as a person reads it."""

from pathlib import Path

from rnn_cli.cli.console import printable
from rnn_cli.network.network import Batch
from rnn_cli.runs import files
from rnn_cli.runs.texts import Reading
from rnn_cli.text.vocabulary import END, SPECIAL, START, UNK

SPELLED = {START: "<start>", END: "<end>", UNK: "<unk>"}


def write_batch(path: Path, batch: Batch, reading: Reading) -> None:
    """Write the targets of a batch to a file, a line for each of its rows. Raises OSError or RnnError."""
    rows = zip(batch.y.T.tolist(), batch.weight.T.tolist(), strict=True)
    lines = (_spell([id for id, weight in zip(*row, strict=True) if weight], reading) for row in rows)
    files.write_text(path, "".join(f"{line}\n" for line in lines))


def _spell(ids: list[int], reading: Reading) -> str:
    tokens = [SPELLED[id] if id < SPECIAL else reading.vocabulary.token(id) for id in ids]
    return printable(reading.tokenizer.join(tokens))
