"""The README's commands, on shorter texts and for fewer epochs, and its ten lines of NumPy as they stand."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_cli.cli.app import COMMANDS, run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which every rnn command of the README has been run, in its order."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "corpora").mkdir()
    for text in (ROOT / "corpora").glob("*.txt"):  # a part of each is learned as well, and sooner
        lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / "corpora" / text.name).write_text("".join(lines[::5]), encoding="utf-8")
    rnn = folder / "bin" / "rnn"
    rnn.parent.mkdir()
    rnn.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from rnn_cli.cli.app import main; main()" "$@"\n')
    rnn.chmod(0o755)
    path = f"{rnn.parent}{os.pathsep}{os.environ['PATH']}"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in SHELL:
            if line.startswith("head "):
                subprocess.run(line, shell=True, check=True)
            if line.startswith("rnn "):
                command = line.replace("rnn train ", "rnn train --epochs 2 ")  # where it names none itself
                if "|" not in command:  # sooner without a process of its own
                    assert run(shlex.split(command, comments=True)[1:]) == 0, line
                else:
                    done = subprocess.run(
                        command,
                        shell=True,
                        capture_output=True,
                        encoding="utf-8",
                        env=os.environ | {"PATH": path},
                    )
                    assert (done.returncode, done.stderr) == (0, ""), line
                    assert done.stdout, line
    return folder


def test_every_command_of_the_readme_runs(folder):
    assert {path.name for path in folder.glob("*.npz")} >= {"english.npz", "chinese.npz"}


def test_numpy_alone_opens_a_model_and_writes_with_it(folder, monkeypatch, capsys):
    (reader,) = PYTHON
    assert "rnn_cli" not in reader
    monkeypatch.chdir(folder)
    exec(reader, {})
    line = capsys.readouterr().out
    assert re.fullmatch(r"[A-Za-z .,?!']*\n", line), line


def test_every_command_stands_in_the_readme():
    for command in COMMANDS:
        assert f"### rnn {command}\n" in README


def test_the_first_two_blocks_install_and_run_the_main_job_and_the_tests():
    first, second = SHELL[:2]
    assert "pip install ." in first
    assert "rnn train" in first
    assert "rnn sample" in first
    assert "pip install -e '.[test]'" in second
    assert "pytest" in second
