"""rnn info: what a model file holds, checked against the file as anyone's NumPy opens it."""

import json
import math
import re
from pathlib import Path

import pytest

from rnn_cli import storage

KINDS = ["char", "space", "chinese", "book", "lstm", "gru", "tied", "adaptive"]
VERSION_1 = Path(__file__).parents[2] / "data" / "version_1.npz"


@pytest.fixture
def path(models):
    return lambda kind: VERSION_1 if kind == "version 1" else models[kind]


@pytest.fixture
def info(rnn, path):
    def call(kind, *options):
        said = rnn("info", path(kind), *options)
        assert said.err == ""
        return said.out

    return call


def test_the_model_may_be_named_as_other_commands_name_it(rnn, fails, path):
    assert rnn("info", "--model", path("char")) == rnn("info", path("char"))
    assert "is named once" in fails(2, "info", path("char"), "-m", path("gru"))


@pytest.mark.parametrize("kind", [*KINDS, "version 1"])
def test_the_facts_are_those_of_the_file(kind, info, path, read_npz):
    facts = json.loads(info(kind, "--json"))
    header, arrays = read_npz(path(kind))
    assert facts["arrays"] == {
        name: {"shape": list(array.shape), "parameters": array.size} for name, array in arrays.items()
    }
    assert facts["parameters"] == sum(array.size for array in arrays.values())
    assert facts["bytes"] == path(kind).stat().st_size
    assert facts["network"] == facts["network"] | header["network"]
    assert facts["tokenizer"] == header["tokenizer"]["name"]
    assert facts["carry_state"] == header["carry_state"]
    assert facts["history"] == header["history"]


@pytest.mark.parametrize("kind", [*KINDS, "version 1"])
def test_the_text_for_people_tells_the_same(kind, info, path, read_npz):
    out = info(kind)
    facts = json.loads(info(kind, "--json"))
    network = facts["network"]
    for told in (network["cell"], f"hidden {network['n']}", f"vocabulary {network['m']:,}"):
        assert told in out.splitlines()[0]
    assert ("layers" in out) == (network["layers"] > 1)
    assert ("embedding" in out) == bool(network["embedding"])
    assert (f"{network['output']} output" in out) == (network["output"] != "softmax")
    assert re.search(rf"^tokenizer +{facts['tokenizer']}$", out, re.M)
    assert ("runs on" in out) == facts["carry_state"]
    assert f"{facts['parameters']:,} in {facts['bytes']:,} bytes" in out
    for name, array in read_npz(path(kind)).arrays.items():
        shape = " x ".join(map(str, array.shape))
        assert re.search(rf"^  {name} +{shape} +{array.size:,}$", out, re.M), name


@pytest.mark.parametrize("kind", [*KINDS, "version 1"])
def test_how_it_was_trained_is_told(kind, info):
    out = info(kind)
    history = json.loads(info(kind, "--json"))["history"]
    counts = f"{history['epoch']} epochs, {history['step']:,} steps, {history['tokens']:,} tokens"
    libraries = "".join(f", {name} {version}" for name, version in history.get("libraries", {}).items())
    assert f"by rnn {history['rnn']}{libraries}: {counts}" in out
    for name, value in history["training"].items():
        told = f"{value:.4g}" if isinstance(value, float) else str(value)
        assert re.search(rf"^  {name} +{re.escape(told)}$", out, re.M), name


def test_the_loss_of_each_epoch_up_to_the_best_is_told(rnn, worsening, read_log):
    """The file is of the best epoch, and knows nothing of those after it."""
    worsening("--quiet", "--patience", "100")
    rows, logged = curve(rnn("info", "m.npz").out), read_log("log.jsonl", "valid")
    assert 1 < len(rows) < len(logged)
    for number, (told, row) in enumerate(zip(rows, logged, strict=False), 1):
        assert told[0] == number
        assert told[1:3] == pytest.approx([row["train_loss"], row["valid_loss"]], abs=6e-4)
        assert told[3] == pytest.approx(math.exp(row["valid_loss"]), abs=6e-3)
    assert rows[-1][2] == min(row[2] for row in rows)


def curve(out):
    """The rows below the head of the losses, as numbers."""
    rows = out.partition("epoch     train     valid  perplexity\n")[2].splitlines()
    return [[float(field.replace(",", "")) for field in row.split()] for row in rows]


