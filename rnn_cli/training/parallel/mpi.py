"""The ranks of a run over MPI. No other file imports mpi4py.

A sum must have the same bits wherever the ranks are, but MPI_Allreduce chooses the order of its additions by
the number and location of the ranks. So each rank receives one slice of every rank's array (Alltoall) and
adds these in the order of the ranks, and all receive all slices (Allgather): the same traffic, and the same
speed.
"""

import math
import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from mpi4py import MPI

from rnn_cli.network.arrays import Array
from rnn_cli.network.columns import Columns
from rnn_cli.training.parallel.bits import code_of
from rnn_cli.training.parallel.watch import NAP, PATIENCE, Pulse, Watch

MOMENT = 0.1  # seconds for the launcher to read what a rank has printed


class Ranks:
    """All ranks that the launcher has started (MPI_COMM_WORLD)."""

    def __init__(self) -> None:
        self._all = MPI.COMM_WORLD
        self._errors = self._all.Dup()  # for `meet`: an error may come while other ranks are in a sum
        host = self._all.Split_type(MPI.COMM_TYPE_SHARED)
        self.rank, self.size = self._all.rank, self._all.size
        self.hosts: Sequence[str] = tuple(self._all.allgather(socket.gethostname()))
        self.leaders: Sequence[int] = tuple(self._all.allgather(host.bcast(self.rank)))
        self.traffic = 0
        self._slices = self._sent = np.empty(0, np.float32)
        self._signs = self._all.Dup()
        self._watch = Watch(self.rank, self.abort, Pulse(self._ask_all))

    def sum(self, flat: Array, count: int, bits: int = 32) -> None:
        encode, decode = code_of(bits)
        sent = code = encode(flat)
        if self._slices.size != code.size or self._slices.dtype != code.dtype:
            self._sent, self._slices = np.empty_like(code) if code is not flat else flat, np.empty_like(code)
        if code is not flat:
            sent = self._sent  # MPI is slow with memory that is new to it
            np.copyto(sent, code)
        with self._watch.waiting():
            self._all.Alltoall(sent, self._slices)
        first, *others = self._slices.reshape(self.size, -1)[:count]
        total = decode(first)
        for other in others:
            total += decode(other)
        if total is not first:
            np.copyto(first, encode(total))
        with self._watch.waiting():
            self._all.Allgather(first, sent)
        if code is not flat:
            np.copyto(flat, decode(sent))
        self._count(2 * sent.nbytes)

    def sum_columns(self, columns: Columns, count: int, bits: int = 32) -> Columns:
        """Sum each column on the rank that owns its token. Neighbouring tokens have different owners, because
        the tokens with the lowest ids are the most frequent."""
        encode, decode = code_of(bits)
        owner = columns.tokens % self.size
        order = np.argsort(owner, kind="stable")
        sent = np.bincount(owner, minlength=self.size)
        received = np.empty_like(sent)
        with self._watch.waiting():
            self._all.Alltoall(sent, received)
        parts = self._exchanged(_packed(columns.tokens[order], encode(columns.values[order])), sent, received)
        ends = np.cumsum(received)
        pairs = zip(received[:count], ends, strict=False)
        mine = _sum(_unpacked(parts[end - k : end], decode) for k, end in pairs)
        row = _packed(mine.tokens, encode(mine.values))
        with self._watch.waiting():
            counts = np.array(self._all.allgather(len(mine.tokens)))
            everything = np.empty(int(counts.sum()), row.dtype)
            self._all.Allgatherv(row.view(np.uint8), [everything.view(np.uint8), counts * row.itemsize])
        self._count(row.itemsize * (len(columns.tokens) + self.size * len(row)))
        whole = _unpacked(everything, decode)
        order = np.argsort(whole.tokens, kind="stable")
        return Columns(whole.tokens[order], whole.values[order])

    def _count(self, sent: int) -> None:
        """Add to the traffic, given the bytes sent to all ranks, this one included."""
        self.traffic += sent * (self.size - 1) // self.size

    def _exchanged(self, rows: Any, sent: Any, received: Any) -> Any:
        """Send `sent[k]` of the rows to each rank k; return the `received[k]` rows that each rank k sends."""
        found = np.empty(int(received.sum()), rows.dtype)
        size = rows.itemsize
        with self._watch.waiting():
            self._all.Alltoallv([rows.view(np.uint8), sent * size], [found.view(np.uint8), received * size])
        return found

    def numbers(self, values: Sequence[float]) -> Array:
        mine = np.array(values, np.float64)
        found = np.empty((self.size, mine.size), np.float64)
        with self._watch.waiting():
            self._all.Allgather(mine, found)
        self._watch.step()
        return found

    def share(self, value: Any, of: int = 0) -> Any:
        with self._watch.waiting():
            return self._all.bcast(value if self.rank == of else None, root=of)

    def exchange(self, values: Sequence[Any]) -> Sequence[Any]:
        with self._watch.waiting():
            return self._all.alltoall(list(values))

    def share_arrays(self, arrays: Iterable[Array]) -> None:
        for array in arrays:
            with self._watch.waiting():
                flat = array.ravel("K") if self.rank == 0 else np.empty(array.size, array.dtype)
                self._all.Bcast(flat)
            if self.rank:
                array.ravel("K")[:] = flat

    def rows(self, array: Array) -> Array:
        with self._watch.waiting():
            return np.concatenate(self._all.allgather(array))

    def meet(self, status: int, seconds: float | None = None) -> Sequence[int] | None:
        mine, found = np.array([status]), np.empty(self.size, int)
        request = self._errors.Iallgather(mine, found)
        with self._watch.waiting(PATIENCE if seconds is None else math.inf):
            return found.tolist() if _come(request, seconds) else None

    def _ask_all(self, wants_to_end: bool) -> Callable[[], bool | None]:
        found = np.zeros(1, np.int32)
        request = self._signs.Iallreduce(np.array([wants_to_end], np.int32), found, MPI.MIN)

        def answer() -> bool | None:
            try:
                return bool(found[0]) if request.Test() else None
            except MPI.Exception:  # a connection is lost
                return None

        return answer

    def expect_signs(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        self._watch.read(seconds, silent, has_signs=MPI.Query_thread() >= MPI.THREAD_MULTIPLE)

    def expect(self, seconds: float | None, silent: Callable[[str], None]) -> None:
        self._watch.train(seconds, silent)

    def abort(self, status: int) -> None:
        time.sleep(MOMENT)
        self._all.Abort(status)
        os._exit(status)  # Abort returns if the launcher is cut off


def _come(request: MPI.Request, seconds: float | None) -> bool:
    """Wait for a request, at most `seconds`; return whether the other ranks have come."""
    began = time.monotonic()
    while not request.Test():
        if seconds is not None and time.monotonic() > began + seconds:
            return False
        time.sleep(NAP)
    return True


def _packed(tokens: Any, values: Array) -> Any:
    """Return columns as an array of records, (k,)."""
    records = np.empty(len(tokens), [("token", np.int64), ("values", values.dtype, values.shape[1:])])
    records["token"], records["values"] = tokens, values
    return records


def _unpacked(records: Any, decode: Callable[[Array], Array]) -> Columns:
    return Columns(records["token"].astype(np.intp), decode(records["values"]))


def _sum(parts: Iterable[Columns]) -> Columns:
    """Return the sum of columns, added in their order by `Columns.__add__`."""
    first, *others = parts
    for other in others:
        first = first + other
    return first
