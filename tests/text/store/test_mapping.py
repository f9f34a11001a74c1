"""Files that are mapped: what another program cuts short is told, where reading it would end the process."""

import os
import subprocess
import sys

import numpy as np
import pytest

from rnn_cli.text.store.mapping import CutShort, check_whole, map_file, release

TRUNCATED = """
import os, sys
from pathlib import Path
from rnn_cli import Settings, Trainer
from rnn_cli.errors import RnnError
from rnn_cli.runs.events import StepDone
from rnn_cli.runs.prepare import Resources
from rnn_cli.text.store.cache import Cache
name, step, carry = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "carried"
settings = Settings(corpus=["corpus.txt"], tokenizer="char", hidden=8, epochs=5, threads=1, batch=2, bptt=8,
                    preset="tanh", carry_state=carry, patience=5)
trainer = Trainer.begin(settings, "m.npz", resources=Resources(Cache(Path("cache"))))
try:
    for event in trainer:
        if isinstance(event, StepDone) and event.step == step:
            (path,) = Path("cache").glob(f"*/{name}")
            os.truncate(path, 0)
except RnnError as error:
    print(error)
"""


def test_an_array_is_whole_until_its_file_is_shorter(tmp_path):
    path = tmp_path / "ids"
    path.write_bytes(np.arange(1000, dtype="<i4").tobytes())
    array = map_file(path, np.dtype("<i4"))
    for part in (array, array[5:], array.reshape(10, 100), np.arange(3)):
        check_whole(part)
        release(part)
    os.truncate(path, 8000)
    check_whole(array)
    os.truncate(path, 3999)
    for part in (array, array[5:]):
        with pytest.raises(CutShort, match=f"^{path}: another program has cut it short"):
            check_whole(part)
    check_whole(np.arange(3))


@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file cannot be cut there")
@pytest.mark.parametrize("kind", ["lines", "carried"])
@pytest.mark.parametrize(("name", "step"), [("ids", 3), ("starts", 150)])
def test_ids_that_are_cut_short_during_a_run_end_it_with_a_line_and_it_can_be_resumed(
    name, step, kind, corpus, rnn, cache_folder
):
    command = [sys.executable, "-c", TRUNCATED, name, str(step), kind]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cut it short while it was read: start again, or go on with --resume" in done.stdout
    said = rnn("train", "--resume", "--model", "m.npz", "--epochs", "6", "--cache-dir", "cache", "--quiet")
    assert "the text is read again" in said.err
