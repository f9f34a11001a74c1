"""Files to pairs: each form, and what is dirty or wrong in them."""

import json

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.text import columns as of_columns
from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.kinds import KINDS
from rnn_cli.text.reading import Source


@pytest.fixture
def read(tmp_path):
    """The pairs of a file, as (text, beside)."""

    def pairs(content, task="classify", name="p.tsv", is_copy=False, **options):
        path = tmp_path / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        form = Form(task, **options)
        source = Source(name, path, is_copy)
        read = [*form.pairs(source)]
        found = [(pair.text, pair.beside) for pair in read]
        pairs.lines = [pair.line for pair in read]
        pairs.form = form.name(source)
        return found

    return pairs


def refusal(read, *given, **options):
    with pytest.raises(RnnError) as raised:
        read(*given, **options)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_a_line_is_a_text_a_tab_and_a_label(read):
    assert read("good one\tpos\nSeoul, Busan\tSouth Korea\n") == [
        ("good one", ("pos",)),
        ("Seoul, Busan", ("South Korea",)),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa\tx\nb\ty\n",
        b"a\tx\r\nb\ty\r\n",
        b"a\tx\rb\ty",
        "a\tx\nb\ty\n".encode("utf-16"),
        b"\n\na\t x \n  \n\nb\ty\n\n",
    ],
)
def test_marks_line_ends_blank_lines_and_white_space_are_no_part_of_a_pair(read, content):
    assert read(content) == [("a", ("x",)), ("b", ("y",))]


def test_an_empty_text_is_kept(read):
    assert read("\tx\n \ty\n") == [("", ("x",)), (" ", ("y",))]


def test_a_character_of_zero_is_a_character(read):
    assert read("a\0b\tx\n") == [("a\0b", ("x",))]


def test_another_encoding_is_read_when_named_and_told_when_not(read):
    content = "好吃\t好\n难吃\t坏\n".encode("gb18030") * 20
    assert read(content, encoding="gb18030")[0] == ("好吃", ("好",))
    assert "line 1, byte 1: not UTF-8" in refusal(read, content)


@pytest.mark.parametrize(
    ("content", "task", "told"),
    [
        ("a\tx\nb\n", "classify", "line 2: no tab in it (a line reads text<TAB>label)"),
        ("The cat sleeps.\n", "classify", "line 1: no tab in it (a line reads text<TAB>label; plain text"),
        ("a\tx\ty\n", "classify", "line 1: 3 columns where there are 2 (a line reads text<TAB>label"),
        ("a\tx\nb\t \n", "classify", "line 2: the label: nothing in it (a line reads text<TAB>label)"),
        ("a\t__label__x y\n", "classify", "line 1: the label: __label__ precedes only some words"),
        ("a\t__label__\n", "classify", "line 1: the label: no name after __label__"),
        ("\ttext\n", "generate", "line 1: the label: nothing in it (a line reads label<TAB>text)"),
        ("__label__x __label__y\ttext\n", "generate", "line 1: the label: 2 labels instead of one"),
        ("a\tfive\n", "rate", "line 1: the score: 'five' is not a finite number"),
        ("a\tnan\n", "rate", "line 1: the score: 'nan' is not a finite number"),
        ("a\t-inf\n", "rate", "line 1: the score: '-inf' is not a finite number"),
        ("a\t1e999\n", "rate", "line 1: the score: '1e999' is not a finite number"),
        ("a\t1e400\n", "rate", "line 1: the score: '1e400' is not a finite number (a line reads"),
        ("a\t-1e308\n", "rate", "line 1: the score: '-1e308' is beyond 1e+15 (scores are numbers from"),
        ("a\t1_0\n", "rate", "line 1: the score: '1_0' is not a finite number"),
        ("a\t٣\n", "rate", "line 1: the score: '٣' is not a finite number"),
        ("a\t3,5\n", "rate", "line 1: the score: '3,5' is not a finite number (a decimal point"),
        ("a\t\n", "translate", "line 1: the target: nothing in it"),
        ("a b\tX\n", "tag", "line 1: 2 tokens and 1 tag (one each, with spaces between)"),
        ("a b\tX Y\nc d\tX\n", "tag", "line 2: 2 tokens and 1 tag"),
        ("__label__x a\nb\n", "classify", "line 2: no label before the text"),
        ("b\n__label__x a\n", "classify", "line 1: no label before the text"),
        ("a X\nb\n\n", "tag", "line 2: 1 column where there are 2 (a token first, its tag last)"),
        ("a\nb\n\n", "tag", "line 1: 1 column where there are 2 (a token first, its tag last)"),
    ],
)
def test_a_line_that_is_no_pair_is_an_error_with_its_place_and_a_way_out(read, content, task, told):
    message = refusal(read, content, task)
    assert message.startswith(f"p.tsv: {told}")


@pytest.mark.parametrize("task", KINDS)
def test_a_text_given_by_mistake_is_told(read, task):
    message = refusal(read, "The cat sleeps.\nThe dog barks at the cat.\n", task)
    assert "line 1" in message or "line 2" in message
    if task != "tag":
        assert "plain text is for a language model" in message


def test_lines_of_fasttext_are_known_by_their_labels(read):
    content = "\n__label__x __label__y two  words\n__label__x\n\n__label__y __label__y one\n"
    assert read(content) == [("two words", ("x", "y")), ("", ("x",)), ("one", ("y",))]
    assert read.form == "fastText"


