"""A run in processes of its own, of the real command or of a script in Python: started, killed, gone on with,
and compared with a run that nothing ever stopped.

A `Crashing` is one run in a folder of its own. `start` begins it, or goes on with what is there; `whole`
holds after every kill; `outcome` is all that it leaves but times and paths, and `differences` names what is
not the same in two of them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnn_cli import storage
from rnn_cli.models.loading import load
from rnn_cli.runs.checks import flag

HERE = Path(__file__).parent
MAIN = "from rnn_cli.cli.app import main; main()"
SCRIPT = """
from rnn_cli import Settings, Trainer
trainer = {trainer}
for event in trainer:
    pass
"""
BEGIN, RESUME = "Trainer.begin(Settings(**{settings!r}), 'm.npz')", "Trainer.resume('m.npz')"
MPIEXEC = Path(sys.executable).parent / "mpiexec"
STRACE = shutil.which("strace")
OF_CHANCE = ("seconds", "tokens_per_second", "run", "rows")  # rows: of the log, where each resumption has one
FILES = ("m.npz", "m.state.npz")
TEMPORARY = tuple(f".{name}.rnn-tmp" for name in FILES)
ENDED = (0, 130, 143, -signal.SIGKILL, -signal.SIGINT, -signal.SIGTERM)  # negative: before it hears signals
LIMIT = 120  # seconds that no run here takes


class Crashing:
    """A run on corpus.txt in `folder`; backwards.txt is another text there.

    by_command: whether its processes are of `rnn train`, or of a script that uses Trainer.
    python: starts a process, if it is no new Python that is needed (the fixture of this name).
    ranks: how many processes run it at a time, started by mpiexec.
    """

    def __init__(
        self,
        folder: Path,
        corpus: str,
        settings: dict[str, Any],
        patch: str = "",
        by_command: bool = True,
        ranks: int = 1,
        python: Callable[..., "subprocess.Popen[bytes]"] | None = None,
    ):
        """patch: Python that each of its processes runs first; patches.py has what it may call."""
        folder.mkdir()
        (folder / "corpus.txt").write_text(corpus, encoding="utf-8")
        backwards = "".join(f"{line[::-1]}\n" for line in corpus.splitlines())
        (folder / "backwards.txt").write_text(backwards, encoding="utf-8")
        self.folder, self.patch, self.by_command, self.ranks = folder, patch, by_command, ranks
        self.python = python
        self._settings = {"corpus": ["corpus.txt"], "log": "log.jsonl", "save_every": "7"} | settings
        self.told: list[str] = []  # on standard error, by each process

    def copy(self, folder: Path) -> "Crashing":
        """The same run from here on, elsewhere: the log is looked for where it was, and so the names in the
        state are those of the copy."""
        other = object.__new__(Crashing)
        other.__dict__ |= vars(self) | {"folder": folder, "told": []}
        shutil.copytree(self.folder, folder)
        arrays, header = storage.load(folder / "m.state.npz")
        there = json.loads(json.dumps(header).replace(str(self.folder), str(folder)))
        storage.save(folder / "m.state.npz", arrays, there)
        return other

    def start(self, *patches: str, strace: tuple[str, ...] = ()) -> "subprocess.Popen[bytes]":
        """A process that goes on with the run; where nothing was saved, one that begins it."""
        is_there = any((self.folder / name).exists() for name in FILES)
        main, arguments = self._command(is_there) if self.by_command else (self._script(is_there), [])
        source = f"import sys; sys.path.insert(0, {str(HERE)!r}); import patches"
        source = "\n".join([source, *filter(None, [self.patch, *patches]), main])
        environment = os.environ | {"XDG_CACHE_HOME": str(self.folder / "cache")}
        with open(self.folder / "stderr.txt", "wb") as said:  # no pipe: an orphan may hold it open
            options = {"cwd": self.folder, "env": environment, "stdout": said, "stderr": said}
            if self.python and not strace:
                return self.python(source, *arguments, **options)
            traced = [STRACE, "-f", "-qq", "-o", "/dev/null", *strace] if strace else []
            mpiexec = [str(MPIEXEC), "-n", str(self.ranks)] if self.ranks > 1 else []
            command = [*traced, *mpiexec, sys.executable, "-c", source, *arguments]
            return subprocess.Popen(command, **options)

    def _command(self, is_there: bool) -> tuple[str, list[str]]:
        words = [word for name, value in self._settings.items() for word in flag(name, value).split()]
        return MAIN, ["train", *(["--resume"] if is_there else words), "--model", "m.npz", "--quiet"]

    def _script(self, is_there: bool) -> str:
        return SCRIPT.format(trainer=RESUME if is_there else BEGIN.format(settings=self._settings))

    def wait(self, process: "subprocess.Popen[bytes]", *statuses: int) -> int:
        """For the process to end, with one of these; -> which."""
        status = process.wait(LIMIT)
        self.told.append((self.folder / "stderr.txt").read_text(encoding="utf-8", errors="replace"))
        if self.ranks > 1:  # mpiexec ends with the number of the signal that has killed a rank
            statuses = tuple(map(abs, statuses))
        assert status in statuses, (status, self.told)
        return status

    def go(self, *patches: str, strace: tuple[str, ...] = (), statuses: tuple[int, ...] = (0,)) -> int:
        """A whole process."""
        return self.wait(self.start(*patches, strace=strace), *statuses)

    def kill(self, number: int, delay: float, once_trained: bool) -> int:
        """A process that a signal ends after a delay in seconds, from its start or from its first row of the
        log; -> its status."""
        rows = self._rows()
        process = self.start()
        while once_trained and process.poll() is None and self._rows() == rows:
            time.sleep(0.002)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        return self.wait(process, *ENDED)

    def _rows(self) -> int:
        """The log's start rows: one a process that has come so far."""
        log = self.folder / "log.jsonl"
        return log.read_bytes().count(b'"event": "start"') if log.exists() else 0

    def assert_whole(self) -> None:
        """Both files can be read, where they are there. Raises RnnError."""
        model, state = (self.folder / name for name in FILES)
        if model.exists():
            load(model)
        if state.exists():
            storage.load(state)

    def litter(self) -> set[str]:
        """Temporary files that are there."""
        return {name for name in os.listdir(self.folder) if name.endswith(("-tmp", "-try", "-lock"))}

    def rows(self, event: str) -> list[dict]:
        """Of the log, since the run was last begun."""
        rows = [json.loads(line) for line in (self.folder / "log.jsonl").read_text().splitlines()]
        begun = [n for n, row in enumerate(rows) if row["event"] == "start" and "resumed_at_step" not in row]
        return [row for row in rows[begun[-1] :] if row["event"] == event]

    def outcome(self) -> dict[str, object]:
        """All that the run leaves, but times and paths, by what it is."""
        found: dict[str, object] = {}
        for name in FILES:
            arrays, header = storage.load(self.folder / name)
            for key, a in arrays.items():
                found[f"{name}: {key}"] = (a.dtype.str, a.shape, a.tobytes("A"))
            header |= {f"position {key}": value for key, value in header.pop("position", {}).items()}
            found |= {f"{name}: header: {key}": self._timeless(value) for key, value in header.items()}
        for event in ("step", "valid", "rollback"):
            found[f"log: {event}"] = self._timeless(self.rows(event))
        return {key: value for key, value in found.items() if not key.endswith("position seconds")}

    def _timeless(self, value: object) -> object:
        if isinstance(value, dict):
            return {key: self._timeless(inner) for key, inner in value.items() if key not in OF_CHANCE}
        if isinstance(value, list):
            return [self._timeless(inner) for inner in value]
        return value.replace(str(self.folder), "") if isinstance(value, str) else value


def differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """What is not bit by bit the same in two outcomes."""
    nothing = object()
    return sorted(
        key for key in one.keys() | other.keys() if one.get(key, nothing) != other.get(key, nothing)
    )
