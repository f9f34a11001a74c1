"""rnn predict and rnn test: tags of tokens, and the words that they mark, on the command line."""

import json
from pathlib import Path

import pytest

LINES = ["the cat sees\tD N V", "a dog\tD N", "the dog eats\tD N V", "a cat sees a dog\tD N V D N"]
SEGMENTED = ["a b c d e\tB E B E S", "e a b\tS B E", "c d c d\tB E B E", "a b e\tB E S"]
OPTIONS = ["--task", "tag", "--hidden", 8, "--embedding", 8, "--batch", 8, "--lr", 0.02, "--dropout", 0]
MADE = {}  # the bytes of each model, which is trained once


@pytest.fixture
def made(rnn):
    """Train m.npz on lines of a kind."""

    def call(kind, lines):
        Path("p.tsv").write_text("\n".join(lines * 10) + "\n")
        if kind not in MADE:
            more = ["--epochs", 25, "--min-count", 1, "--valid-fraction", 0, "--threads", 1, "--quiet"]
            rnn("train", "p.tsv", *OPTIONS, *more, "--model", "m.npz")
            MADE[kind] = Path("m.npz").read_bytes()
        Path("m.npz").write_bytes(MADE[kind])
        return "m.npz"

    return call


@pytest.fixture
def predict(rnn, made):
    def call(text, *options, kind="tags"):
        model = made(kind, LINES if kind == "tags" else SEGMENTED)
        Path("in.txt").write_text(text)
        return rnn("predict", "in.txt", "--model", model, *options)

    return call


def test_one_line_comes_out_for_each_that_goes_in_as_files_to_learn_from_have_it(predict):
    said = predict("the dog sees\n\na  cat\r\nx y\nthe cat")
    assert said.out.splitlines()[:3] == ["the dog sees\tD N V", "", "a cat\tD N"]
    assert said.out.splitlines()[4] == "the cat\tD N"
    assert len(said.out.splitlines()) == 5
    assert "2 of 5 lines hold nothing that the model knows; the first is line 2" in said.err


def test_tags_in_the_input_are_not_read_as_tokens(predict):
    assert predict("the dog\tV V\n").out == predict("the dog\n").out


def test_words_come_out_where_tags_mark_them(predict):
    said = predict("abcde\n\nab cd\na b c d e\tB E B E S\n", kind="words")
    assert said.out.splitlines() == ["ab cd e", "", "ab cd", "ab cd e"]


def test_json_is_an_object_a_line(predict):
    rows = [json.loads(line) for line in predict("the dog\n\n", "--json").out.splitlines()]
    assert [row["tags"] for row in rows] == [["D", "N"], []]
    assert rows[0]["tokens"] == ["the", "dog"]
    assert all(0.5 < p <= 1 for p in rows[0]["p"])
    assert [row["is_unknown"] for row in rows] == [False, True]
    assert "words" not in rows[0]
    (row,) = (json.loads(line) for line in predict("abe\n", "--json", kind="words").out.splitlines())
    assert (row["text"], row["words"], row["tags"]) == ("abe", ["ab", "e"], ["B", "E", "S"])


def test_options_of_other_tasks_are_refused_by_name(fails, made):
    model = made("tags", LINES)
    Path("in.txt").write_text("the dog\n")
    assert fails(2, "predict", "in.txt", "--model", model, "--top", 2).startswith(
        "--top is for a model of labels"
    )


def test_the_figures_of_a_test_are_those_of_the_predictions(rnn, predict):
    lines = ["the dog sees\tD N V", "a bird\tN N"]
    given = [line.split("\t")[1].split() for line in predict("\n".join(lines) + "\n").out.splitlines()]
    true = [line.split("\t")[1].split() for line in lines]
    right = [a == b for row, tags in zip(given, true, strict=True) for a, b in zip(row, tags, strict=True)]
    Path("test.tsv").write_text("\n".join(lines) + "\n")
    told = json.loads(rnn("test", "test.tsv", "--model", "m.npz", "--json").out)
    assert told["texts"] == 2
    assert told["accuracy"] == pytest.approx(sum(right) / 5)
    assert told["exact"] == pytest.approx(sum(a == b for a, b in zip(given, true, strict=True)) / 2)
    assert told["tags"]["N"]["support"] == 3
    shown = rnn("test", "test.tsv", "--model", "m.npz").out
    assert f"{sum(right) / 5:.4f}" in shown
    assert "span F1" not in shown


def test_words_have_span_figures(rnn, made):
    model = made("words", SEGMENTED)
    Path("test.tsv").write_text("a b e\tB E S\nc d\tB E\n")
    told = json.loads(rnn("test", "test.tsv", "--model", model, "--json").out)
    assert (told["span_precision"], told["span_recall"], told["span_f1"]) == (1, 1, 1)
    assert "span F1" in rnn("test", "test.tsv", "--model", model).out


def test_sentences_that_were_learned_are_counted_and_left_out(rnn, made):
    model = made("tags", LINES)
    Path("test.tsv").write_text("a dog\tD N\na bird sees\tD N V\n")
    told = json.loads(rnn("test", "test.tsv", "--model", model, "--train", "p.tsv", "--json").out)
    assert (told["texts"], told["unseen"]["texts"]) == (2, 1)
    shown = rnn("test", "test.tsv", "--model", model, "--train", "p.tsv").out
    assert "1 of the texts are also in p.tsv" in shown


@pytest.mark.parametrize(
    ("kind", "lines", "name"), [("tags", LINES, "most frequent tag"), ("words", SEGMENTED, "longest match")]
)
def test_the_simplest_rival_is_set_beside_it(rnn, made, kind, lines, name):
    model = made(kind, lines)
    told = json.loads(rnn("test", "p.tsv", "--model", model, "--baseline", "p.tsv", "--json").out)
    assert told["rivals"][name]["accuracy"] == 1
    shown = rnn("test", "p.tsv", "--model", model, "--baseline", "p.tsv").out
    assert f"{name}, learned from p.tsv:" in shown


def test_a_tag_that_the_model_does_not_know_is_an_error(fails, made):
    model = made("tags", LINES)
    Path("test.tsv").write_text("a dog\tD X\n")
    assert fails(1, "test", "test.tsv", "--model", model).startswith(
        'test.tsv: line 1: the model has no label "X"'
    )


def test_info_tells_of_tags(rnn, made):
    said = rnn("info", made("words", SEGMENTED))
    assert "tags        4: " in said.out or "tags        3: " in said.out
    assert "reads       characters" in said.out
    facts = json.loads(rnn("info", "m.npz", "--json").out)
    assert (facts["task"], facts["is_legal"], facts["reads_characters"]) == ("tag", True, True)
