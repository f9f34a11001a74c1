"""Models of every task: when they are equal, and what they say of values of wrong types."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnn_cli.models.loading import load

DATA = Path(__file__).parent.parent / "data"
FILES = [f"{name}.npz" for name in ("version_1", "tagger_version_3", "conditional_version_3")]
WRONG = [(None, "None"), (3, "int"), ([b"x"], "bytes"), (["a", None], "None"), ("one", "one string")]


@pytest.fixture(params=[*FILES, "labels"])
def path(request, model_of_labels):
    return model_of_labels if request.param == "labels" else DATA / request.param


def test_a_model_equals_what_its_file_holds_and_none_of_other_weights(path):
    model = load(path)
    assert model == load(path) == replace(model, history={"another": 1})
    name, array = next(iter(model.p.items()))
    assert model != replace(model, p=model.p | {name: array + 1})
    assert model != replace(model, p={})
    assert model not in ("a model", None)
    with pytest.raises(TypeError, match="unhashable"):
        hash(model)


def test_models_of_different_tasks_are_not_equal(model_of_labels):
    first, *others = [load(path) for path in (model_of_labels, *(DATA / name for name in FILES))]
    assert first not in others


@pytest.mark.parametrize(("value", "kind"), WRONG)
def test_what_is_no_list_of_strings_is_a_type_error_in_words(value, kind, model_of_labels):
    with pytest.raises(TypeError, match=rf"{kind}.* needed|needed.* {kind}"):
        list(load(model_of_labels).predict(value))
    with pytest.raises(TypeError, match=rf"{kind}.* needed|needed.* {kind}"):
        load(DATA / "version_1.npz").score(value)


def test_what_is_no_prompt_and_no_label_is_a_type_error_in_words():
    language, conditional = load(DATA / FILES[0]), load(DATA / FILES[2])
    for value in (None, 3, b"x", ["a"]):
        with pytest.raises(TypeError, match=r"a prompt is .*, and a string is needed"):
            language.sample(value)
        with pytest.raises(TypeError, match=r"a prompt is .*, and a string is needed"):
            language.next(value)
        with pytest.raises(TypeError, match=r"the label is .*, and a string is needed"):
            conditional.sample(value)


def test_an_error_of_saving_names_the_file_that_was_asked_for(path, tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        load(path).save(tmp_path / "missing" / "m")
    assert raised.value.filename == str(tmp_path / "missing" / "m.npz")
    assert "rnn-tmp" not in str(raised.value)


@pytest.mark.parametrize(
    "rule",
    [{"num": "2"}, {"num": 2.0}, {"length": "9"}, {"top_p": "hot"}, {"seed": 1.5}, {"top_k": 2.5}],
)
def test_a_rule_of_another_type_is_named(rule):
    ((name, value),) = rule.items()
    with pytest.raises(TypeError, match=rf"{name} is {value!r}: a (whole )?number is needed"):
        load(DATA / FILES[0]).sample("a", **rule)


def test_numbers_of_numpy_are_numbers():
    model = load(DATA / FILES[0])
    rules = {"num": np.int64(2), "temperature": np.float32(0.5), "seed": np.int32(3), "length": np.int8(4)}
    assert model.sample("a", **rules) == model.sample("a", num=2, temperature=0.5, seed=3, length=4)
