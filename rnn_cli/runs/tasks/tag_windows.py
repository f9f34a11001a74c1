"""The batches of an epoch of sentences with tags, and what an epoch hides of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.tagger import Tagged
from rnn_cli.runs.tasks.tag_data import TagData
from rnn_cli.text.batches import Batches
from rnn_cli.text.rows import Numbers

LEFT_OUT = 0.4  # of a token's affixes, and of its pairs with its neighbours


class Hiding(NamedTuple):
    """What an epoch hides of its sentences, so that a model learns what unknown tokens are like.

    read_as: (m,), the id that each id is read as. key: from which it is drawn which affixes are left out.
    """

    read_as: NDArray[np.int32]
    key: tuple[int, ...]

    def thinned(self, batch: Tagged, index: int) -> Tagged:
        """Return a batch, the one of this index, without some of its affixes."""
        is_kept = np.random.default_rng((*self.key, index)).random(len(batch.affixes)) >= LEFT_OUT
        starts = np.append(0, np.cumsum(is_kept))[batch.starts]
        return batch._replace(affixes=batch.affixes[is_kept], starts=starts)


class TagWindows(Sequence[Tagged]):
    """The batches of an epoch."""

    def __init__(self, data: TagData, rows: Numbers, batches: Batches, hiding: Hiding | None = None):
        self._data, self._rows, self._batches, self.hiding = data, rows, batches, hiding

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Tagged:  # type: ignore[override]  # slices are not supported
        rows, hiding = self._rows[self._batches[index]], self.hiding
        if hiding is None:
            return self._data.sentences.batch(rows, self._data.y)
        return hiding.thinned(self._data.sentences.batch(rows, self._data.y, hiding.read_as), index)
