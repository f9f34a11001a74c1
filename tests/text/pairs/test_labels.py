"""The labels of a model, and their place in its file."""

import json

import pytest

from rnn_cli.text.pairs.labels import Labels


@pytest.mark.parametrize("labels", [Labels(("b", "a"), (2, 1)), Labels(("国 a", "x"), (1, 0), is_multi=True)])
def test_labels_go_into_json_and_back(labels):
    assert Labels.from_json(json.loads(json.dumps(labels.to_json()))) == labels


def test_ids_are_places():
    assert Labels.of_counts({"a": 1, "c": 3, "b": 3}).ids == {"b": 0, "c": 1, "a": 2}


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"names": []},
        {"names": [["a"]]},
        {"names": [["a", -1]]},
        {"names": [["a", True]]},
        {"names": [["a", 1], ["a", 2]]},
        {"names": [["", 1]]},
        {"names": [["\ud800", 1]]},
        {"names": [[["a"], 1]]},
        {"names": "ab"},
        {"names": [["a", 1]], "multi": 1},
    ],
)
def test_anything_else_is_refused(entry):
    with pytest.raises(ValueError, match="labels"):
        Labels.from_json(entry)
