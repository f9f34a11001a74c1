"""Runs and clauses that stand in a text."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.scoring import copying
from rnn_cli.scoring.copying import Original

TEXTS = st.text("ab，\n", max_size=40)


def longest_run(text, other):
    """The length of the longest part of a text that stands in the other, by trying all."""
    parts = {text[a:b] for a in range(len(text)) for b in range(a, len(text) + 1)}
    return max(len(part) for part in parts if part in other)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXTS, TEXTS)
def test_the_longest_run_is_the_longest_of_all_parts(text, other):
    copied = Original.of(other.split("\n")).compare(text)
    whole = other + "\n"
    assert copied.run in text
    assert copied.run in whole
    assert len(copied.run) == (longest_run(text, whole) if text else 0)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(TEXTS, TEXTS)
def test_the_clauses_are_those_that_stand_in_the_text(text, other):
    clauses = [clause for line in text.split("\n") for clause in line.split("，") if clause]
    copied = Original.of(other.split("\n")).compare(text)
    assert copied.clauses == len(clauses)
    assert copied.copied == sum(clause in other for clause in clauses)
    assert copied.share == (copied.copied / len(clauses) if clauses else 0)


def test_clauses_are_parted_by_the_marks_of_both_languages_without_spaces():
    copied = Original.of(["he sat down", "春眠不覺曉"]).compare("He ran, he sat. 春眠不覺曉，啼鳥！Oh; so")
    assert (copied.clauses, copied.copied) == (6, 2)


@pytest.mark.parametrize("size", [7, 50, 497, 5000])
def test_sections_find_what_stands_across_them(size, monkeypatch):
    monkeypatch.setattr(copying, "SECTION", size)
    monkeypatch.setattr(copying, "LONGEST", 40)
    rng = random.Random(size)
    lines = ["".join(rng.choices("abcd", k=rng.randrange(30))) for _ in range(80)]
    whole = "".join(f"{line}\n" for line in lines)
    original = Original.of(lines)
    assert (original.characters, original.is_whole) == (len(whole), True)
    for first in range(0, len(whole) - 40, 211):
        assert len(original.compare("x" + whole[first : first + 30] + "x").run) == 30
        other = "".join(rng.choices("abcd", k=30))
        assert len(original.compare(other).run) == longest_run(other, whole)


def test_a_longer_run_than_can_be_told_counts_as_that_long(monkeypatch):
    monkeypatch.setattr(copying, "LONGEST", 40)
    copied = Original.of(["ab" * 100]).compare("ab" * 50)
    assert len(copied.run) == 40
    assert copied.copied == 1


def test_of_a_text_beyond_the_bound_the_first_characters_are_held():
    original = Original.of(["abc", "def", "ghi"], most=6)
    assert (original.characters, original.is_whole) == (6, False)
    assert original.compare("def").run == "de"
    assert original.compare("ghi").run == ""
    assert Original.of(["abc", "de"], most=7).is_whole


def test_no_text_and_no_original_copy_nothing():
    assert Original.of([]).compare("ab") == ("", 1, 0)
    assert Original.of(["ab"]).compare("") == ("", 0, 0)


def test_characters_beyond_the_basic_plane_are_characters():
    assert Original.of(["a𠀀𠀁b"]).compare("𠀀𠀁").run == "𠀀𠀁"
