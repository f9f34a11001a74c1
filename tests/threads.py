"""Ranks, without MPI: threads of this process that wait for each other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rnn_cli.network.columns import Columns
from rnn_cli.training.parallel.bits import code_of
from rnn_cli.training.parallel.world import Alone


class Thread(Alone):
    """A rank that is a thread. Each exchange is a list that all have."""

    def __init__(self, rank, size, lists):
        self.rank, self.size, self._lists = rank, size, lists
        self.hosts, self.leaders = ["here"] * size, [0] * size

    def _all(self, value):
        barrier, values = self._lists
        values[self.rank] = value
        barrier.wait(10)
        found = list(values)
        barrier.wait(10)
        return found

    def sum(self, flat, count, bits=32):
        encode, decode = code_of(bits)
        total, *others = [decode(sent).copy() for sent in self._all(encode(flat.copy()))[:count]]
        for other in others:
            total += other
        flat[:] = decode(encode(total))

    def sum_columns(self, columns, count, bits=32):
        encode, decode = code_of(bits)
        total, *others = [
            Columns(tokens, decode(values))
            for tokens, values in self._all((columns.tokens, encode(columns.values)))[:count]
        ]
        for other in others:
            total = total + other
        return Columns(total.tokens, decode(encode(total.values)))

    def numbers(self, values):
        return np.array(self._all(list(values)), float)

    def share(self, value, of=0):
        return self._all(value)[of]

    def exchange(self, values):
        return [of_rank[self.rank] for of_rank in self._all(list(values))]

    def rows(self, array):
        return np.concatenate(self._all(array))

    def meet(self, status, seconds=None):
        return self._all(status)


def on_ranks(size, work):
    """What work(world) returns on each rank. Where it raises on one, the others wait no longer."""
    lists = threading.Barrier(size), [None] * size

    def of_rank(rank):
        try:
            return work(Thread(rank, size, lists))
        except BaseException:
            lists[0].abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(of_rank, range(size)))
