"""What looks wrong in files of pairs."""

import pytest

from rnn_cli.text.pairs.doubts import doubts
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.reading import Source

GOOD = ["a good day\tgood", "the bad food\tbad", "so good\tgood", "very bad\tbad"]


@pytest.fixture
def said(pairs, tmp_path):
    def call(lines, task="classify", name="p.tsv", **options):
        read = pairs("".join(f"{line}\n" for line in lines), task, name, **options)
        return [*doubts(Form(task, **options), [Source(name, tmp_path / name)], read)]

    return call


@pytest.mark.parametrize(
    ("task", "header", "rows"),
    [
        ("classify", "Sentence\tsentiment", GOOD),
        ("classify", "\n评论\t标签", GOOD),
        ("generate", "label\ttext", ["x\tone", "y\ttwo"]),
        ("tag", "tokens\ttags", ["a b\tX Y"]),
        ("translate", "source\ttarget", ["a\tb"]),
        ("translate", "English\tFrench", ["go\tva"]),
        ("translate", "英文\t中文", ["go\t去"]),
    ],
)
def test_a_row_of_column_names_at_the_head_is_doubted(task, header, rows, said):
    columns = header.strip().split("\t")
    (doubt,) = said([header, *rows], task)
    line = 1 + header.startswith("\n")
    assert doubt == (
        f'p.tsv: line {line}: "{" ".join(columns)}" looks like a header, and is learned from '
        f"(--columns {','.join(columns)} reads it as one)"
    )
    assert said([header.strip(), *rows], task, columns=tuple(columns)) == []  # the way out works
    (doubt,) = said([header, *rows], task, name="p.txt")
    assert doubt.endswith("(tail -n +2 leaves it out)")


@pytest.mark.parametrize(
    ("task", "lines"),
    [
        ("classify", GOOD),
        ("classify", ["a text\ttext", "no text\ttext", "a label\tlabel", "no label\tlabel"]),
        ("classify", ["bonjour\tfr", "good day\ten", "good\ten"]),
        ("translate", ["text\t文本", "label\t标签", "the name\tle nom"]),
        ("generate", ["x\ttext", "y\ttwo"]),
    ],
)
def test_a_first_row_that_may_be_a_pair_is_not_doubted(task, lines, said):
    assert said(lines, task) == []


def test_columns_that_are_swapped_are_doubted(said):
    (doubt,) = said(
        [f"good\ta text of number {n}" for n in range(15)] + [f"bad\tnumber {n}" for n in range(15)]
    )
    assert doubt == (
        "30 different labels in 30 rows, and 2 different texts: the columns look swapped "
        "(a line reads text<TAB>label)"
    )


def test_tags_that_are_swapped_with_their_tokens_are_doubted(said):
    right = [f"the w{n} is v{n}\tD N V A" for n in range(20)]
    assert said(right, "tag") == []
    (doubt,) = said(["\t".join(line.split("\t")[::-1]) for line in right], "tag")
    assert doubt == (
        "42 different tags, and 4 different tokens: the columns look swapped (a line reads tokens<TAB>tags)"
    )


def test_labels_that_nearly_all_differ_are_doubted(said):
    (doubt,) = said([f"text {n}\tlabel {n}" for n in range(30)])
    assert doubt.startswith("30 different labels in 30 rows: few can be learned (--task rate is for")
    assert said([f"text {n}\tlabel {n % 15}" for n in range(30)]) == []
    assert said([f"text {n}\tlabel {n}" for n in range(10)]) == []  # too few to judge by
