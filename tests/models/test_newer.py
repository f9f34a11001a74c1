"""Files that a newer rnn wrote: a name that this version lacks is said, and none is called damaged."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from few_pairs import TASKS

from rnn_cli import Settings, Trainer, storage
from rnn_cli.errors import RnnError
from rnn_cli.models.loading import load
from rnn_cli.runs.checkpoint import Checkpoint
from rnn_cli.runs.settings import ABOUTS

NEW = "gru2"  # that no table has
TEXTS = {"language": (["a b a b", "b a b a"] * 9, {"hidden": 4, "threads": 1, "tokenizer": "char"}), **TASKS}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The arrays and the header of a model of each task, and of the training state of each."""
    folder, found = tmp_path_factory.mktemp("tasks"), {}
    for task, (lines, settings) in TEXTS.items():
        (folder / "text.tsv").write_text("".join(f"{line}\n" for line in lines))
        values = settings | {"corpus": [str(folder / "text.tsv")], "task": task, "epochs": 1}
        for _ in Trainer.begin(Settings(**values), model=str(folder / f"{task}.npz")):
            pass
        found[task] = storage.load(folder / f"{task}.npz"), storage.load(folder / f"{task}.state.npz")
    return found


def with_new_names(value, names=("task", "tokenizer", "network", "target")) -> Iterator[tuple[object, str]]:
    """Copies of a header, each with one name that is new: in place of another, or of one entry more."""
    for key, inner in value.items():
        if names and key not in names:
            continue
        if isinstance(inner, dict):
            for changed in with_new_names(inner, ("tokenizer",) if key == "target" else ()):
                yield value | {key: changed}
            if key != "target":
                yield value | {key: inner | {NEW: 1}}
        elif isinstance(inner, str):
            yield value | {key: NEW}


@pytest.mark.parametrize("task", ["language", "tag", "translate", "generate"])
def test_a_name_that_this_version_does_not_know_is_said_of_a_model(task, written, tmp_path):
    (arrays, header), _ = written[task]
    path = tmp_path / "m.npz"
    changed = [*with_new_names(header)]
    assert len(changed) > 4
    for new in changed:
        storage.save(path, arrays, new)
        with pytest.raises(RnnError) as refused:
            load(path)
        said = str(refused.value)
        assert said.startswith(f"{path}: written by a newer rnn (unknown "), said
        assert said.endswith(f" {NEW!r}): pip install --upgrade rnn-cli"), said


@pytest.mark.parametrize("task", TEXTS)
def test_a_name_that_this_version_does_not_know_is_said_of_a_training_state(task, written, tmp_path):
    _, (arrays, header) = written[task]
    settings = header["settings"]
    names = [name for name, about in ABOUTS.items() if about.choices]
    assert {"optimizer", "schedule", "cell", "output", "task", "preset"} <= {*names}
    for name in (*names, NEW):
        storage.save(tmp_path / "m.state.npz", arrays, header | {"settings": settings | {name: NEW}})
        with pytest.raises(RnnError, match=f"written by a newer rnn .unknown .*'{NEW}'.: pip install"):
            Checkpoint.load(tmp_path / "m.npz")
