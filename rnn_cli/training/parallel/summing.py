"""Sums of gradients over ranks, and over shards that one process computes in turn."""

import numpy as np

from rnn_cli.network.arrays import Parameters
from rnn_cli.network.columns import Columns, Gradients
from rnn_cli.training.parallel.trainable import DType, Trainable
from rnn_cli.training.parallel.world import Team

ALIGNMENT = 16  # entries: a cache line


class Total:
    """Memory for a sum of gradients. The dense ones are in one buffer, which is sent to the other ranks as it
    is.

    dense: views of the buffer, as parameters.
    """

    dense: Parameters

    def __init__(self, network: Trainable, team: Team, dtype: DType):
        self._network, self._team = network, team
        sizes = {name: size for name, size in network.sizes.items() if network.is_dense(name)}
        self._by_columns = [name for name in network.sizes if name not in sizes]
        end, slices = 0, {}
        for name, size in sizes.items():
            slices[name] = slice(end, end + size)
            end += -(-size // ALIGNMENT) * ALIGNMENT
        of_world = team.world.size
        self._flat = np.zeros(-(-end // of_world) * of_world, dtype)
        self.dense = network.views({name: self._flat[part] for name, part in slices.items()})

    def keep(self, gradients: Gradients) -> Gradients:
        """Copy gradients, dense ones into the buffer; return the copies."""
        kept: Gradients = {}
        for name, gradient in gradients.items():
            if isinstance(gradient, Columns):
                kept[name] = Columns(gradient.tokens.copy(), gradient.values.copy())
            else:
                kept[name] = self.dense[name]
                if not np.may_share_memory(self.dense[name], gradient):
                    np.copyto(self.dense[name], gradient)
        return kept

    def of_ranks(self, gradients: Gradients, B: int) -> Gradients:
        """Return the sum of all ranks' gradients of a batch of B rows.

        gradients: this rank's, as returned by `keep`; {} if it had no rows.
        """
        world, count, bits = self._team.world, self._team.at_work(B), self._team.bits
        if world.size == 1:
            return gradients
        world.sum(self._flat, count, bits)
        total: Gradients = {**self.dense}
        for name in self._by_columns:
            total[name] = world.sum_columns(self._columns(gradients, name), count, bits)
        return {name: total[name] for name in gradients or total}

    def _columns(self, gradients: Gradients, name: str) -> Columns:
        """Return this rank's columns of a parameter; none if it had no rows."""
        found = gradients.get(name)
        if isinstance(found, Columns):
            return found
        n = self._network.shapes[name][0]
        return Columns(np.empty(0, np.intp), np.empty((0, n), self._flat.dtype))
