"""Pairs as arrays."""

import random
from itertools import pairwise

import numpy as np
import pytest

from rnn_cli.errors import RnnError
from rnn_cli.text.pairs import numbered
from rnn_cli.text.pairs.kinds import KINDS
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.pairs.numbered import (
    Cutting,
    in_vocabulary,
    key,
    score_range,
    token_counts,
)
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.text.vocabulary import END, UNK, build


def texts_of(read, text=None, vocabulary=None):
    """The texts of pairs, from their ids."""
    text = text or read.texts
    vocabulary = vocabulary or build(token_counts(text, np.arange(read.rows)))
    rows = in_vocabulary(text, vocabulary)
    return [" ".join(vocabulary.decode(rows.ids[a:b])) for a, b in pairwise(rows.starts)]


def test_texts_and_labels_come_back_from_their_ids(pairs):
    read = pairs("a b\tx\n\ty\n\nc\tx\n")
    assert texts_of(read) == ["a b", "", "c"]
    assert read.labels == Labels(("x", "y"), (2, 1))
    assert read.beside.ids.tolist() == [0, 1, 0]
    assert read.beside.starts.tolist() == [0, 1, 2, 3]
    assert read.forms == {"p.tsv": "tab"}


def test_ends_stand_after_each_row_on_request(pairs):
    read = pairs("a b\tx\n\ty\n")
    rows = in_vocabulary(read.texts, build({"a": 1}), ends=True)
    assert rows.ids.tolist() == [3, UNK, END, END]
    assert rows.starts.tolist() == [0, 3, 4]


def test_labels_are_numbered_by_falling_count_and_then_by_name(pairs):
    read = pairs("1\tb\n2\tc\n3\tc\n4\ta\n")
    assert read.labels == Labels(("c", "a", "b"), (2, 1, 1))
    assert read.beside.ids.tolist() == [2, 0, 0, 1]


def test_several_labels_a_row_make_labels_multi(pairs):
    read = pairs("__label__x __label__y one\n__label__x two\n")
    assert read.labels.is_multi
    assert [sorted(read.beside.ids[a:b]) for a, b in ((0, 2), (2, 3))] == [[0, 1], [0]]
    assert read.beside.starts.tolist() == [0, 2, 3]


def test_targets_have_a_tokenizer_of_their_own(pairs):
    read = pairs("ab c\tde f\n", "translate", cutting=Cutting(TOKENIZERS["char"], TOKENIZERS["space"]))
    assert {*read.texts.types} == {"a", "b", "c", " "}
    assert texts_of(read, read.targets) == ["de f"]
    assert read.labels is None
    assert read.beside.starts.tolist() == [0, 0]


def test_scores_are_numbers(pairs):
    read = pairs("good\t4.5\nbad\t-1e0\n", "rate")
    assert read.scores.tolist() == [4.5, -1.0]
    assert score_range(read.scores) == (-1.0, 4.5)


def test_a_text_to_generate_stands_second(pairs):
    read = pairs("Arabic\tHalabi\nChinese\tGao\n", "generate", cutting=Cutting(TOKENIZERS["char"]))
    assert read.labels.names == ("Arabic", "Chinese")
    assert [" ".join("Halabi"), " ".join("Gao")] == texts_of(read)


def test_tags_go_with_tokens_whatever_the_tokenizer_is(pairs):
    read = pairs("the dog\tDET NOUN\nit runs\tPRON VERB\n", "tag", cutting=Cutting(TOKENIZERS["char"]))
    assert texts_of(read) == ["the dog", "it runs"]
    assert read.beside.lengths.tolist() == [2, 2]


def test_line_ends_in_a_cell_are_spaces_or_those_of_a_paragraph(pairs):
    table = 'text,label\n"a\nb",x\nc,y\n'
    assert texts_of(pairs(table, name="p.csv")) == ["a b", "c"]
    unit = Cutting(make_tokenizer("space", {"unit": "paragraph"}))
    assert texts_of(pairs(table, name="p.csv", cutting=unit)) == ["a \n b", "c"]


