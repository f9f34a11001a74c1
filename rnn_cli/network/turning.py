"""Turn rows around, so that a layer's second direction reads them from their end."""

import numpy as np

from rnn_cli.network.arrays import Array, Ids
from rnn_cli.network.fast.workspace import Workspace


class Turn:
    """Turns rows around: step t of row b comes from step turned[t, b]. Results are arrays of the workspace,
    under the given names."""

    def __init__(self, turned: Ids):
        self._shape = turned.shape
        B = turned.shape[1]
        self._places = (turned * B + np.arange(B)).ravel()

    def __call__(self, array: Array, name: str, work: Workspace) -> Array:
        """Return ids (T, B) or numbers (T, B, d), turned around."""
        if array.ndim == 2:
            return array.ravel()[self._places].reshape(self._shape)
        return self._take(array.reshape(self._places.size, -1), self._places, name, work)

    def second_half(self, array: Array, name: str, work: Workspace) -> Array:
        """Return the last d numbers of each step of an array (T, B, 2 d), turned around."""
        halves = array.reshape(2 * self._places.size, -1)
        return self._take(halves, 2 * self._places + 1, name, work)

    def _take(self, rows: Array, places: Ids, name: str, work: Workspace) -> Array:
        out = work(name, len(places), rows.shape[1])
        return np.take(rows, places, axis=0, out=out, mode="clip").reshape(*self._shape, -1)


def turned(real: Array) -> Ids:
    """Return `Steps.turned` for rows whose real steps come first: these are turned around, padding stays.

    real: (T, B), 1 at real steps, 0 at padding.
    """
    T, _ = real.shape
    t, lengths = np.arange(T)[:, None], np.count_nonzero(real, axis=0)
    return np.where(t < lengths, lengths - 1 - t, t)
