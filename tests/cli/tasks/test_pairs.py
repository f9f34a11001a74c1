"""rnn predict and rnn test: targets of sources on the command line."""

import json
from pathlib import Path

import pytest

LINES = ["a b\tb a", "b a\ta b", "a\ta", "b\tb", "a b\tb a!"]


MADE = {}  # the bytes of the model, which is trained once


@pytest.fixture
def model(rnn):
    """m.npz, which turns two letters round."""
    Path("p.tsv").write_text("\n".join(LINES[:4] * 12) + "\n")
    if not MADE:
        options = ["--task", "translate", "-t", "space", "--hidden", 16, "--embedding", 8, "--epochs", 25]
        more = ["--batch", 8, "--lr", 0.02, "--dropout", 0, "--valid-fraction", 0, "--threads", 1]
        rnn("train", "p.tsv", *options, *more, "--model", "m.npz", "--quiet")
        MADE["m.npz"] = Path("m.npz").read_bytes()
    Path("m.npz").write_bytes(MADE["m.npz"])
    return "m.npz"


@pytest.fixture
def predict(rnn, model):
    def call(text, *options):
        Path("in.txt").write_text(text)
        return rnn("predict", "in.txt", "--model", model, *options)

    return call


def test_one_target_comes_out_for_each_line_that_goes_in(predict):
    said = predict("a b\n\nb a\r\nx\nb")
    lines = said.out.split("\n")
    assert (lines[0], lines[1], lines[2], lines[4:]) == ("b a", "", "a b", ["b", ""])
    assert "2 of 5 lines hold nothing that the model knows; the first is line 2" in said.err


def test_a_long_source_is_said_to_be_read_in_part(predict):
    said = predict("a b\n" + "a b " * 201 + "\n", "--beam", 1)
    assert "1 of 2 lines have more than 400 tokens" in said.err


def test_a_target_in_the_input_is_left_out(predict):
    assert predict("a b\tnonsense\nb\tb b b\n").out == predict("a b\nb\n").out


def test_as_many_targets_as_are_asked_for(predict):
    lines = predict("a b\n\nb\n", "--nbest", 3, "--beam", 5).out.splitlines()
    assert len(lines) == 9
    assert lines[0].split("\t")[0] == "b a"
    logs = [float(line.split("\t")[1]) for line in lines]
    assert all(log <= 0 for log in logs)
    assert lines[3].startswith("\t-")  # the empty target's end
    assert lines[4] == lines[5] == "\t-inf"


def test_greedy_and_beam_search_agree_on_what_is_certain(predict):
    assert predict("a b\nb\n", "--beam", 1).out == predict("a b\nb\n").out == "b a\nb\n"


def test_json_is_an_object_a_line_with_the_alignment_where_it_is_asked_for(predict):
    rows = [json.loads(line) for line in predict("a b\n\n", "--json", "--nbest", 2).out.splitlines()]
    assert [row["text"] for row in rows] == ["a b", ""]
    assert [row["is_unknown"] for row in rows] == [False, True]
    assert rows[0]["targets"][0]["text"] == "b a"
    assert "attention" not in rows[0]["targets"][0]
    (row,) = [json.loads(line) for line in predict("a b\n", "--json", "--attention").out.splitlines()]
    assert row["source"] == ["a", "b"]
    assert row["targets"][0]["tokens"] == ["b", "a"]
    assert [len(step) for step in row["targets"][0]["attention"]] == [2, 2]


def test_the_figures_of_a_test_are_those_of_the_predictions(rnn, model):
    Path("test.tsv").write_text("\n".join([*LINES, "b b\ta a"]) + "\n")
    told = json.loads(rnn("test", "test.tsv", "--model", model, "--json").out)
    assert (told["texts"], told["references"]) == (5, 6)
    assert told["exact"] == pytest.approx(4 / 5)
    assert 0 < told["token_error_rate"] < 0.5
    assert told["bleu_tokenizer"] == "13a"
    out = rnn("test", "test.tsv", "--model", model, "--train", "p.tsv").out
    assert "references                     6\n" in out
    assert "4 of the texts are also in p.tsv; without them:" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--top", 2], "--top is for a model of labels, but this is a model of pairs"),
        (["--nbest", 3, "--beam", 2], "--nbest 3 needs a --beam as large (now 2)"),
        (["--attention"], "--attention needs --json"),
    ],
)
def test_options_that_make_no_sense_are_refused(fails, model, options, message):
    Path("in.txt").write_text("a\n")
    assert fails(2, "predict", "in.txt", "--model", model, *options) == message


def test_info_tells_of_both_sides(rnn, model):
    out = rnn("info", model).out
    assert "decoder     gru, hidden 16" in out
    assert "targets     space, vocabulary 5" in out
    assert json.loads(rnn("info", model, "--json").out)["target"]["tokenizer"] == "space"


def test_a_header_that_is_tested_as_a_pair_is_warned_of(rnn, model):
    Path("test.tsv").write_text("source\ttarget\na b\tb a\n")
    warning = 'test.tsv: line 1: "source target" looks like a header, but is tested as data'
    assert warning in rnn("test", "test.tsv", "--model", model).err
    assert warning not in rnn("test", "test.tsv", "--columns", "source,target", "--model", model).err


def test_an_empty_source_and_an_empty_target_are_scored_as_predict_has_them(rnn, fails, model):
    """Each is said in a warning, and in files to learn from a target is never empty."""
    Path("in.tsv").write_text("a b\t\n\t\n\tb\na b\tb a\n")
    scored = rnn("score", "in.tsv", "--model", model, "--per-line")
    nats = [float(row.split("\t")[0]) for row in scored.out.splitlines()]
    assert [row.split("\t")[1] for row in scored.out.splitlines()] == ["1", "1", "2", "3"]
    warning = "3 of 4 pairs have an empty source or target, and are scored as they are; the first is pair 1"
    assert warning in scored.err
    said = rnn("predict", "in.tsv", "--model", model, "--nbest", "1")
    target, log_p = said.out.splitlines()[1].split("\t")
    assert (target, float(log_p)) == ("", pytest.approx(-nats[1], abs=2e-4))
    assert "2 of 4 lines hold nothing that the model knows; the first is line 2" in said.err
    learned = fails(1, "train", "in.tsv", "-q", "--task", "translate", "--model", "n")
    assert "line 1: the target: nothing in it" in learned


def test_an_empty_reference_is_tested_as_any_other(rnn, model):
    Path("in.tsv").write_text("a b\t\n\t\n\tb\na b\tb a\n")
    tested = rnn("test", "in.tsv", "--model", model, "--json")
    figures = json.loads(tested.out)
    assert (figures["texts"], figures["references"], figures["exact"]) == (2, 4, 1)
    assert figures["token_error_rate"] == 0
    assert "3 of 4 pairs have an empty source or target, and are scored as they are" in tested.err
    scored = json.loads(rnn("score", "in.tsv", "--model", model, "--json").out)
    assert figures["nats"] == pytest.approx(scored["nats"] / scored["tokens"], rel=1e-4)
    Path("in.tsv").write_text("a b\t\n")
    figures = json.loads(rnn("test", "in.tsv", "--model", model, "--json").out)
    assert (figures["exact"], figures["token_error_rate"], figures["bleu"]) == (0, None, 0)
    assert "token error rate       undefined\n" in rnn("test", "in.tsv", "--model", model).out
