"""A training state is what anyone may have written, as a model is: what it claims is checked before memory is
taken for it, and refused in one line."""

import itertools
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import LanguageModel, storage
from rnn_cli.errors import RnnError
from rnn_cli.runs.checkpoint import Checkpoint
from rnn_cli.runs.trainer import Trainer

STATE, MODEL = Path("m.state.npz"), Path("m.npz")
TIMES = 40  # the size of a file is what reading it may take of memory, as in tests/test_hostile_files.py
WRONG = [None, True, -1, "x\ny", [1, 2]]


@pytest.fixture
def trained(train, corpus):
    train(corpus, "--quiet")


def reseal(change):
    """Write the state again, with a header that was changed, and hashes that hold."""
    arrays, header = storage.load(STATE)
    change(header, arrays)
    storage.save(STATE, arrays, header)


def claim(**settings):
    return lambda header, arrays: header["settings"].update(settings)


def window(steps, rows):
    return lambda header, arrays: header.update(window=[steps, rows])


def without(name):
    return lambda header, arrays: arrays.pop(name)


def reshaped(name, shape):
    return lambda header, arrays: arrays.update({name: np.zeros(shape, np.float32)})


CLAIMS = {
    "n of 8000": claim(hidden=8000),
    "n of a million": claim(hidden=1 << 20),
    "an embedding": claim(embedding=1 << 20),
    "layers": claim(layers=3),
    "another cell": claim(cell="lstm"),
    "tied": claim(tie=True),
    "another output": claim(output="adaptive"),
    "cutoffs": lambda header, arrays: (
        header.update(cutoffs=[4, 6]),
        header["settings"].update(output="adaptive"),
    ),
    "rows": window(32, 65_536),
    "steps": window(65_536, 32),
    "steps of a row": window(65_536, 1),
    "a token more": lambda header, arrays: header["vocabulary"].append(["ß", 1]),
    "a token less": lambda header, arrays: header["vocabulary"].pop(),
    "no parameters": without("p.W"),
    "a vector for W": reshaped("p.W", (8,)),
    "a state of no rows": reshaped("state.s", (0, 8)),
    "no state": without("state.s"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_size_that_is_claimed_is_checked_before_memory_is_taken(name, trained, fails):
    reseal(CLAIMS[name])
    tracemalloc.start()
    try:
        with pytest.raises(RnnError, match=r"m\.state\.npz: damaged: ") as refused:
            for _ in Trainer.resume(MODEL, epochs=9):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in str(refused.value)
    assert peak < TIMES * STATE.stat().st_size + 3_000_000  # and what reading the text takes
    fails(1, "train", "--resume", "--model", MODEL, "--epochs", "9", "--quiet")


def places(value, path=()):
    """The path of each entry in a header; of lists, and of what is told of tokens, the first only."""
    if path:
        yield path
    few = 2 if path[:1] in (("spelling",), ("sha256",)) else None
    entries = enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in itertools.islice(value.items() if isinstance(value, dict) else entries, few):
        yield from places(inner, (*path, key))


@pytest.mark.parametrize(("file", "load"), [(STATE, Checkpoint.load), (MODEL, LanguageModel.load)], ids=str)
def test_an_entry_of_any_wrong_type_is_one_line_or_does_not_matter(file, load, trained, rnn, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    arrays, header = storage.load(file)
    accepted = []
    for path in places(header):
        for wrong in WRONG:
            storage.save(file, arrays, changed(header, path, wrong))
            message = told(load)
            if message is None:
                accepted.append((path, wrong))
                continue
            assert message.startswith(f"{file}: "), (path, wrong)
            assert "\n" not in message, (path, wrong)
            assert len(message) < 400, (path, wrong)
    assert not [path for path, _ in accepted if path in (("position", "epoch"), ("network", "n"))]
    if file == MODEL:
        for path, wrong in accepted:
            storage.save(file, arrays, changed(header, path, wrong))
            assert rnn("info", file).err == "", (path, wrong)


def told(load):
    """What is said of the file where it is refused; None where it is not."""
    try:
        load(MODEL)
    except RnnError as error:
        return str(error)


def changed(value, path, wrong):
    """A copy of a header with another value in one place."""
    if not path:
        return wrong
    key, *rest = path
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[key] = changed(value[key], rest, wrong)
    return copy


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("name", ["epoch", "seconds", "curve", "good"])
def test_a_position_of_a_wrong_type_is_one_line_when_the_run_goes_on(name, wrong, trained, rnn, one_line):
    reseal(lambda header, arrays: header["position"].update({name: wrong}))
    said = rnn("train", "--resume", "--model", MODEL, "--epochs", "3", "--quiet", status=None)
    if said.err:
        assert one_line(said.err).startswith("m.state.npz: damaged: ")
