"""rnn predict and rnn test: labels of texts on the command line."""

import json
import shutil
from pathlib import Path

import pytest

LINES = [
    f"{text}\t{label}"
    for text, label in (("so good", "yes"), ("good day", "yes"), ("too bad", "no"), ("bad day", "no"))
]


@pytest.fixture
def model(rnn, model_of_labels):
    """m.npz, which knows yes from no, and the pairs that it has learned."""
    Path("p.tsv").write_text("\n".join(LINES * 10) + "\n")
    shutil.copy(model_of_labels, "m.npz")
    return "m.npz"


@pytest.fixture
def predict(rnn, model):
    def call(text, *options):
        Path("in.txt").write_bytes(text.encode() if isinstance(text, str) else text)
        return rnn("predict", "in.txt", "--model", model, *options)

    return call


def test_one_line_comes_out_for_each_that_goes_in(predict):
    said = predict("good\n\nbad\r\n\n漢\ngood")
    assert len(said.out.splitlines()) == 6
    first, _, third, *_, last = (line.split("\t")[0] for line in said.out.splitlines())
    assert (first, third, last) == ("yes", "no", "yes")
    assert "3 of 6 lines hold nothing that the model knows; the first is line 2" in said.err


def test_a_long_line_is_said_to_be_read_in_part(predict):
    said = predict("good\n" + "so good " * 201 + "\n" + "bad " * 400 + "\n", "--json")
    assert ["is_cut" in json.loads(line) for line in said.out.splitlines()] == [False, True, False]
    first = "the network reads their first 400; the first is line 2"
    assert f"1 of 3 lines have more than 400 tokens: {first}" in said.err


@pytest.mark.parametrize("command", ["test", "score"])
def test_long_texts_of_pairs_are_counted(command, rnn, model):
    Path("t.tsv").write_text("\n".join([*LINES, "good " * 401 + "\tyes"]) + "\n")
    said = rnn(command, "t.tsv", "--model", model)
    assert "1 of 5 texts have more than 400 tokens: the network reads their first 400" in said.err


def test_labels_in_the_input_are_not_read_as_text(predict):
    plain = predict("so good\nbad day\n").out
    assert predict("so good\tno\nbad day\tyes\n").out == plain
    assert predict("__label__no so good\n__label__a __label__b bad day\n").out == plain


def test_as_many_labels_as_are_asked_for(predict):
    (line,) = predict("good\n", "--top", 2).out.splitlines()
    first, p, second, q = line.split("\t")
    assert {first, second} == {"yes", "no"}
    assert float(p) + float(q) == pytest.approx(1, abs=2e-4)
    assert predict("good\n", "--threshold", 0.99999).out == "\n"
    assert predict("good\n", "--format", "fasttext", "--top", 1).out.startswith("__label__yes 0.")


def test_json_is_an_object_a_line(predict):
    rows = [json.loads(line) for line in predict("good\n\n", "--json", "--top", 2).out.splitlines()]
    assert [row["text"] for row in rows] == ["good", ""]
    assert [row["is_unknown"] for row in rows] == [False, True]
    assert rows[0]["labels"][0]["label"] == "yes"
    assert rows[0]["schema"] == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_lines_before_a_bad_byte_are_answered_before_the_error_is_raised(form, rnn, model):
    Path("good.txt").write_text("so good\ntoo bad\n")
    Path("in.txt").write_bytes(b"so good\ntoo bad\nso \xff good\ngood\n")
    said = rnn("predict", "in.txt", "--model", model, *form, status=1)
    assert said.out == rnn("predict", "good.txt", "--model", model, *form).out
    assert said.err.startswith("rnn: error: in.txt: line 3, byte 4: not UTF-8")


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ([], "does not decode\tnan"),
        (["--format", "fasttext"], "__label__does_not_decode nan"),
        (["--json"], '"text": "\ufffd", "is_unknown": true, "labels": [], "error": "does not decode"}'),
    ],
)
def test_a_line_that_does_not_decode_has_a_row_that_says_so(form, row, predict):
    said = predict(b"so good\n\xff\ttoo\ntoo bad\n\xe4 bad", "--skip-bad", *form)
    first, bad, last, worse = said.out.splitlines()
    assert bad.endswith(row)
    assert "decode" in worse
    assert [first, last] == predict("so good\ntoo bad\n", *form).out.splitlines()
    assert said.err == "rnn: warning: 2 of 4 lines do not decode; the first is line 2\n"


