"""rnn sample, test, predict and info of a model of text from a label."""

import json
from pathlib import Path

import pytest

LINES = ["ab\tabab", "ab\taabb", "cd\tcdcd", "cd\tddcc", "ab\tba", "ab\tab"]
MADE = {}  # the bytes of the model, which is trained once


@pytest.fixture
def model(rnn):
    """m.npz, which writes a and b for ab, c and d for cd."""
    Path("p.tsv").write_text("\n".join(LINES * 8) + "\n")
    if not MADE:
        options = ["--task", "generate", "--preset", "tiny", "--hidden", 12, "--epochs", 15, "--batch", 8]
        rnn("train", "p.tsv", *options, "--model", "m.npz", "--threads", 1, "--valid-fraction", 0, "--quiet")
        MADE["m.npz"] = Path("m.npz").read_bytes()
    Path("m.npz").write_bytes(MADE["m.npz"])
    return "m.npz"


def sample(rnn, *options):
    return rnn("sample", "--model", "m.npz", "--seed", 1, *options).out


@pytest.mark.usefixtures("model")
def test_samples_of_a_label_are_its_texts_alone(rnn):
    for label in ("ab", "cd"):
        lines = sample(rnn, "--label", label, "--num", 20).splitlines()
        assert len(lines) == 20
        assert sum(character in label for line in lines for character in line) > 0.8 * len("".join(lines))


@pytest.mark.usefixtures("model")
def test_other_options_hold_as_well(rnn):
    assert sample(rnn, "--label", "cd", "--num", 3) == sample(rnn, "--label", "cd", "--num", 3)
    begun = sample(rnn, "--label", "cd", "-p", "dd", "--num", 3).splitlines()
    assert all(line.startswith("dd") for line in begun)
    assert all(len(line) <= 2 for line in sample(rnn, "--label", "ab", "-l", 2, "--num", 5).splitlines())
    assert rnn("sample", "--model", "m.npz", "--label", "cd", "--beam", 2, "--num", 2).out.count("\n") == 2
    Path("prompts.txt").write_text("a\nb\n")
    lines = sample(rnn, "--label", "ab", "--prompts", "prompts.txt", "--num", 2).splitlines()
    assert [line[0] for line in lines] == [*"aabb"]


@pytest.mark.usefixtures("model")
def test_without_a_label_each_sample_has_one_before_it(rnn):
    lines = sample(rnn, "--num", 30).splitlines()
    labels = [line.split("\t")[0] for line in lines]
    assert {*labels} == {"ab", "cd"}
    assert labels.count("ab") > labels.count("cd")
    assert sample(rnn).count("\t") == 1


@pytest.mark.usefixtures("model")
def test_json_names_the_label(rnn):
    told = json.loads(sample(rnn, "--label", "cd", "--json"))
    assert told["label"] == "cd"
    assert "label" not in told["samples"][0]
    told = json.loads(sample(rnn, "--json"))
    assert told["samples"][0]["label"] in ("ab", "cd")


@pytest.mark.usefixtures("model")
def test_a_label_that_the_model_does_not_know_names_those_that_it_has(fails):
    message = fails(2, "sample", "--model", "m.npz", "--label", "ef")
    assert message == "the model has no label 'ef': it has ab, cd"


@pytest.mark.usefixtures("model")
def test_a_beam_search_needs_a_label(fails):
    assert "a beam search needs a label" in fails(2, "sample", "--model", "m.npz", "--beam", 2)


def test_a_language_model_has_no_labels(fails, models):
    message = fails(2, "sample", "--model", models["char"], "--label", "ab")
    assert message.startswith("--label is for a model of text from a label")


@pytest.mark.usefixtures("model")
def test_a_test_gives_what_texts_cost(rnn):
    told = json.loads(rnn("test", "p.tsv", "--model", "m.npz", "--json").out)
    assert told["texts"] == 48
    assert 1 < told["perplexity"] < 5
    assert "perplexity" in rnn("test", "p.tsv", "--model", "m.npz").out
    Path("t.tsv").write_text("ab\tabab\ncd\tcc\n")
    told = json.loads(rnn("test", "t.tsv", "--model", "m.npz", "--train", "p.tsv", "--json").out)
    assert told["unseen"]["texts"] == 1


@pytest.mark.usefixtures("model")
def test_predict_names_the_command_that_writes(fails):
    Path("in.txt").write_text("ab\n")
    message = fails(1, "predict", "in.txt", "--model", "m.npz")
    assert message == "m.npz: a model of text from a label: rnn sample --label, test and score read it"


@pytest.mark.usefixtures("model")
def test_info_tells_of_labels(rnn):
    assert "labels      2: ab, cd" in rnn("info", "m.npz").out
    assert json.loads(rnn("info", "m.npz", "--json").out)["task"] == "generate"
