"""Shared by the tests: settings of the suite, small texts and models, and fixtures that run command lines."""

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from copies import CAN_COPY, Copies, Copy

from rnn_cli.cli.app import Commands, run
from rnn_cli.cli.language import is_chinese
from rnn_cli.runs.interval import SECONDS

ENGLISH = [
    f"{who} {does} {what}."
    for who, does, what in product(
        ("Anna", "Tom", "Ben", "Mia"),
        ("reads", "buys", "sees", "likes"),
        ("a book", "the bread", "two birds"),
    )
]
CHINESE = [
    "".join(row)
    for row in product(("我", "你", "他们"), ("看", "买", "喜欢"), ("书。", "一个苹果。", "这只小鸟。"))
]
TUTORIAL = (  # the tutorial's network, trained with values that do not change when presets are tuned
    *("--preset", "tanh", "--batch", "32", "--bptt", "32", "--optimizer", "adam", "--lr", "0.006"),
    *("--schedule", "cosine", "--clip", "1", "--dropout", "0", "--weight-decay", "0"),
)
TINY = (*TUTORIAL, "--hidden", "8", "--epochs", "2")
START_RNN = "from rnn_cli.cli.app import main; main()"
Start = Callable[..., "subprocess.Popen[Any]"]


def pytest_addoption(parser):
    parser.addoption("--write-pages", action="store_true", help="write the pages' tables of options")
    parser.addoption("--long", action="store_true", help="the seeded tests with hundreds of seeds")


def pytest_configure(config):
    config.addinivalue_line("markers", "seeds(short, long): with so many values of `seed`; long: with --long")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Let a process without tests take some from another, so that all end together. The tests of one file
    stay together, as they share what is made for them."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


def pytest_collection(session):
    """Disable garbage collection: none of the ten thousand tests is garbage, and looking for it takes a
    quarter of the time of collecting them."""
    gc.disable()


def pytest_collection_finish(session):
    gc.freeze()
    gc.enable()


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("seeds")
    if marker:
        how_many = marker.kwargs["long" if metafunc.config.getoption("long") else "short"]
        metafunc.parametrize("seed", range(how_many))


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_session(tmp_path_factory):
    """Use a temporary cache folder, so that no test stores texts in the folder of the user who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache-of-the-session")))
        yield


@pytest.fixture(scope="session")
def folder_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder shared by all processes that run the tests of this session (pytest -n)."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def compiled_once(folder_of_the_session):
    """Let the processes that tests start find compiled modules, even if Python is told to keep none."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            patch.setenv("PYTHONPYCACHEPREFIX", str(folder_of_the_session / "compiled"))
        yield


@pytest.fixture(scope="session", autouse=True)
def streams_as_usual():
    """Let the processes that tests start buffer their output until it is flushed, as for most users."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONUNBUFFERED", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def disk_not_waited_for():
    """Do not wait for the disk in this process: for a test, it is enough that a file is complete in the
    system's memory."""

    def fsync(descriptor):
        os.fstat(descriptor)  # raises the same errors

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield


@pytest.fixture(scope="session", autouse=True)
def threads_that_sleep():
    """Keep OpenBLAS's idle threads from spinning in the processes that tests start: another test needs the
    core."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_THREAD_TIMEOUT", "4")  # the minimum: 2^4 cycles
        yield


@pytest.fixture(scope="session", autouse=True)
def commands_built_once():
    """Build each command, and the types of its options, only once. It takes a few milliseconds, and thousands
    of command lines run in this process."""
    build, built = Commands.get_command, {}

    def get_command(self, ctx, name):
        key = name, self.shows_all, is_chinese()
        if key not in built:
            built[key] = build(self, ctx, name)
        return built[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Commands, "get_command", get_command)
        yield


@pytest.fixture(scope="session", autouse=True)
def measured_briefly():
    """Let plans measure the speed of training for a tenth of the usual time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnn_cli.runs.plan.CALIBRATION", 0.2)
        yield


@pytest.fixture(scope="session", autouse=True)
def english_spoken():
    """Let rnn speak English even if the locale is Chinese."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNN_LANG", "en")
        yield


@pytest.fixture(scope="session", autouse=True)
def hangup_heard():
    """Let the tests and the processes that they start receive SIGHUP, even under nohup, which makes programs
    ignore it."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Said(NamedTuple):
    out: str
    err: str


class Measured(NamedTuple):
    """The cost of a text under a model, from the naive loop below."""

    nats: float
    spelling: float  # nats for the spelling of the unknown tokens
    tokens: int  # predicted, with END
    unknown: int
    characters: int  # a line end counts as one

    @property
    def loss(self) -> float:
        return self.nats / self.tokens

    @property
    def bits_per_character(self) -> float:
        return (self.nats + self.spelling) / self.characters / float(np.log(2))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder in which a test runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNN_DEBUG", raising=False)
    return tmp_path


@pytest.fixture
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of the commands that a test runs, in this process and in others."""
    home = tmp_path_factory.mktemp("cache-home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home / "rnn"


@pytest.fixture
def short_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the seconds of --time to a third, which is enough to learn something."""
    monkeypatch.setitem(SECONDS, "s", 0.33)