def test_the_losses_are_drawn_as_a_sparkline_from_the_first_to_the_last(rnn, train, corpus):
    train(corpus, "--quiet", "--epochs", "6")
    out = rnn("info", "m.npz").out
    rows = curve(out)
    for name, column in (("train", 1), ("valid", 2)):
        (drawn, first, last) = re.search(
            rf"^{name} loss  ([▁-█]+)  ([\d.]+) to ([\d.]+)$", out, re.M
        ).groups()
        assert (float(first), float(last)) == (rows[0][column], rows[-1][column])
        assert len(drawn) == len(rows)
        assert (drawn[0] == "█") == (rows[0][column] == max(max(row[1:3]) for row in rows))
        assert drawn[-1] < drawn[0]


def test_without_a_validation_text_the_epochs_have_a_training_loss_alone(train, rnn, corpus):
    train(corpus, "--valid-fraction", "0", "--quiet")
    assert [len(row) for row in curve(rnn("info", "m.npz").out)] == [3, 3]


def test_a_model_of_labels_has_losses_and_no_perplexity(rnn, model_of_labels, models):
    out = rnn("info", model_of_labels).out
    assert "\nloss        nats a text\nepoch     train     valid\n    1 " in out
    assert "perplexity" not in out
    text = rnn("info", models["char"]).out
    assert "\nloss        nats a token\nepoch     train     valid  perplexity\n" in text


def test_the_figure_that_has_decided_is_told(rnn, write):
    write("pairs.tsv", ["good\tyes", "bad\tno", "so good\tyes", "too bad\tno"] * 10)
    options = ["--task", "classify", "--metric", "accuracy", "--epochs", "2", "--hidden", "4", "-q"]
    rnn("train", "pairs.tsv", "--model", "labels.npz", "--threads", "1", *options)
    assert re.search(r"^accuracy    [01]\.\d{4}$", rnn("info", "labels.npz").out, re.M)


def test_an_old_file_tells_of_no_epochs_that_it_did_not_keep(info):
    assert "perplexity" not in info("version 1")


def test_the_model_of_that_name_in_this_folder_is_the_default(rnn, corpus):
    rnn("train", corpus, "-t", "char", "--hidden", "4", "--epochs", "1", "--quiet")
    assert rnn("info") == rnn("info", "model.npz")
    assert "hidden 4" in rnn("info").out


ANY = [
    {},
    {"text": "词"},
    {"step": 3},
    {"rnn": 1, "epoch": None, "step": "three", "tokens": []},
    {"training": "on a laptop"},
    {"epochs": [{"loss": "low"}]},
    {"epochs": [{}]},
    {"epochs": 5},
]


@pytest.mark.parametrize("history", ANY, ids=str)
def test_a_history_may_be_any(history, rnn, models, read_npz):
    """It is for people: who makes a model in Python writes what they like."""
    header, arrays = read_npz(models["char"])
    storage.save(Path("m.npz"), arrays, header | {"history": history})
    said = rnn("info", "m.npz")
    assert said.err == ""
    assert "tokenizer   char" in said.out
    assert json.loads(rnn("info", "m.npz", "--json").out)["history"] == history


def test_a_history_cannot_move_the_terminals_cursor(rnn, models, read_npz):
    header, arrays = read_npz(models["char"])
    history = header["history"] | {"training": {"seed": "\x1b[2J\x07\x9b1A\u202e"}}
    storage.save(Path("m.npz"), arrays, header | {"history": history})
    assert all(line.isprintable() for line in rnn("info", "m.npz").out.split("\n"))


def test_the_preset_is_told(rnn, models):
    assert re.search(r"^  preset +tanh$", rnn("info", models["char"]).out, re.M)


def test_a_file_that_is_no_model_is_named(fails, models, write, folder):
    write("text.txt", ["Anna reads a book."])
    assert fails(1, "info") == "model.npz: no such file: rnn train TEXT --model model.npz writes one"
    assert fails(1, "info", "text.txt").startswith("text.txt: ")
    assert fails(1, "info", folder).startswith(f"{folder}: Is a directory")
    assert "training state" in fails(1, "info", models["char"].with_name("char.state.npz"))