def test_a_table_that_is_called_otherwise_is_told_in_its_place(read):
    message = refusal(read, "text,label\na,x\n", name="p.txt")
    assert "line 1: no tab in it" in message
    assert "a .csv file is read as a table" in message
    assert "a .jsonl file is read as JSON Lines" in refusal(read, '{"text": "a", "label": "x"}')


def test_an_empty_cell_of_a_table_is_not_told_of_lines(read):
    assert refusal(read, "text,label\na,\n", name="p.csv") == "p.csv: line 2: the label: nothing in it"


def test_several_labels_in_a_cell_have_the_same_form(read):
    assert read("a\t__label__x __label__y\nb\tx, y\n") == [("a", ("x", "y")), ("b", ("x, y",))]


def test_further_columns_are_further_targets_on_request(read):
    assert read("a\tb\tc\n", "translate", several=True) == [("a", ("b",)), ("a", ("c",))]


def test_numbers_are_written_in_any_way(read):
    assert [float(beside[0]) for _, beside in read("a\t+.5\nb\t 1e-3 \nc\t7\n", "rate")] == [0.5, 1e-3, 7.0]


CONLL = """# text = It runs .
It PRP B-NP O
runs VBZ B-VP O
. . O O

-DOCSTART- -X- -X- O

Paris NNP B-NP B-LOC


"""
CONLLU = """# sent_id = 1
# text = I don't # it
1\tI\tI\tPRON\t_\t_\t0\t_\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\t_\t_\t0\t_\t_\t_
3\tn't\tnot\tPART\t_\t_\t0\t_\t_\t_
3.1\tghost\t_\tVERB\t_\t_\t0\t_\t_\t_
4\t#\t#\tSYM\t_\t_\t0\t_\t_\t_
5\t10 000\t#\tNUM\t_\t_\t0\t_\t_\t_
"""


def test_columns_of_conll_are_a_token_first_and_a_tag_last(read):
    assert read(CONLL, "tag") == [("It runs .", ("O", "O", "O")), ("Paris", ("B-LOC",))]
    assert read.form == "CoNLL"
    assert read.lines == [2, 8]
    assert read("# SYM\n1 NUM\n", "tag") == [("# 1", ("SYM", "NUM"))]


def test_a_token_on_a_line_with_a_tab_is_conll_and_a_sentence_is_not(read):
    assert read("我\tS\n们\tS\n\n好\tS\n", "tag") == [("我 们", ("S", "S")), ("好", ("S",))]
    assert read.form == "CoNLL"
    assert read("hi\tX\nwe go\tX Y\n\nhi\tX\n", "tag") == [
        ("hi", ("X",)),
        ("we go", ("X", "Y")),
        ("hi", ("X",)),
    ]
    assert read.form == "tab"


def test_conll_u_is_read_by_its_forms_and_parts_of_speech(read):
    tags = ("PRON", "AUX", "PART", "SYM", "NUM")
    assert read(CONLLU, "tag") == [("I do n't # 10_000", tags)]
    assert read.form == "CoNLL-U"


def table(kind, rows):
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows)
    return "\n".join([",".join(rows[0]), *(",".join(f'"{cell}"' for cell in row.values()) for row in rows)])


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_tables_are_read_by_the_names_of_two_columns(read, kind):
    content = table(kind, [{"id": "1", "label": "x", "text": "a,\nb"}, {"id": "2", "label": "y", "text": ""}])
    assert read(content, name=f"p.{kind}") == [("a,\nb", ("x",)), ("", ("y",))]
    assert read.form == "table"
    assert read(content, name=f"p.{kind}", columns=("label", "id")) == [("x", ("1",)), ("y", ("2",))]
    assert read(content, name="-", is_copy=True, columns=("text", "label"))[0] == ("a,\nb", ("x",))
    message = refusal(read, content, "rate", name=f"p.{kind}")
    assert "has no column score (" in message
    assert message.endswith("id, label, text): --columns names two")


def test_a_tsv_has_a_header_when_columns_are_named(read):
    assert read("label\ttext\nx\ta\n", columns=("text", "label")) == [("a", ("x",))]


def test_cells_of_json_may_hold_numbers_and_lists(read):
    rows = [{"text": "a", "label": 1}, {"text": None, "label": True}, {"text": "c", "label": ["x y", 2]}]
    content = table("jsonl", [*rows, {"text": "d", "label": []}])
    expected = [("a", ("1",)), ("", ("true",)), ("c", ("x y", "2")), ("d", ())]
    assert read(content, name="p.jsonl") == expected
    content = table("jsonl", [{"tokens": ["a", "b"], "tags": ["X", "Y"]}])
    assert read(content, "tag", name="p.jsonl") == [("a b", ("X", "Y"))]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"text": "a", "label": None}, "line 2: the label: nothing in it"),
        ({"text": "a", "label": {"x": 1}}, "line 2: the label: {'x': 1}"),
        ({"text": "a", "label": [["x"]]}, "line 2: the label: ['x']"),
        ({"text": "a", "label": "\ud800"}, "line 2: the label: half a surrogate pair"),
        ({"text": 5, "label": "x"}, "line 2: text has 5, which is no text"),
    ],
)
def test_a_bad_cell_of_json_is_named_by_its_line(read, row, told):
    content = table("jsonl", [{"text": "a", "label": "x"}, row])
    assert refusal(read, content, name="p.jsonl").startswith(f"p.jsonl: {told}")


def test_a_line_without_end_is_refused(read, monkeypatch):
    monkeypatch.setattr(of_columns, "LONGEST_ROW", 1 << 20)
    assert "line 2: longer than 1,048,576 characters" in refusal(read, "a\tx\n" + "b" * (3 << 20))
