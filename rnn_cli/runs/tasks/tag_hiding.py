"""Hiding parts of sentences in an epoch, so that a tagger learns to deal with unknown tokens."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.tagger import Tagged

LEFT_OUT = 0.4  # share of a token's affixes, and of its pairs with its neighbours


class Hiding(NamedTuple):
    """What an epoch hides.

    read_as: (m,), the id that each id is read as. key: the seed for drawing which affixes are left out.
    """

    read_as: NDArray[np.int32]
    key: tuple[int, ...]

    def thinned(self, batch: Tagged, index: int) -> Tagged:
        """Return the batch with this index without some of its affixes."""
        is_kept = np.random.default_rng((*self.key, index)).random(len(batch.affixes)) >= LEFT_OUT
        starts = np.append(0, np.cumsum(is_kept))[batch.starts]
        return batch._replace(affixes=batch.affixes[is_kept], starts=starts)
