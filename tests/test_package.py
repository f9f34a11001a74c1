"""The package as it is shipped: what is in it, how it starts, and that its examples run."""

import doctest
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rnn_cli

ROOT = Path(rnn_cli.__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]


def folder_of(package):
    moved = SETUPTOOLS["package-dir"]
    return ROOT / moved.get(package, package.replace(".", "/"))


def test_every_folder_with_code_is_a_package_that_is_shipped():
    folders = {path.parent for path in (ROOT / "rnn_cli").rglob("__init__.py")} | {ROOT / "corpora"}
    assert {folder_of(package) for package in SETUPTOOLS["packages"]} == folders
    assert len(SETUPTOOLS["packages"]) == len(folders)


def test_a_folder_with_code_has_an_init():
    folders = {path.parent for path in (ROOT / "rnn_cli").rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_files_that_are_no_code_are_shipped_too():
    """Type checkers look for py.typed; the program reads corpora, presets, messages and parts of a page."""
    shipped = {
        path
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
        for path in folder_of(package).glob(pattern)
    }
    assert ROOT / "rnn_cli" / "py.typed" in shipped
    kinds = ("*.txt", "*.toml", "*.html", "*.css", "*.js", "*.json", "*.mo")
    ours = {path for kind in kinds for path in (ROOT / "rnn_cli").rglob(kind)}
    corpora = {path for kind in ("*.txt", "*.tsv") for path in (ROOT / "corpora").glob(kind)}
    assert shipped - {ROOT / "rnn_cli" / "py.typed"} == ours | corpora


def test_the_command_of_the_package_is_the_function_main():
    module, _, name = PYPROJECT["project"]["scripts"]["rnn"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize(
    ("arguments", "status"), [(["--version"], 0), (["--help"], 0), (["compose"], 2), (["info", "no.npz"], 1)]
)
def test_python_m_rnn_cli_is_the_command(arguments, status, folder, rnn):
    command = [sys.executable, "-m", "rnn_cli", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, (done.stdout, done.stderr)) == (status, rnn(*arguments, status=status))


def test_the_version_is_the_packages():
    assert rnn_cli.__version__ == rnn_cli.VERSION
    assert SETUPTOOLS["dynamic"]["version"]["attr"] == "rnn_cli.version.VERSION"


def test_to_import_the_main_module_runs_nothing():
    """A spawned process of a sharded run does so."""
    done = subprocess.run([sys.executable, "-c", "import rnn_cli.__main__"], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


DOCUMENTED = ["rnn_cli", "rnn_cli.models.language_model", "rnn_cli.runs.trainer", "rnn_cli.runs.settings"]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_examples_of_the_api_run(name, train, corpus, write, english):
    """In a folder with a model and a text."""
    train(corpus, "--quiet", model="model.npz")
    write("book.txt", english)
    failed, _ = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert failed == 0


def test_there_are_examples_in_the_api():
    found = [
        example
        for name in DOCUMENTED
        for test in doctest.DocTestFinder().find(importlib.import_module(name))
        for example in test.examples
    ]
    assert len(found) >= 5


def test_the_example_of_the_package_runs(folder, write, english):
    """It is no doctest, as it would train for a minute: it runs here for an epoch."""
    write("book.txt", english)
    lines = rnn_cli.__doc__.splitlines()
    code = "\n".join(line[4:] for line in lines if line.startswith("    "))
    assert "Trainer.begin(" in code
    short = code.replace('tokenizer="char"', 'tokenizer="char", epochs=1, hidden=4')
    assert short != code
    done = subprocess.run([sys.executable, "-c", short], capture_output=True, encoding="utf-8", timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The") >= 3
    assert done.stderr == ""
    assert Path("book.npz").is_file()
