"""The rules of the house: who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rnn_cli

HOUSE = Path(rnn_cli.__file__).parent

# The house, from the ground up. Imports run downward only, and never between the rooms of one floor; on the
# ground a module may import those named before it.
FLOORS = [
    ["errors", "version", "printing", "machine", "processes", "locking", "replacing", "storage"],
    ["text", "network", "corpora"],
    ["training", "scoring"],
    ["models"],
    ["runs", "pages"],
    ["cli"],
]
ABOVE_ALL = ("__init__", "__main__")
ONLY_IN = {
    "typer": {"cli"},
    "rich": {"cli"},  # which comes with Typer
    "tqdm": {"cli"},
    "jieba": {"text"},
    "rjieba": {"text"},
    "pypinyin": {"text"},
    "threadpoolctl": {"machine"},
    "mpi4py": {"training"},
    "matplotlib": {"models"},
    "torch": {"models"},
    "safetensors": {"models"},
    "onnx": {"models"},
}
WITHOUT_NUMPY = (
    "cli",
    "errors",
    "version",
    "printing",
    "machine",
    "processes",
    "locking",
    "replacing",
    *ABOVE_ALL,
)
MODULES = sorted(HOUSE.rglob("*.py"))


def room(module):
    """rnn_cli.network.network -> network, rnn_cli -> __init__"""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def below(own):
    """The rooms that a room may import."""
    if own in ABOVE_ALL:
        return {name for floor in FLOORS for name in floor}
    floor = next(number for number, rooms in enumerate(FLOORS) if own in rooms)
    under = {name for rooms in FLOORS[:floor] for name in rooms}
    return under | set(FLOORS[0][: FLOORS[0].index(own)] if floor == 0 else ())


def imports(source):
    """The full name of all that a source imports, in functions and TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            for alias in node.names:
                inside = HOUSE.parent.joinpath(*node.module.split("."), alias.name)
                is_module = inside.is_dir() or inside.with_suffix(".py").is_file()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def name_of(path):
    return ".".join(["rnn_cli", *path.relative_to(HOUSE).with_suffix("").parts]).removesuffix(".__init__")


def test_imports_are_read_in_every_form():
    source = """
import numpy as np, rnn_cli.storage
from rnn_cli import storage, __version__
from rnn_cli.network.network import Network
def f():
    import typer
"""
    found = ["numpy", "rnn_cli.storage", "rnn_cli.storage", "rnn_cli", "rnn_cli.network.network", "typer"]
    assert list(imports(source)) == found
    assert {room(name_of(path)) for path in MODULES} == {name for floor in FLOORS for name in floor} - {
        "corpora"
    } | {*ABOVE_ALL}


def forbidden(module, source):
    """What a module of this name may not import, of what its source does."""
    own, found = room(module), set(imports(source))
    rooms = {room(name) for name in found if name.split(".")[0] == "rnn_cli"}
    libraries = {name.split(".")[0] for name in found} - sys.stdlib_module_names - {"rnn_cli"}
    allowed = {library for library, rooms in ONLY_IN.items() if own in rooms}
    allowed |= set() if own in WITHOUT_NUMPY else {"numpy"}
    return rooms - below(own) - {own} | libraries - allowed