def test_an_input_without_a_line_is_an_error(fails, model):
    Path("empty.txt").write_bytes(b"")
    assert fails(1, "predict", "empty.txt", "--model", model) == "empty.txt: empty: there is no line in it"


def test_the_figures_of_a_test_are_those_of_the_predictions(rnn, model, predict):
    lines = [*LINES, "good day\tno", "unseen\tyes"]
    Path("test.tsv").write_text("\n".join(lines) + "\n")
    told = json.loads(rnn("test", "test.tsv", "--model", model, "--json").out)
    given = [line.split("\t")[0] for line in predict("\n".join(lines) + "\n").out.splitlines()]
    true = [line.split("\t")[1] for line in lines]
    assert told["texts"] == 6
    assert told["accuracy"] == pytest.approx(sum(map(str.__eq__, given, true)) / 6)
    assert told["labels"]["yes"]["support"] == 3
    assert sum(map(sum, told["confusion"])) == 6


def test_texts_that_were_learned_are_counted_and_left_out(rnn, model):
    Path("test.tsv").write_text("so good\tyes\nnever seen\tno\n")
    told = json.loads(rnn("test", "test.tsv", "--model", model, "--train", "p.tsv", "--json").out)
    assert (told["texts"], told["unseen"]["texts"]) == (2, 1)
    assert (
        "1 of the texts are also in p.tsv"
        in rnn("test", "test.tsv", "--model", model, "--train", "p.tsv").out
    )


def test_a_label_that_the_model_does_not_know_is_an_error(fails, model):
    Path("test.tsv").write_text("so good\tperhaps\n")
    assert fails(1, "test", "test.tsv", "--model", model).startswith(
        "test.tsv: line 1: the model has no label"
    )


def test_a_language_model_names_the_commands_that_read_it(fails, models):
    message = fails(1, "predict", "--model", models["char"], "nowhere.txt")
    assert message.endswith("a model of a language: rnn sample, next and score read it")


def test_info_tells_of_labels(rnn, model):
    assert "labels      2: " in rnn("info", model).out
    assert json.loads(rnn("info", model, "--json").out)["task"] == "classify"


@pytest.mark.parametrize("command", ["predict", "test"])
def test_an_encoding_that_nobody_knows_is_refused_before_a_file_is_read(fails, command):
    message = fails(2, command, "nowhere.tsv", "--model", "nowhere.npz", "--encoding", "nope")
    assert message == "--encoding nope: not an encoding that Python knows"


def test_a_test_of_equal_scores_has_no_correlation(rnn, write):
    write("train.tsv", ["so good\t5", "too bad\t1", "good\t4", "bad\t2"] * 5)
    options = ["--task", "rate", "--epochs", "1", "--hidden", "4", "--threads", "1", "-q"]
    rnn("train", "train.tsv", "--valid", write("one.tsv", ["good\t4"]), "--model", "rate.npz", *options)
    write("test.tsv", ["so good\t4", "bad\t4"])
    assert "correlation            undefined\n" in rnn("test", "test.tsv", "--model", "rate.npz").out
    told = json.loads(rnn("test", "one.tsv", "--model", "rate.npz", "--json").out)
    assert (told["texts"], told["correlation"]) == (1, None)


def test_a_baseline_of_one_label_is_refused(fails, model, write):
    write("one.tsv", ["so good\tyes"])
    message = fails(1, "test", "p.tsv", "--model", model, "--baseline", "one.tsv")
    assert message == 'one.tsv: the only label is "yes": nothing to learn (at least two are needed)'