def test_a_long_file_is_cut_in_blocks(pairs, monkeypatch):
    monkeypatch.setattr("rnn_cli.text.pairs.numbered.BLOCK", 10)
    read = pairs("".join(f"word{k % 7} again\tl{k % 3}\n" for k in range(50)))
    assert texts_of(read) == [f"word{k % 7} again" for k in range(50)]


def refusal(read, *given, **options):
    with pytest.raises(RnnError) as raised:
        read(*given, **options)
    return str(raised.value)


def test_labels_that_are_known_are_numbered_as_they_are_known(pairs):
    known = Labels(("no", "yes"), (7, 5))
    read = pairs("a\tyes\n", known=known, to_learn=False)
    assert (read.labels, read.beside.ids.tolist()) == (known, [1])
    message = refusal(pairs, "a\tyes\nb\tYes\n", known=known)
    assert message == 'p.tsv: line 2: the model has no label "Yes" (it has "no", "yes")'
    message = refusal(pairs, "__label__yes __label__no a\n", known=known)
    assert message == "p.tsv: line 1: 2 labels (the model gives each text one)"


@pytest.mark.parametrize(
    ("text", "task", "told"),
    [
        ("a\tx\nb\tx\n", "classify", 'the only label is "x": nothing to learn (at least two are needed)'),
        ("x\ta\nx\tb\n", "generate", 'the only label is "x": nothing to learn'),
        ("a b\tX X\n", "tag", 'the only label is "X": nothing to learn'),
        ("a\t1\nb\t1.0\n", "rate", "every score is 1: nothing to learn"),
        ("\n \n", "classify", "no pair in it: every line is blank (a line reads text<TAB>label)"),
        ("", "translate", "no pair in it: every line is blank (a line reads source<TAB>target)"),
        ("", "tag", "no pair in it: every line is blank (a line reads tokens<TAB>tags)"),
    ],
)
def test_nothing_to_learn_is_an_error(pairs, text, task, told):
    assert refusal(pairs, text, task).startswith(f"p.tsv: {told}")


@pytest.mark.parametrize(
    ("text", "task"), [("a\t1\nb\t1.0\n", "rate"), ("a\t1\n", "rate"), ("a\tx\n", "tag")]
)
def test_a_test_needs_no_two_labels_or_scores(pairs, text, task):
    assert pairs(text, task, to_learn=False).rows == text.count("\n")


def test_a_file_that_changes_while_it_is_read_is_an_error(pairs, tmp_path, monkeypatch):
    real = numbered.cut_all

    def cut(*arguments):
        yield from real(*arguments)
        with open(tmp_path / "p.tsv", "ab") as file:
            file.write(b"c\ty\n")

    monkeypatch.setattr(numbered, "cut_all", cut)
    assert refusal(pairs, "a\tx\nb\ty\n", "classify") == "p.tsv: changed while it was read: try again"


def test_equal_texts_have_equal_keys():
    assert key(" a b ") == key("a b") != key("a  b")


def test_tokens_are_counted_in_the_rows_asked_for(pairs):
    read = pairs("a b a\tx\nc\ty\nb\tx\n")
    assert token_counts(read.texts, np.array([0, 2])) == {"a": 2, "b": 2}


DIRT = [*"\ta1,{\0\réé", "\n", '"', "b c", "__label__x ", "# ", '{"text": "a", "label": "x"}']


@pytest.mark.parametrize("name", ["p.tsv", "p.csv", "p.jsonl"])
@pytest.mark.seeds(short=40, long=3000)
def test_whatever_a_file_holds_there_are_pairs_or_one_line_of_error(pairs, name, seed):
    rng = random.Random(seed)
    for task in KINDS:
        text = "".join(rng.choices(DIRT, k=rng.randrange(30)))
        if name == "p.csv" and rng.random() < 0.7:
            text = ",".join(KINDS[task].columns) + "\n" + text
        read, error = read_or_error(pairs, text, task, name)
        if error is None:
            assert read.texts.corpus.lines == read.rows == len(read.beside.lengths)
            assert read.targets is None or read.targets.corpus.lines == read.rows
        else:
            assert error.startswith(f"{name}: ")
            assert "\n" not in error


def read_or_error(pairs, *given):
    try:
        return pairs(*given), None
    except RnnError as error:
        return None, str(error)
