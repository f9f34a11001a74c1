"""A text in chunks: whatever its blocks and whatever a chunk holds, nothing is lost or out of place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.models.scores import chunks
from rnn_cli.models.scores.chunks import Reading, divided, of_units, read_chunks
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.text.units import INNER, LINE, PARAGRAPH
from rnn_cli.text.vocabulary import END, UNK, Vocabulary

LEXICON = Lexicon(TOKENIZERS["char"], Vocabulary((*"ab ",), (3, 2, 1)), Spelling.count(["dog"]))
texts = st.text("ab x\n", max_size=60)


def in_blocks(text, size):
    return [text[k : k + size] for k in range(0, len(text), size)]


@settings(deadline=None)
@given(texts, st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.booleans(), st.booleans())
def test_chunks_hold_the_text_and_what_is_to_be_skipped(text, block, chunk, longest, carry_state, at_once):
    lines = text.split("\n")[:-1] if text.endswith("\n") or not text else text.split("\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", chunk)
        patch.setattr(chunks, "LONGEST", longest)
        reading = Reading(carry_state=carry_state, tokens=True, at_once=at_once)
        read = [*read_chunks(LEXICON, in_blocks(text, block), reading)]
    whole, skipped, ids, spelling, numbers = [], [], [], [], []
    for one in read:
        for k, part in enumerate(one.texts):
            of_part = slice(*one.starts[k : k + 2])
            if k == 0 and one.continued:
                whole[-1] += part
            else:
                whole.append(part)
                skipped.append(bool(one.skipped[k]))
                numbers.append(one.first + k)
            ids += one.ids[of_part].tolist()
            spelling += one.spelling[of_part].tolist()
            assert one.characters[k] == len(part) + (k < len(one.texts) - 1 or one.ended)
        assert "".join(one.tokens) == "".join(
            "\n" if id == END else t for id, t in zip(one.ids, one.tokens, strict=True)
        )
    assert whole == lines
    assert numbers == [*range(1, len(lines) + 1)]
    long = [
        len(line) >= longest for line in lines
    ]  # may be read in parts, and then it is not known to be blank
    for line, is_skipped, may_be_parted in zip(lines, skipped, long, strict=True):
        if not may_be_parted or line.strip():
            assert is_skipped == (not carry_state and not line.strip())
    counted = [line for line, is_skipped in zip(lines, skipped, strict=True) if not is_skipped]
    expected = [id for line in counted for id in [*LEXICON.vocabulary.encode(line), END]]
    assert ids == expected
    assert [cost > 0 for cost in spelling] == [id == UNK for id in expected]


@given(texts, st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_a_text_is_divided_between_lines_and_where_a_long_line_may_be_parted(text, block, piece, longest):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", piece)
        patch.setattr(chunks, "LONGEST", longest)
        parts = [*divided(in_blocks(text, block), lambda begun: len(begun) - 1)]
    assert "".join(parts) == text + ("\n" if text and not text.endswith("\n") else "")
    assert all(parts)
    assert (
        max(map(len, parts), default=0)
        <= longest + 2 * max(block, piece) + max(map(len, text.split("\n"))) + 1
    )


def test_a_chunk_of_many_blank_lines_is_no_longer_than_one_of_text(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 100)
    read = [*read_chunks(LEXICON, ["\n" * 1000] * 10, Reading(carry_state=False))]
    assert sum(len(one.texts) for one in read) == 10_000
    assert max(len(one.texts) for one in read) <= 200
    assert not [*read_chunks(LEXICON, ["\n" * 1000] * 10, Reading(carry_state=False, exact=False))]


def test_sums_over_stretches_have_zeros_where_there_is_nothing():
    (chunk,) = read_chunks(LEXICON, ["\n", "ab\n\n\nb\n"], Reading(carry_state=False))
    assert chunk.sums(np.ones(len(chunk.ids))).tolist() == [0, 3, 0, 0, 2]


def test_lines_come_in_blocks_and_each_is_ended(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 4)
    assert [*of_units(["a", "bb\n", "", "c"], LINE)] == ["a\nbb\n", "\nc\n"]


def test_a_models_paragraphs_are_found_in_a_text_or_given_one_by_one():
    tokenizer = make_tokenizer("char", {"unit": PARAGRAPH})
    lexicon = LEXICON._replace(tokenizer=tokenizer, vocabulary=Vocabulary(("a", "b", "\n"), (1, 1, 1)))
    (found,) = read_chunks(lexicon, ["\na\nb", "\n\n \nb\n"], Reading(carry_state=False))
    (given,) = read_chunks(
        lexicon, of_units(["a\nb", "b"], PARAGRAPH), Reading(carry_state=False, in_units=True)
    )
    for one in (found, given):
        assert one.ids.tolist() == [3, 5, 4, END, 4, END]
        assert one.starts.tolist() == [0, 4, 6]
        assert one.texts == [f"a{INNER}b", "b"]


def test_words_are_split_in_processes_where_that_is_allowed(monkeypatch):
    seen = []

    def cut_all(tokenizer, blocks, keep_blank, processes):
        seen.append(processes)
        return iter(())

    monkeypatch.setattr(chunks, "cut_all", cut_all)
    list(read_chunks(LEXICON, ["a\n"], Reading(carry_state=False, processes=3)))
    assert seen == [3]
