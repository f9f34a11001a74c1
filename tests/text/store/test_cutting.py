"""Text to tokens, in blocks and in processes: what comes out is what splitting line by line gives."""

import dataclasses
import random
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_cli.text.store import cutting, workers
from rnn_cli.text.store.cutting import cut, cut_all
from rnn_cli.text.tokenizers import TOKENIZERS, Tokenizer, make_tokenizer
from rnn_cli.text.vocabulary import END, SPECIAL, UNK

NAMES = list(TOKENIZERS)
FORMS = ["none", "nfc", "nfkc"]
STRINGS = [
    "我们在学习",
    "林黛玉",
    "hello",
    "C++",
    "3.14",
    "<unk>",
    "。",
    "，",
    "Ａ",
    "ｶﾞ",
    "ﬁ",
    "㎏",
    "½",
    "龘",
    "𠀀",
]
STRINGS += [
    "👩\u200d👩\u200d👧",
    "e\u0301",
    "\u0301",
    "\u0323",
    "עִבְרִית",
    "العربية",
    "한",
    "\u1112\u1161\u11ab",
    "が",
]
STRINGS += [
    "\n",
    "\n\n",
    " ",
    "  ",
    "   ",
    "\t",
    "\r",
    "\u3000",
    "\u2028",
    "\x85",
    "\x1c",
    "\0",
    "\u00a0",
    "\u00a8",
]
strings = st.one_of(st.sampled_from(STRINGS), st.characters())
texts = st.lists(strings, max_size=25).map("".join)


def tokenizer_of(name: str, form: str = "none") -> Tokenizer:
    return make_tokenizer(name, {"normalize": form})


def spelled(cut_text) -> tuple[list[str | int], list[int]]:
    """A Cut without its numbers: the tokens, and END and UNK as they are; and the lengths."""
    assert (cut_text.ids.dtype.kind in "iu", cut_text.lengths.dtype) == (True, np.int64)
    assert set(cut_text.ids) <= {END, UNK, *range(SPECIAL, SPECIAL + len(cut_text.types))}
    tokens = [cut_text.types[id - SPECIAL] if id >= SPECIAL else int(id) for id in cut_text.ids]
    return tokens, cut_text.lengths.tolist()


def naively(tokenizer: Tokenizer, block: str, keep_blank: bool, continued: bool = False):
    """What `spelled` gives of a block's Cut, by splitting each line."""
    tokens, lengths = [], []
    *ended, rest = block.split("\n")
    for number, line in enumerate([*ended, rest]):
        is_whole = number < len(ended) and not (number == 0 and continued)
        if is_whole and not keep_blank and not line.strip():
            continue
        tokens += [UNK if token is None else token for token in tokenizer.split(line)]
        tokens += [END] if number < len(ended) else []
        lengths.append(len(line) + (number < len(ended)))
    return tokens, lengths


def joined(cuts) -> tuple[list[str | int], list[int]]:
    """The tokens and the lengths of lines of several Cuts, one after another."""
    tokens, lengths, rest = [], [], 0
    for more, (*ended, last) in map(spelled, cuts):
        tokens += more
        if ended:
            lengths += [rest + ended[0], *ended[1:]]
            rest = 0
        rest += last
    return tokens, [*lengths, rest]


# One block


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(block=texts, keep_blank=st.booleans(), continued=st.booleans())
@example(block="\n\n a\n \n\u3000\n", keep_blank=False, continued=True)
@example(block=" " * 40 + "\n\ta\n\n", keep_blank=False, continued=False)
@example(
    block="a\ud800b", keep_blank=False, continued=False
)  # half a character, which some codecs let through
@example(block="", keep_blank=True, continued=False)
def test_a_block_is_cut_as_its_lines_are(name, form, block, keep_blank, continued):
    tokenizer = tokenizer_of(name, form)
    found = spelled(cut(tokenizer, block, keep_blank, continued))
    assert found == naively(tokenizer, block, keep_blank, continued)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(block=texts, keep_blank=st.booleans())
def test_types_are_the_different_tokens_of_the_block(name, block, keep_blank):
    types, ids, *_ = cut(TOKENIZERS[name], block, keep_blank=True)
    assert len(set(types)) == len(types)
    assert set(range(SPECIAL, SPECIAL + len(types))) <= set(ids.tolist())
    _, ids, _, counts = cut(TOKENIZERS[name], block, keep_blank)
    assert counts is None or counts.tolist() == np.bincount(ids, minlength=len(counts)).tolist()


def test_normalization_does_not_change_where_lines_end_nor_which_are_blank():
    """So a block may be normalized whole, and a line measured as it was given."""
    for character in map(chr, range(sys.maxunicode + 1)):
        for form in ("NFC", "NFKC"):
            normal = unicodedata.normalize(form, character)
            assert normal
            assert normal.isspace() == character.isspace()
            assert ("\n" in normal) == (character == "\n")


