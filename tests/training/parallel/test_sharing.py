"""Memory that several processes see."""

import gc
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rnn_cli.errors import RnnError
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.network.network import Network
from rnn_cli.processes import PROCESSES
from rnn_cli.training.parallel import sharing
from rnn_cli.training.parallel.sharing import SharedArrays, Tray, bytes_of, of_run, of_shard

FLOATS, IDS = np.dtype(np.float32), np.dtype(np.intp)
GROUPS = {"a": {"x": (3, IDS), "s": (5, FLOATS)}, "b": {"s": (7, FLOATS)}}
MIB = {"W": (1 << 18, FLOATS)}  # one MiB


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


def test_every_array_begins_at_a_line_of_the_cache():
    between = []
    for _ in range(5):  # one behind the other in multiprocessing's memory
        between.append(PROCESSES.RawArray("b", 8))
        shared = SharedArrays(GROUPS)
        between.append(shared)
        for group in GROUPS:
            for array in shared.flat(group).values():
                assert array.ctypes.data % sharing.ALIGNMENT == 0


def test_memory_used_before_is_zero_again():
    for _ in range(3):
        shared = SharedArrays(GROUPS)
        assert not shared.flat("b")["s"].any()
        shared.flat("b")["s"][:] = 9
        del shared
        gc.collect()


def with_room(monkeypatch, **free):
    """Let the folders have this many MiB free."""
    free = {"/dev/shm": free["shm"], sharing.tempfile.gettempdir(): free["temporary"]}
    usage = lambda folder: SimpleNamespace(free=free[folder] * 2**20)  # noqa: E731
    monkeypatch.setattr(sharing.shutil, "disk_usage", usage)
    monkeypatch.setattr(sharing.sys, "platform", "linux")


def test_memory_that_there_is_no_room_for_is_refused_with_all_that_is_needed(monkeypatch):
    with_room(monkeypatch, shm=2, temporary=1)
    with pytest.raises(RnnError, match=r"need 3\.0 MiB .*No space left.*--threads 1 needs none"):
        SharedArrays({"p": MIB, "gradients 1": MIB, "gradients 2": MIB})


@pytest.mark.parametrize("room", [{"shm": 4, "temporary": 0}, {"shm": 1, "temporary": 4}])
def test_room_in_either_folder_is_enough(monkeypatch, room):
    with_room(monkeypatch, **room)
    SharedArrays({"p": MIB, "gradients 1": MIB, "gradients 2": MIB})


SMALL = """
import multiprocessing, numpy as np
from rnn_cli.training.parallel.sharing import SharedArrays
room = {"W": (3 << 18, np.dtype(np.float32))}
try:
    shared = SharedArrays({"p": room})
    shared.flat("p")["W"][:] = 1
    print("all written")
except Exception as error:
    print(type(error).__name__, error)
"""
MOUNTED = 'mount -t tmpfs -o size=1M none /dev/shm && mkdir -p "$0" && mount -t tmpfs -o size=$1 none "$0"'


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("unshare"), reason="only on Linux")
@pytest.mark.parametrize(("size", "said"), [("1M", "RnnError processes need 3.0 MiB"), ("8M", "all written")])
def test_a_small_dev_shm_ends_no_process(tmp_path, size, said):
    """In file systems of that size, mounted for one process."""
    inside = f'{MOUNTED} && TMPDIR="$0" exec "$2" -c "$3"'
    command = ["unshare", "--mount", "sh", "-c", inside, tmp_path / "small", size, sys.executable, SMALL]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=os.getcwd())
    if "ermission" in run.stderr or "not permitted" in run.stderr:
        pytest.skip("nothing can be mounted here")
    assert run.returncode == 0, run
    assert run.stdout.startswith(said)


@pytest.mark.parametrize("m", [11, ONE_HOT_UP_TO + 1])
def test_processes_share_parameters_and_each_but_the_first_gradients_and_a_tray(m):
    network = Network(m, 4)
    groups = of_run(network, T=5, rows=8, threads=3, dtype=np.float32)
    assert list(groups) == ["p", "gradients 1", "gradients 2", "tray 1", "tray 2"]
    assert {name: size for name, (size, _) in groups["p"].items()} == network.sizes
    by_columns = m > ONE_HOT_UP_TO
    assert ("U" in groups["gradients 1"]) is not by_columns
    assert bytes_of(of_shard(network, 5, 8, np.float64)) > bytes_of(groups["tray 1"])
    wider = of_shard(network, 5, 9, np.float32)
    assert all(wider[name] > room for name, room in groups["tray 1"].items())


def test_a_tray_gives_what_was_put_on_it_in_its_shape():
    room = {"x": (12, IDS), "s": (8, FLOATS)}
    shared = SharedArrays({"tray": room})
    ours, theirs = Tray(shared.flat("tray")), Tray(shared.flat("tray"))
    for T, B in ((3, 4), (2, 2), (1, 4)):
        put = {"x": np.arange(T * B).reshape(T, B), "s": np.full((B, 2), T, np.float32)}
        got = theirs.get(ours.put(put))
        for name, array in put.items():
            np.testing.assert_array_equal(got[name], array)
