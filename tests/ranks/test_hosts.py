"""Ranks on machines of their own: network namespaces, each with its name, its memory and its network."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from launch import assert_same_bits, ended, start

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"),
    reason="network namespaces need root and iproute2",
)
RUN = [
    "t.txt",
    "-t",
    "char",
    "--hidden",
    8,
    "--batch",
    16,
    "--bptt",
    8,
    "--epochs",
    2,
    "--seed",
    2,
    "--threads",
    1,
]
RUN += ["--force", "--save-every", 5]


@pytest.fixture(scope="module")
def hosts():
    """The names of two machines, and what mpiexec is to be told of them."""
    prefix = f"r{os.getpid()}n"
    made = subprocess.run(["bash", HERE / "hosts.sh", "up", prefix, "2", "1gbit"], capture_output=True)
    if made.returncode:
        subprocess.run(["bash", HERE / "hosts.sh", "down", prefix, "2"], check=True)
        pytest.skip(f"no network namespaces: {made.stderr!r}")
    yield [f"{prefix}1", f"{prefix}2"]
    for host in (f"{prefix}1", f"{prefix}2"):  # what mpiexec has started on a machine that was cut off
        for pid in pids_on(host):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["bash", HERE / "hosts.sh", "down", prefix, "2"], check=True)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("t.txt").write_text("".join(f"{k} times {k} is {k * k}\n" for k in range(200)))


def start_on(hosts, *words, patch=""):
    launcher = ["-launcher", "ssh", "-launcher-exec", HERE / "netns-ssh", "-hosts", ",".join(hosts)]
    return start(
        len(hosts),
        *words,
        patch=patch,
        launcher=[*map(str, launcher)],
        under=["ip", "netns", "exec", hosts[0]],
    )


def test_ranks_on_two_machines_have_the_bits_of_two_threads(hosts):
    said, _ = ended(start_on(hosts, *RUN, "--model", "hosts"))
    assert "2 ranks on 2 hosts" in said
    assert f"{hosts[1]}: 1), 8 rows and 1 thread a rank" in said
    ended(start(1, *RUN, "--model", "threads", "--threads", 2, "--quiet"))
    assert_same_bits("hosts", "threads")


HASTY = """
import rnn_cli.training.parallel.watch as watch
watch.GRACE = watch.PATIENCE = 1
"""
READING = f"""{HASTY}
import os, time
from pathlib import Path
import rnn_cli.runs.prepare as prepare
from rnn_cli.processes import place
write = prepare._written
def slowly(*given):
    rank = place(os.environ)[0]
    Path(f"reading.{{rank}}").touch()
    time.sleep(1.5 * rank)  # longer than --rank-timeout: the others are there
    Path(f"read.{{rank}}").touch()
    time.sleep(40 * rank)
    return (yield from write(*given))
prepare._written = slowly
"""


def test_a_machine_that_is_cut_off_ends_the_run_on_both_sides(hosts):
    """While the ranks train, and while they read the text: both at once, for a link that is cut once."""
    words = [*RUN, "--rank-timeout", 1, "--quiet"]
    processes = {
        "m.state.npz": start_on(hosts, *words, "--model", "m", "--epochs", 20000, patch=HASTY),
        "read.1": start_on(hosts, *words, "--model", "n", "--no-cache", patch=READING),
    }
    while not all(map(os.path.exists, processes)):
        assert {process.poll() for process in processes.values()} == {None}
        time.sleep(0.05)
    subprocess.run(["ip", "-n", hosts[1], "link", "set", "eth0", "down"], check=True)
    began = time.monotonic()
    try:
        for process in processes.values():
            said, seconds = ended(process, None)
            said_so = "rank 0: nothing heard from the other ranks for [15] s"  # 5 while it reads
            assert re.search(said_so, said)
            assert seconds < 10
        while programs_on(hosts[1]) and time.monotonic() < began + 25:
            time.sleep(0.1)
        assert not programs_on(hosts[1])
    finally:
        subprocess.run(["ip", "-n", hosts[1], "link", "set", "eth0", "up"], check=True)
    assert Path("m.npz").exists()
    assert not Path("n.npz").exists()


def programs_on(host):
    """The ranks that a machine has."""
    return [name for pid in pids_on(host) if (name := name_of(pid)).startswith(sys.executable)]


def pids_on(host):
    return subprocess.run(["ip", "netns", "pids", host], capture_output=True, encoding="utf-8").stdout.split()


def name_of(pid):
    try:
        return (Path("/proc") / pid / "cmdline").read_text()
    except FileNotFoundError:  # it has just ended
        return ""
