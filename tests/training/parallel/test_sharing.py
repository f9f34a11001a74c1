"""Memory that several processes see."""

import errno
import os

import numpy as np
import pytest

from rnn_cli.errors import RnnError
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network
from rnn_cli.training.parallel import sharing
from rnn_cli.training.parallel.sharing import SharedArrays, Tray, bytes_of, of_run, of_shard

FLOATS, IDS = np.dtype(np.float32), np.dtype(np.intp)
GROUPS = {"a": {"x": (3, IDS), "s": (5, FLOATS)}, "b": {"s": (7, FLOATS)}}


def test_every_array_has_its_own_place():
    shared = SharedArrays(GROUPS)
    for group, rooms in GROUPS.items():
        for name, (size, dtype) in rooms.items():
            array = shared.flat(group)[name]
            assert (array.shape, array.dtype) == ((size,), dtype)
            assert not array.any()
    places = [("a", "x"), ("a", "s"), ("b", "s")]
    for value, (group, name) in enumerate(places, 1):
        shared.flat(group)[name][:] = value
    assert [shared.flat(group)[name].sum() for group, name in places] == [3 * 1, 5 * 2, 7 * 3]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="nothing can be reserved here")
def test_memory_is_there_before_it_is_written_to(monkeypatch):
    """A page that is not would end the process when a small /dev/shm is full."""
    reserve, taken = os.posix_fallocate, []

    def reserve_and_look(fd, start, size):
        reserve(fd, start, size)
        taken.append((os.fstat(fd).st_blocks * 512, size))

    monkeypatch.setattr(os, "posix_fallocate", reserve_and_look)
    SharedArrays({"p": {"W": (1 << 20, FLOATS)}})
    [(blocks, size)] = taken
    assert blocks >= size >= 4 << 20


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="nothing can be reserved here")
def test_memory_that_there_is_no_room_for_is_refused_with_all_that_is_needed(monkeypatch):
    def reserve(fd, start, size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sharing.os, "posix_fallocate", reserve)
    rooms = {"W": (1 << 20, FLOATS)}
    with pytest.raises(RnnError, match=r"need 12\.0 MiB .*No space left.*--threads 1 needs none"):
        SharedArrays({"p": rooms, "gradients 1": rooms, "gradients 2": rooms})


@pytest.mark.parametrize("m", [11, ONE_HOT_UP_TO + 1])
def test_processes_share_parameters_and_each_but_the_first_gradients_and_a_tray(m):
    network = Network(m, 4)
    groups = of_run(network, T=5, rows=8, threads=3, dtype=np.float32)
    assert list(groups) == ["p", "gradients 1", "gradients 2", "tray 1", "tray 2"]
    assert {name: size for name, (size, _) in groups["p"].items()} == network.sizes
    by_columns = m > ONE_HOT_UP_TO
    assert ("U" in groups["gradients 1"]) is not by_columns
    assert ("values" in groups["tray 1"]) is by_columns
    assert bytes_of(of_shard(network, 5, 8, np.float64)) > bytes_of(groups["tray 1"])


def test_a_tray_gives_what_was_put_on_it_in_its_shape():
    room = {"x": (12, IDS), "s": (8, FLOATS)}
    shared = SharedArrays({"tray": room})
    ours, theirs = Tray(shared.flat("tray")), Tray(shared.flat("tray"))
    for T, B in ((3, 4), (2, 2), (1, 4)):
        put = {"x": np.arange(T * B).reshape(T, B), "s": np.full((B, 2), T, np.float32)}
        got = theirs.get(ours.put(put))
        for name, array in put.items():
            np.testing.assert_array_equal(got[name], array)
