"""The peak memory of a command and of the processes that it starts; used by the other benchmarks.

Memory is read some thirty times a second; shared pages count once (Linux's proportional set size).
"""

import subprocess
import time
from collections import defaultdict
from pathlib import Path

PAUSE = 0.03  # seconds


def peak_memory(command: list[str], seconds: float | None = None) -> float:
    """MiB at the peak. A command that takes longer than `seconds` is told to stop (SIGTERM) then."""
    peak, began = 0, time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(proportional_size, family(process.pid))))
            time.sleep(PAUSE)
            if seconds and time.monotonic() > began + seconds:
                process.terminate()
                process.wait()
    return peak / 1024


def family(pid: int) -> list[int]:
    """A process and those below it."""
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, parent = stat.parent.name, stat.read_text().rsplit(")", 1)[1].split()[1]
        except (OSError, IndexError):  # it has ended
            continue
        children[int(parent)].append(int(number))
    found = [pid]
    for each in found:
        found += children[each]
    return found


def proportional_size(pid: int) -> int:
    """KiB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
