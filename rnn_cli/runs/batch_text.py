"""A window of a text, in readable form."""

from collections.abc import Iterator

from rnn_cli.network.network import Batch
from rnn_cli.printing import printable
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.vocabulary import SPECIAL, SPELLED


def spelled(batch: Batch, lexicon: Lexicon) -> Iterator[str]:
    """Yield the targets of each row of a batch as text."""
    for ids, weights in zip(batch.y.T.tolist(), batch.weight.T.tolist(), strict=True):
        counting = (id for id, weight in zip(ids, weights, strict=True) if weight)
        tokens = [SPELLED[id] if id < SPECIAL else lexicon.vocabulary.token(id) for id in counting]
        yield printable(lexicon.tokenizer.join(tokens))