@pytest.mark.parametrize("keep_blank", [True, False])
def test_code_points_are_cut_as_arrays_where_the_row_says_so_and_by_split_where_it_does_not(keep_blank):
    block = "ba\n\n a\n"
    arrays, split = TOKENIZERS["char"], dataclasses.replace(TOKENIZERS["char"], code_points=False)
    one, two = (cut(tokenizer, block, keep_blank) for tokenizer in (arrays, split))
    assert spelled(one) == spelled(two)
    assert (one.types, two.types) == ((" ", "a", "b"), ("b", "a", " "))


def test_characters_of_a_line_are_counted_as_given_though_normalized():
    found = cut(tokenizer_of("char", "nfkc"), "㎏\ne\u0301\n", keep_blank=False)
    assert spelled(found) == (["k", "g", END, "é", END], [2, 3, 0])


# A text


@pytest.fixture
def easily_parallel(monkeypatch):
    """Makes a tokenizer with which texts of a few kilobytes are worth several processes."""
    monkeypatch.setattr(cutting, "TASK", 200)
    return lambda tokenizer: dataclasses.replace(tokenizer, worth_a_process=100)


def blocks_of(number: int, rng: random.Random) -> list[str]:
    """Blocks of whole lines, but for one line, which goes on from one block to the next but one."""
    lines = ["".join(rng.choices(STRINGS, k=rng.randrange(40))) for _ in range(20 * number)]
    text = [f"{line}\n" for line in lines]
    blocks = ["".join(text[start : start + 20]) for start in range(0, len(text), 20)]
    return [*blocks, "我们，", " 在学习，", " 林黛玉\n", *blocks]


@pytest.mark.parametrize("keep_blank", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_text_is_cut_as_its_lines_are_whatever_its_blocks(name, keep_blank):
    blocks = blocks_of(5, random.Random(0))
    found = joined(cut_all(TOKENIZERS[name], blocks, keep_blank, processes=1))
    assert found == naively(TOKENIZERS[name], "".join(blocks), keep_blank)


def test_a_long_block_is_cut_in_tasks_and_a_continued_line_is_never_blank():
    blocks = ["ab\n" * cutting.TASK, "a", " \n", "b\n \n", "\n"]
    cuts = list(cut_all(TOKENIZERS["space"], blocks, keep_blank=False, processes=1))
    assert max(len(one.ids) for one in cuts) <= cutting.TASK
    assert joined(cuts) == (["ab", END] * cutting.TASK + ["a", END, "b", END], [3] * cutting.TASK + [3, 2, 0])


def same(one, two) -> bool:
    return len(one) == len(two) and all(
        a.types == b.types and np.array_equal(a.ids, b.ids) and np.array_equal(a.lengths, b.lengths)
        for a, b in zip(one, two, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("jieba", {"normalize": "nfkc", "user_dict": [["来到北京", None], ["林黛", 9]]}),
        ("space", {}),
    ],
)
def test_two_processes_give_what_one_gives(easily_parallel, name, given):
    tokenizer = easily_parallel(make_tokenizer(name, given))
    blocks = [*blocks_of(10, random.Random(1)), "我来到北京\n\n"]
    one = list(cut_all(tokenizer, blocks, keep_blank=False, processes=1))
    two = list(cut_all(tokenizer, iter(blocks), keep_blank=False, processes=2))
    assert len(one) > 20
    assert same(one, two)


@pytest.mark.parametrize("name", NAMES)
def test_a_short_text_and_characters_need_no_processes(monkeypatch, name):
    monkeypatch.setattr(workers, "Worker", None)
    blocks = ["a b\n", "c\n"] * (1000 if name == "char" else 1)
    one = list(cut_all(TOKENIZERS[name], blocks, keep_blank=False, processes=1))
    assert same(one, list(cut_all(TOKENIZERS[name], blocks, keep_blank=False, processes=8)))


def test_there_are_no_more_processes_than_are_worth_their_start(easily_parallel, monkeypatch):
    asked = []

    def in_this_process(make, arguments, tasks, processes):
        asked.append(processes)
        yield from map(make(*arguments), tasks)

    monkeypatch.setattr(cutting, "in_order", in_this_process)
    space = easily_parallel(TOKENIZERS["space"])
    for times in (40, 70, 1000):  # of five characters each, a hundred of which are worth a process
        assert list(cut_all(space, ["word\n" * times], keep_blank=False, processes=6))
    assert asked == [2, 3, 6]


def test_blocks_are_taken_as_they_are_needed(easily_parallel):
    taken = 0

    def blocks():
        nonlocal taken
        for taken in range(1, 200):
            yield f"{taken % 10}\n" * 90  # a task each

    space = easily_parallel(TOKENIZERS["space"])
    for number, _ in enumerate(cut_all(space, blocks(), keep_blank=False, processes=2), 1):
        assert taken - number <= 2 * workers.AHEAD
    assert number == taken == 199