@pytest.mark.parametrize(
    ("module", "line", "culprit"),
    [
        ("runs.trainer", "from rnn_cli.cli.console import say", "cli"),
        ("training.loop", "from rnn_cli.models.language_model import LanguageModel", "models"),
        ("training.loop", "from rnn_cli.scoring import figures", "scoring"),
        ("network.network", "import rnn_cli.text.vocabulary", "text"),
        ("network.network", "from rnn_cli.training.loop import train", "training"),
        ("text.words", "def f():\n    from rnn_cli.network.arrays import Array", "network"),
        ("text.words", "if TYPE_CHECKING:\n    from rnn_cli.runs.settings import Settings", "runs"),
        ("machine", "from rnn_cli import processes", "processes"),
        ("errors", "import rnn_cli", "__init__"),
        ("cli.commands.score", "import numpy as np", "numpy"),
        ("cli.progress", "def f():\n    from numpy.typing import NDArray", "numpy"),
        ("machine", "import numpy", "numpy"),
        ("runs.trainer", "from tqdm import tqdm", "tqdm"),
        ("models.file", "import typer", "typer"),
        ("cli.app", "import jieba", "jieba"),
        ("training.measure", "from threadpoolctl import threadpool_limits", "threadpoolctl"),
        ("network.network", "import torch", "torch"),
    ],
)
def test_an_arrow_that_climbs_or_crosses_would_be_seen(module, line, culprit):
    harmless = "import json\nfrom rnn_cli.version import VERSION\n" if module != "errors" else ""
    assert forbidden(f"rnn_cli.{module}", harmless) == set()
    assert forbidden(f"rnn_cli.{module}", harmless + line) == {culprit}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_its_room_those_below_and_libraries_that_belong_there(path):
    assert forbidden(name_of(path), path.read_text("utf-8")) == set()


def test_the_command_line_holds_no_arrays():
    """Not even by another name."""
    sources = [path.read_text("utf-8") for path in (HOUSE / "cli").rglob("*.py")]
    assert len(sources) > 10
    assert not [source for source in sources if "numpy" in source or "NDArray" in source]


def loaded_by(code):
    """The top-level modules that a fresh Python holds after running code."""
    show = f"import sys; {code}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return set(run.stdout.split())


def test_the_package_alone_does_not_wait_for_numpy():
    assert not loaded_by("import rnn_cli") & {"numpy", *ONLY_IN}


def test_the_language_model_needs_no_command_line_and_jieba_only_when_asked():
    loaded = loaded_by("from rnn_cli import LanguageModel")
    assert "numpy" in loaded
    assert not loaded & {*ONLY_IN} - {"threadpoolctl"}


def test_scoring_needs_no_command_line():
    assert not loaded_by("from rnn_cli.models.scores.lines import score_lines") & {"typer", "tqdm", "jieba"}


def test_training_knows_nothing_of_text():
    code = "import rnn_cli.training.loop; assert not [m for m in sys.modules if m.startswith('rnn_cli.text')]"
    assert "rnn_cli" in loaded_by(code)


def test_the_package_offers_what_it_says_and_nothing_by_mistake():
    assert all(getattr(rnn_cli, name) for name in rnn_cli.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Model'"):
        _ = rnn_cli.Model


TRAINING = ("rnn_cli.training.loop", "rnn_cli.training.parallel.world", "rnn_cli.runs.trainer")
OTHERS = ("rnn_cli.models.classifier", "rnn_cli.models.translator", "rnn_cli.models.tagger", "rnn_cli.pages")
PROCESSES = ("multiprocessing.context", "multiprocessing.connection")


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        ("--help", ("numpy", "pydantic", "rich.console", "json", "tempfile", *PROCESSES)),
        ("sample", ("rich.console", "rnn_cli.text.reading", "rnn_cli.models.scores", *PROCESSES)),
        ("score", ("rich.console", "rnn_cli.runs.settings", "rnn_cli.runs.presets", "numpy.ma", "tomllib")),
    ],
)
def test_a_command_does_not_wait_for_what_it_does_not_use(command, unused, models, write):
    """What takes some milliseconds to load: hardly more than the texts of a small model to write."""
    write("text.txt", ["Anna reads a book."])
    options = {"sample": ["--model", str(models["char"])], "score": ["text.txt", "-m", str(models["char"])]}
    arguments = [command, *options.get(command, [])]
    code = f"from rnn_cli.cli.app import run; assert run({arguments!r}) == 0; print(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", f"import sys; {code}"], capture_output=True, check=True)
    loaded = set(done.stdout.decode().splitlines()[-1].split())
    assert "rnn_cli.cli.app" in loaded
    assert loaded & {"jieba", "tqdm", "rnn_cli.cli.catalogue", *TRAINING, *OTHERS, *unused} == set()