@pytest.fixture
def rnn(capsys: pytest.CaptureFixture[str], folder: Path, cache_folder: Path) -> Callable[..., Said]:
    """Run a command line in this process; return its output. Its exit status must be `status`; None: any."""

    def call(*arguments: Any, status: int | None = 0) -> Said:
        capsys.readouterr()
        got = run([str(argument) for argument in arguments])
        said = Said(*capsys.readouterr())
        assert status is None or got == status, said.err
        return said

    return call


@pytest.fixture
def fails(rnn: Callable[..., Said], folder: Path) -> Callable[..., str]:
    """Run a command line that must fail as the contract says: with this status, one line on standard
    error, nothing on standard output, and no file changed. Return the line without its prefix."""

    def call(status: int, *arguments: Any) -> str:
        before = snapshot(folder)
        said = rnn(*arguments, status=status)
        assert snapshot(folder) == before
        assert said.out == ""
        return the_one_line(said.err)

    return call


def the_one_line(err: str) -> str:
    """Return the error message in `err`, the content of standard error, which must hold nothing else."""
    assert err.startswith("rnn: error: "), err
    assert err.endswith("\n"), err
    assert len(err.splitlines()) == 1, err
    assert "a defect of rnn" not in err
    assert all(c.isprintable() for c in err[:-1]), repr(err)
    return err.removeprefix("rnn: error: ").rstrip("\n")


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.fixture
def contents(folder: Path) -> Callable[[], dict[str, bytes | None]]:
    """Return the contents of the test's folder, byte for byte."""
    return lambda: snapshot(folder)


@pytest.fixture
def one_line() -> Callable[[str], str]:
    return the_one_line


@pytest.fixture(scope="session")
def python(
    compiled_once: None, streams_as_usual: None, threads_that_sleep: None, english_spoken: None
) -> Iterator[Start]:
    """Start a process that runs source code with arguments, like `python -c`; options are those of Popen."""
    copies = Copies() if CAN_COPY else None

    def call(source: str, *arguments: str, **options: Any) -> "subprocess.Popen[Any]":
        if copies and copies.suit(options.get("env") or os.environ):
            return Copy(copies, source, *arguments, **options)
        return subprocess.Popen([sys.executable, "-c", source, *arguments], **options)

    yield call
    if copies:
        copies.close()


