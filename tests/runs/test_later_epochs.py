"""All epochs of a run, from its training state."""

import pytest

from rnn_cli import storage
from rnn_cli.runs.later_epochs import with_later_epochs
from rnn_cli.runs.notices import Notice

KNOWN = [{"train_loss": 3.0, "valid_loss": 3.1}, {"train_loss": 2.5, "valid_loss": 2.9}]
HISTORY = {"epoch": 2, "epochs": KNOWN}
CURVE = [[3.0, 3.1], [2.5, 2.9], [2.0, 3.3]]


@pytest.fixture
def beside(tmp_path):
    """Write a training state with this header beside m.npz; -> the model's path."""

    def call(header):
        storage.save(tmp_path / "m.state.npz", {}, header)
        return tmp_path / "m.npz"

    return call


def test_the_epochs_after_the_best_come_from_the_state(beside, finished):
    _, found = finished(with_later_epochs(beside({"position": {"curve": CURVE}}), HISTORY))
    assert found == HISTORY | {"epochs": [*KNOWN, {"train_loss": 2.0, "valid_loss": 3.3}]}


@pytest.mark.parametrize(
    "header",
    [{}, {"position": None}, {"position": {"curve": [[1.0]]}}, {"position": {"curve": [[1.0, 2.0]] * 3}}],
)
def test_a_state_of_another_run_or_of_anything_changes_nothing(header, beside, finished):
    assert finished(with_later_epochs(beside(header), HISTORY)) == ([], HISTORY)


def test_without_a_state_the_history_stays(tmp_path, finished):
    assert finished(with_later_epochs(tmp_path / "m.npz", HISTORY)) == ([], HISTORY)
    assert finished(with_later_epochs(tmp_path / "m.npz", {"epochs": 3})) == ([], {"epochs": 3})


def test_a_state_that_cannot_be_read_is_warned_of(beside, finished):
    model = beside({"position": {"curve": CURVE}})
    state = model.with_name("m.state.npz")
    for content in (b"no state", state.read_bytes()[:-9], b""):
        state.write_bytes(content)
        warned = Notice(f"{state}: it cannot be read: epochs after the best are left out", is_warning=True)
        assert finished(with_later_epochs(model, HISTORY)) == ([warned], HISTORY)
