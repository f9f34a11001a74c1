"""rnn score with models of other tasks than language."""

import json
from pathlib import Path

import pytest

from rnn_cli import Classifier
from rnn_cli.cli.pair_scores import _object, _row
from rnn_cli.models.scores.costs import Cost
from rnn_cli.models.scores.pairs import Scored
from rnn_cli.text.pairs.formats import Pair

PAIRS = "so good\tyes\ntoo bad\tno\n\nnew day\tno\n"


@pytest.fixture
def score(rnn, model_of_labels):
    def call(text, *options, name="in.tsv"):
        Path(name).write_text(text)
        return rnn("score", name, "--model", model_of_labels, *options).out

    return call


def test_totals_are_the_sums_of_the_rows(score, model_of_labels):
    rows = [line.split("\t") for line in score(PAIRS, "--per-line").splitlines()]
    assert [row[1:] for row in rows] == [
        ["1", "0", "so good", "yes"],
        ["1", "0", "too bad", "no"],
        ["1", "0", "new day", "no"],
    ]
    ours = Classifier.load(model_of_labels).score([("so good", "yes"), ("too bad", "no"), ("new day", "no")])
    assert [float(row[0]) for row in rows] == pytest.approx(ours.nats, abs=1e-4)
    told = json.loads(score(PAIRS, "--json"))
    assert told == {"schema": 1, **ours.figures}
    lines = score(PAIRS).splitlines()
    assert [line.split()[0] for line in lines] == ["pairs", "nats", "perplexity"]
    assert lines[0].split() == ["pairs", "3"]


def test_rows_of_json_name_the_line_and_hold_the_pair(score):
    rows = [json.loads(line) for line in score(PAIRS, "--per-line", "--json").splitlines()]
    assert [(row["line"], row["text"], row["label"]) for row in rows] == [
        (1, "so good", "yes"),
        (2, "too bad", "no"),
        (4, "new day", "no"),
    ]
    assert all(row["nats"] > 0 for row in rows)


def test_another_model_stands_beside_the_first(score, model_of_labels):
    compared = ["--compare", model_of_labels]
    (row,) = score("so good\tyes\n", "--per-line", *compared).splitlines()
    ours, _, _, theirs, *pair = row.split("\t")
    assert (ours, pair) == (theirs, ["so good", "yes"])
    told = json.loads(score(PAIRS, "--json", *compared))
    assert told["compare"]["nats"] == told["nats"]
    assert "--compare" in score(PAIRS, *compared).splitlines()[0]


def test_tables_are_read_by_their_columns_and_standard_input_is_kept(
    rnn, score, model_of_labels, monkeypatch
):
    table = 'say,is,n\n"so\ngood",yes,1\n'
    out = score(table, "--columns", "say,is", "--per-line", name="in.csv")
    assert out.split("\t")[3:] == ["so\\ngood", "yes\n"]


def test_pairs_before_a_bad_byte_are_printed(model_of_labels, rnn):
    Path("bad.tsv").write_bytes(b"so good\tyes\n\xff\tno\n")
    said = rnn("score", "bad.tsv", "--model", model_of_labels, "--per-line", status=1)
    assert said.out.endswith("so good\tyes\n")
    assert "bad.tsv: line 2, byte 1" in said.err


def test_a_model_of_another_task_to_begin_from_is_named(fails, model_of_labels):
    Path("in.txt").write_text("so good\ntoo bad\n" * 9)
    message = fails(1, "train", "in.txt", "--init", model_of_labels, "--model", "new.npz", "--quiet")
    assert message.endswith(": a model of labels: --init of --task classify goes on with it")


def test_an_empty_text_is_scored_and_said(rnn, model_of_labels):
    Path("in.tsv").write_text("so good\tyes\n\tyes\n \tno\n")
    said = rnn("score", "in.tsv", "--model", model_of_labels, "--per-line")
    assert len(said.out.splitlines()) == 3
    assert "2 of 3 pairs have an empty text, and are scored as they are; the first is pair 2" in said.err


@pytest.mark.parametrize("command", ["score", "test"])
def test_a_header_is_named_where_its_label_is_unknown_with_a_way_out_that_works(
    command, rnn, fails, model_of_labels
):
    for name, way in [
        ("in.tsv", "--columns text,label reads it as one"),
        ("in.txt", "tail -n +2 leaves it out"),
    ]:
        Path(name).write_text("text\tlabel\n" + PAIRS)
        assert fails(1, command, name, "--model", model_of_labels).endswith(f" (a header? {way})")
    rnn(command, "in.tsv", "--model", model_of_labels, "--columns", "text,label")
    Path("in.tsv").write_text("no\ttext\tlabel\n" + "1\tgood day\tyes\n")
    message = fails(1, command, "in.tsv", "--model", model_of_labels)
    assert message.endswith("cut -f takes two, or --columns where a header names them)")
    rnn(command, "in.tsv", "--model", model_of_labels, "--columns", "text,label")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--per-token", None), ("--dynamic", None), ("--baseline", "in.tsv"), ("--independent", None)],
)
def test_options_of_texts_are_refused(fails, model_of_labels, option, value):
    Path("in.tsv").write_text(PAIRS)
    message = fails(2, "score", "in.tsv", "--model", model_of_labels, option, *([value] if value else []))
    assert message == f"{option} is for a language model, but this is a model of labels"


def test_columns_are_refused_with_a_text_and_a_model_of_another_task_beside(fails, models, model_of_labels):
    Path("in.tsv").write_text(PAIRS)
    named = fails(2, "score", "in.tsv", "--model", models["char"], "--columns", "a,b")
    assert named == "--columns is for files of pairs, but this is a language model"
    named = fails(2, "score", "in.tsv", "--model", model_of_labels, "--compare", models["char"])
    assert named.startswith("--compare needs a model of the same task: ")
    assert named.endswith(" is a model of a language, --model one of labels")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("so good\tperhaps\n", 'in.tsv: line 1: the model has no label "perhaps" (it has "no", "yes")'),
        ("so good\tyes\nbad\n", "in.tsv: line 2: no tab in it (a line reads text<TAB>label)"),
        ("\n \n", "in.tsv: no pair in it: every line is blank (a line reads text<TAB>label)"),
    ],
)
def test_a_line_that_cannot_be_scored_is_an_error_that_names_it(rnn, model_of_labels, text, message):
    Path("in.tsv").write_text(text)
    assert message in rnn("score", "in.tsv", "--model", model_of_labels, status=1).err


def test_a_row_has_the_pair_as_a_file_has_it():
    cost = Cost(1.5, 0.25, 3, 1, 3)
    name = Scored(Pair(7, "ab", ("x",)), (cost,))
    assert _row("generate", name) == "1.7500\t3\t1\tx\tab\n"
    assert _object("generate", name) == {
        "line": 7,
        "nats": 1.75,
        "spelling_nats": 0.25,
        "tokens": 3,
        "unknown": 1,
        "text": "ab",
        "label": "x",
    }
    several = Scored(Pair(1, "ab", ("x", "y z")), (cost,))
    assert _row("classify", several).endswith("\tab\t__label__x __label__y_z\n")
    assert _object("classify", several)["label"] == ["x", "y z"]
    rated = Scored(Pair(1, "ab", ("2.5",)), (Cost(0.5), Cost(0.75)))
    assert _row("rate", rated) == "0.5000\t1\t0\t0.7500\tab\t2.5\n"
    assert _object("rate", rated) == {
        "line": 1,
        "squared_error": 0.5,
        "compare": {"squared_error": 0.75},
        "text": "ab",
        "score": 2.5,
    }