@pytest.fixture
def process(
    python: Callable[..., "subprocess.Popen[Any]"],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command line in a separate process."""

    def call(
        *arguments: Any,
        env: dict[str, str] | None = None,
        input: str | bytes | None = None,
        timeout: float = 60,
        **options: Any,
    ) -> subprocess.CompletedProcess[str]:
        if input is not None:
            options["stdin"] = subprocess.PIPE
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"} | options
        words = list(map(str, arguments))
        with python(START_RNN, *words, env=os.environ | (env or {}), **options) as running:
            try:
                out, err = running.communicate(input, timeout)
            except BaseException:
                running.kill()
                raise
        return subprocess.CompletedProcess(words, running.returncode, out, err)

    return call


@pytest.fixture
def started(
    python: Callable[..., "subprocess.Popen[Any]"],
) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a command line in a separate process, to be watched while it runs."""
    running = []

    def call(*arguments: Any, **options: Any) -> "subprocess.Popen[str]":
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"} | options
        running.append(python(START_RNN, *map(str, arguments), **options))
        return running[-1]

    yield call
    for each in running:
        each.kill()
        each.communicate()


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Write a text file with the given lines."""

    def call(name: str, lines: Iterable[str], encoding: str = "utf-8") -> Path:
        path = folder / name
        path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
        return path

    return call


@pytest.fixture
def english() -> list[str]:
    return list(ENGLISH)


@pytest.fixture
def chinese() -> list[str]:
    return list(CHINESE)


@pytest.fixture
def corpus(write: Callable[..., Path]) -> str:
    """corpus.txt: 48 short English lines."""
    return write("corpus.txt", ENGLISH).name


@pytest.fixture
def train(rnn: Callable[..., Said]) -> Callable[..., Said]:
    """Train a tiny m.npz on the given files; later options override those given here."""

    def call(*arguments: Any, status: int = 0, model: str = "m.npz") -> Said:
        options = () if "--vocab" in arguments else ("--tokenizer", "char")
        return rnn("train", "--model", model, *TINY, *options, *arguments, status=status)

    return call


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """The options that `train` puts before all others."""
    return (*TINY, "--tokenizer", "char")


@pytest.fixture
def worsening(train: Callable[..., Said], write: Callable[..., Path]) -> Callable[..., Said]:
    """Train on learn.txt so that the validation on valid.txt gets worse after a while, as log.jsonl shows."""

    def call(*options: Any) -> Said:
        write("learn.txt", ["abababababab", "abab", "ab"] * 10)
        write("valid.txt", ["ababcccab", "ba", "cab"])
        head = '{"format": "rnn vocabulary", "version": 1, "tokenizer": "char"}'
        write("v.txt", [head, *(f'["{token}", 1]' for token in "abc")])
        files = ["learn.txt", "--vocab", "v.txt", "--valid", "valid.txt", "--log", "log.jsonl"]
        return train(*files, "--epochs", "12", "--lr", "0.01", *options)

    return call


@pytest.fixture(scope="session")
def model_of_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that classifies texts as yes or no. Tests must not write to it."""
    folder = tmp_path_factory.mktemp("labels")
    lines = ["so good\tyes", "good day\tyes", "too bad\tno", "bad day\tno"]
    (folder / "pairs.tsv").write_text("".join(f"{line}\n" for line in lines * 10))
    sizes = ["--hidden", "8", "--embedding", "8", "--epochs", "20", "--batch", "8"]
    recipe = ["--lr", "0.02", "--dropout", "0", "--threads", "1", "-t", "space", "--task", "classify"]
    model = folder / "m.npz"
    assert run(["train", str(folder / "pairs.tsv"), "--model", str(model), *sizes, *recipe, "-q"]) == 0
    return model


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small trained models, one of each kind. Tests must not write to them."""
    folder = tmp_path_factory.mktemp("models")
    kinds = {
        "char": (ENGLISH, "char"),
        "space": (ENGLISH, "space"),
        "chinese": (CHINESE, "char"),
        "book": (ENGLISH, "char", "--carry-state"),
        "lstm": (ENGLISH, "char", "--cell", "lstm", "--layers", "2"),
        "gru": (ENGLISH, "char", "--cell", "gru", "--carry-state"),
        "tied": (ENGLISH, "space", "--cell", "lstm", "--tie", "--output", "classes"),
        "adaptive": (CHINESE, "char", "--embedding", "5", "--output", "adaptive"),
    }
    paths = {}
    for kind, (lines, tokenizer, *options) in kinds.items():
        text, paths[kind] = folder / f"{kind}.txt", folder / f"{kind}.npz"
        text.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        arguments = ["train", text, "--model", paths[kind], "--tokenizer", tokenizer, *TINY, *options, "-q"]
        assert run([str(argument) for argument in arguments]) == 0
    return paths


class ModelFile(NamedTuple):
    """A model file, opened with only NumPy and json."""

    header: dict[str, Any]
    arrays: dict[str, Any]

    @property
    def tokens(self) -> list[str]:
        return [token for token, _ in self.header["vocabulary"]]

    def measure(self, lines: Iterable[str]) -> Measured:
        """Return the cost of a text under this model, by the tutorial's equations, step by step."""
        START, END, UNK = 0, 1, 2
        U, W, b_a, V, b_y = (self.arrays[name].astype(float) for name in ("U", "W", "b_a", "V", "b_y"))
        g1 = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}[self.header["network"]["cell"]]
        split = {"char": list, "space": str.split}[self.header["tokenizer"]["name"]]
        ids = {token: id for id, token in enumerate(self.tokens, 3)}
        carried = self.header["carry_state"]
        s, nats, spelling, tokens, unknown, characters = np.zeros(len(b_a)), 0.0, 0.0, 0, 0, 0
        for line in lines:
            if not line.strip() and not carried:
                continue
            if not carried:
                s = np.zeros(len(b_a))
            words = split(line)
            targets = [*(ids.get(word, UNK) for word in words), END]
            for x, y in zip([START, *targets], targets, strict=False):
                s = g1(U[:, x] + W @ s + b_a)
                z = V @ s + b_y
                nats += np.log(np.exp(z - z.max()).sum()) + z.max() - z[y]
            tokens += len(targets)
            unknown += targets.count(UNK)
            spelling += sum(self.spell(word) for word in words if word not in ids and word != "<unk>")
            characters += len(line) + 1
        return Measured(float(nats), spelling, tokens, unknown, characters)

    def spell(self, word: str) -> float:
        """Return -log p(word) by bigrams of its characters (Witten and Bell), with the header's counts."""
        pairs = self.header.get("spelling", {})
        followed = [row for followers in pairs.values() for row in followers.items()]
        types, total, uniform = len({c for c, _ in followed}), sum(n for _, n in followed), 1 / 0x110001

        def p(c: str, before: str) -> float:
            after = pairs.get(before, {})
            of_c = sum(n for d, n in followed if d == c)
            of_c = (of_c + types * uniform) / (total + types) if total else uniform
            seen = sum(after.values())
            return (after.get(c, 0) + len(after) * of_c) / (seen + len(after)) if seen else of_c

        ways = [p(c, before) for before, c in zip(["", *word], [*word, ""], strict=True)]
        ways[0] /= 1 - p("", "")  # no word is empty
        return -float(np.log(ways).sum())


@pytest.fixture
def read_npz() -> Callable[[str | Path], ModelFile]:
    """Read a model or training state with only NumPy and json."""

    def call(path: str | Path) -> ModelFile:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(bytes(arrays.pop("header")))
        return ModelFile(header, arrays)

    return call


@pytest.fixture
def read_log() -> Callable[..., list[dict[str, Any]]]:
    """Return the rows of a log, or those of one event."""

    def call(path: str | Path, event: str | None = None) -> list[dict[str, Any]]:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return [row for row in rows if event in (None, row["event"])]

    return call
