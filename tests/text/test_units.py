"""Units: a text in lines and in paragraphs, as tokenizers and as prompts read it."""

import random
from dataclasses import replace

import pytest

from rnn_cli.text import reading
from rnn_cli.text.parting import cuttable
from rnn_cli.text.reading import _whole_lines, normalize_lines
from rnn_cli.text.store.corpus import in_memory
from rnn_cli.text.store.cutting import cut_all
from rnn_cli.text.tokenizers import TOKENIZERS, load_tokenizer, make_tokenizer
from rnn_cli.text.units import LINE, LINE_END, PARAGRAPH, paragraph, paragraphs, units, units_begun
from rnn_cli.text.vocabulary import END, SPECIAL

NAMES = list(TOKENIZERS)
POEMS = "Roses are red\n  violets are blue\n\n\n \nsugar, sugar\n"


def of_paragraphs(name, **settings):
    return make_tokenizer(name, {"unit": PARAGRAPH, **settings})


def simply(text):
    """The paragraphs of a text, by its lines."""
    found, held = [], []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            held.append(line)
        else:
            found += ["\n".join(held)] if held else []
            held = []
    return found


def blocks_of(text, rng):
    while text:
        size = rng.randint(1, 5)
        yield text[:size]
        text = text[size:]


@pytest.mark.seeds(short=100, long=20_000)
def test_paragraphs_are_the_lines_between_blank_lines_wherever_blocks_end(seed):
    rng = random.Random(seed)
    text = "".join(rng.choices("ab \t\n\n\u3000\u2028\x0c", k=rng.randrange(16)))
    read = "".join(_whole_lines(paragraphs(blocks_of(text, rng)), lambda line: 0))
    expected = simply(text)
    assert [line.replace("\r", "\n") for line in read.split("\n")[:-1]] == expected
    assert [*units(text.split("\n"), PARAGRAPH)] == expected
    one = paragraph(text).replace("\r", "\n")
    assert (
        one == text[text.find(expected[0]) : text.rfind(expected[-1]) + len(expected[-1])]
        if expected
        else not one
    )


def test_lines_are_units_as_they_stand():
    lines = ["a", "", " ", "b"]
    assert [*units(lines, LINE)] == lines
    assert units_begun("a\n\nb\n", LINE) == ["a", "", "b", ""]


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n"]),
        ("a\n\n", ["a", ""]),
        ("\n \n a\nb\n \n\nc\n", [" a\nb", "c\n"]),
    ],
)
def test_of_a_text_that_goes_on_the_last_paragraph_may_be_begun_only(text, begun):
    assert units_begun(text, PARAGRAPH) == begun


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_the_tokens_of_a_paragraph_are_those_of_its_lines_with_one_token_between(name, end):
    first, second = "Roses are red,", "我们看书。"
    split = TOKENIZERS[name].split
    tokens = of_paragraphs(name).split(f"{first}\n{second}")
    assert tokens == [*split(first), LINE_END, *split(second)]
    assert of_paragraphs(name).join(tokens) == f"{first}\n{second}"
    assert of_paragraphs(name).join(["a", LINE_END, LINE_END, "b"]) == "a\n\nb"


@pytest.mark.parametrize("name", NAMES)
def test_a_tokenizer_of_lines_is_the_row_as_it_was(name):
    assert make_tokenizer(name, {"unit": LINE}) is TOKENIZERS[name]
    assert load_tokenizer(name, unit=LINE) == load_tokenizer(name)
    assert TOKENIZERS[name].unit == LINE
    assert of_paragraphs(name).unit == PARAGRAPH


@pytest.mark.parametrize("unit", ["verse", 1, None, []])
def test_a_unit_that_there_is_not_is_refused(unit):
    with pytest.raises(ValueError, match="unit"):
        make_tokenizer("char", {"unit": unit})


def read(tokenizer, text, processes=1):
    """Each paragraph of a text as its tokens, and the text."""
    blocks = _whole_lines(paragraphs([text]), lambda line: 0)
    stored = in_memory(cut_all(tokenizer, blocks, keep_blank=False, processes=processes))
    tokens = [None, END, None, *stored.types]
    lines = [[]]
    for id in stored.corpus.ids.tolist():
        lines[-1].append(tokens[id])
        lines += [[]] if id == END else []
    return lines[:-1], stored


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["none", "nfkc"])
def test_a_stored_text_has_the_tokens_of_each_paragraph_and_its_end(name, form):
    tokenizer = of_paragraphs(name, normalize=form)
    lines, stored = read(tokenizer, POEMS)
    assert lines == [[*tokenizer.split(poem), END] for poem in simply(POEMS)]
    assert stored.types.count(LINE_END) == 1
    assert stored.counts[SPECIAL + stored.types.index(LINE_END)] == 1
    assert stored.corpus.characters.tolist() == [len(poem) + 1 for poem in simply(POEMS)]


def test_several_processes_give_the_same_text():
    text = f"{POEMS}\n" * 3000
    tokenizer = replace(of_paragraphs("space"), worth_a_process=1000)
    lines, alone = read(tokenizer, text)
    _, together = read(tokenizer, text, processes=2)
    assert len(lines) == 6000
    assert (alone.types, alone.characters) == (together.types, together.characters)
    assert (alone.corpus.ids == together.corpus.ids).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_paragraph_longer_than_a_block_is_parted_without_a_change_of_its_tokens(name, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST", 20)
    tokenizer = of_paragraphs(name)
    poem = "Roses are red\n violets are  blue,\n我们 看书。\n" * 4
    rng = random.Random(1)
    blocks = [*_whole_lines(paragraphs(blocks_of(poem, rng)), lambda line: cuttable(tokenizer, line))]
    assert len(blocks) > 3
    stored = in_memory(cut_all(tokenizer, blocks, keep_blank=False, processes=1))
    tokens = [stored.types[id - SPECIAL] for id in stored.corpus.ids[:-1].tolist()]
    assert stored.corpus.ids[-1] == END
    assert tokens == tokenizer.split(poem[:-1])


def test_line_ends_of_a_string_are_those_of_a_file():
    assert [*units(normalize_lines("a\r\nb\r\r\nc"), PARAGRAPH)] == ["a\nb", "c"]
