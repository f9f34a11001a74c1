"""Ids to batches, checked against a plain list of what should stand where."""

import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_cli.text.corpus import (
    Corpus,
    Windows,
    count_tokens,
    hide_rare,
    hold_out,
    read_corpus,
    renumber,
    rows_without_cuts,
)
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import SPECIAL, Vocabulary, build

START, END, UNK = 0, 1, 2
CHAR, SPACE, JIEBA = TOKENIZERS["char"], TOKENIZERS["space"], TOKENIZERS["jieba"]

lines_of_text = st.lists(st.text("abc 中\u3000", max_size=6), max_size=10)
tokens_known = st.sampled_from([*"abc 中", "ab", " a", "b中"])
lines_of_ids = st.lists(st.lists(st.integers(UNK, 9), max_size=12), min_size=1, max_size=12)


def corpus_of(lines: list[list[int]]) -> Corpus:
    """A corpus whose lines are given as ids, without END."""
    ended = [[*line, END] for line in lines]
    starts = [0, *itertools.accumulate(map(len, ended))]
    return Corpus(
        np.array([*itertools.chain(*ended)], np.int32),
        np.array(starts, np.int64),
        np.array([len(x) for x in ended]),
    )


def lines_in(corpus: Corpus) -> list[list[int]]:
    """The lines of a corpus as lists of ids, END included."""
    return [corpus.ids[a:b].tolist() for a, b in itertools.pairwise(corpus.starts)]


# Reading and numbering


@settings(max_examples=100, deadline=None)
@given(lines_of_text, st.booleans(), st.sampled_from([CHAR, SPACE, JIEBA]), st.sets(tokens_known))
def test_ids_are_those_of_a_plain_encoding(lines, keep_blank, tokenizer, known):
    vocabulary = Vocabulary(tuple(sorted(known)), (1,) * len(known))
    kept = [line for line in lines if keep_blank or line.strip()]
    tokens = sorted(known)
    expected = [
        [tokens.index(token) + 3 if token in known else UNK for token in tokenizer.split(line)] + [END]
        for line in kept
    ]
    spelling = Spelling.count(tokens)
    corpus = renumber(*read_corpus(iter(lines), tokenizer, keep_blank), vocabulary, spelling)
    assert lines_in(corpus) == expected
    assert corpus.lines == len(kept)
    assert corpus.tokens == sum(len(line) - 1 for line in expected)
    assert corpus.unknown == sum(line.count(UNK) for line in expected)
    assert corpus.characters.tolist() == [len(line) + 1 for line in kept]
    unknown = [token for line in kept for token in tokenizer.split(line) if token and token not in known]
    assert corpus.spelling_nats == pytest.approx(sum(map(spelling.nats, unknown)))


def test_blank_lines_are_skipped_or_kept_as_an_end_alone():
    lines = ["ab", "", " \t\u3000", "b"]
    assert [len(line) for line in lines_in(read_corpus(lines, CHAR, keep_blank=False)[0])] == [3, 2]
    assert [len(line) for line in lines_in(read_corpus(lines, SPACE, keep_blank=True)[0])] == [2, 1, 1, 2]


def test_a_literal_unk_is_unknown_under_every_vocabulary():
    corpus, tokens = read_corpus(["the <unk> the"], SPACE, keep_blank=False)
    assert tokens == ("the",)
    assert corpus.unknown == 1
    renumbered = renumber(corpus, tokens, Vocabulary(("<unk>", "the"), (1, 1)), Spelling.count(["the"]))
    assert lines_in(renumbered) == [[4, UNK, 4, END]]
    assert renumbered.spelling_nats == 0  # the text itself withholds how it is spelled


def test_text_that_spells_a_special_token_is_text():
    corpus, tokens = read_corpus(["<s> </s>"], SPACE, keep_blank=False)
    vocabulary = build(count_tokens(corpus, tokens))
    assert lines_in(renumber(corpus, tokens, vocabulary, Spelling.count(tokens))) == [[4, 3, END]]


def test_characters_are_the_lines_own_and_one_for_its_end():
    corpus, _ = read_corpus(["  no , it\twas ", "😀中"], SPACE, keep_blank=False)
    assert corpus.characters.tolist() == [15, 3]


def test_an_empty_text_is_an_empty_corpus():
    corpus, tokens = read_corpus([], CHAR, keep_blank=True)
    assert (corpus.lines, corpus.tokens, corpus.unknown, tokens) == (0, 0, 0, ())


@settings(max_examples=50, deadline=None)
@given(lines_of_text)
def test_tokens_are_counted(lines):
    corpus, tokens = read_corpus(lines, CHAR, keep_blank=True)
    assert count_tokens(corpus, tokens) == Counter("".join(lines))


def test_of_a_part_of_a_corpus_only_its_own_tokens_are_counted():
    corpus, tokens = read_corpus(["ab", "bbc", "da"], CHAR, keep_blank=True)
    assert count_tokens(corpus.take(np.array([2, 1])), tokens) == {"a": 1, "b": 2, "c": 1, "d": 1}
    assert count_tokens(corpus.take(np.array([1])), tokens) == {"b": 2, "c": 1}


@settings(max_examples=50, deadline=None)
@given(lines_of_ids, st.data())
def test_lines_are_taken_whole_in_the_order_asked_for(lines, data):
    chosen = data.draw(st.lists(st.integers(0, len(lines) - 1)))
    corpus = corpus_of(lines)
    corpus = dataclasses.replace(corpus, characters=np.arange(len(lines)))
    taken = corpus.take(np.array(chosen, np.int64))
    assert lines_in(taken) == [[*lines[line], END] for line in chosen]
    assert taken.characters.tolist() == chosen


# Holding out


def numbered(lines: int) -> Corpus:
    """A corpus in which each line tells its own number."""
    return corpus_of([[line + 3] * (line % 4 + 1) for line in range(lines)])


def numbers_in(corpus: Corpus) -> list[int]:
    return [line[0] - 3 for line in lines_in(corpus)]


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 40), st.floats(0, 1), st.integers(0, 2**64), st.booleans())
def test_every_line_is_either_learnt_from_or_held_out(lines, fraction, seed, carry_state):
    whole = numbered(lines)
    train, valid = hold_out(whole, fraction, seed, carry_state)
    learnt, held = numbers_in(train), numbers_in(valid)
    assert sorted(learnt + held) == list(range(lines))
    assert learnt == sorted(learnt)
    assert held == sorted(held)
    assert learnt
    assert held
    assert abs(len(held) - fraction * lines) <= 1
    for part, chosen in ((train, learnt), (valid, held)):
        assert lines_in(part) == [lines_in(whole)[line] for line in chosen]


@pytest.mark.parametrize("carry_state", [False, True])
def test_a_small_fraction_holds_out_one_line(carry_state):
    assert hold_out(numbered(20), 0.001, 1, carry_state)[1].lines == 1


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 40), st.floats(0, 1), st.integers(0, 100))
def test_where_the_state_is_carried_one_stretch_is_held_out(lines, fraction, seed):
    held = numbers_in(hold_out(numbered(lines), fraction, seed, carry_state=True)[1])
    assert held == list(range(held[0], held[-1] + 1))


def test_independent_lines_are_held_out_from_all_over_the_text():
    held = numbers_in(hold_out(numbered(400), 0.1, 1, carry_state=False)[1])
    assert len({line // 100 for line in held}) == 4


@pytest.mark.parametrize("carry_state", [False, True])
def test_the_seed_alone_chooses_what_is_held_out(carry_state):
    def held(seed: int) -> list[int]:
        return numbers_in(hold_out(numbered(200), 0.1, seed, carry_state)[1])

    np.random.seed(1)
    first = held(1)
    np.random.seed(2)
    assert held(1) == first
    assert len({tuple(held(seed)) for seed in range(10)}) > 5


@pytest.mark.parametrize("carry_state", [False, True])
def test_every_line_has_its_chance_to_be_held_out(carry_state):
    chosen = (numbers_in(hold_out(numbered(4), 0.25, seed, carry_state)[1])[0] for seed in range(100))
    assert set(chosen) == {0, 1, 2, 3}


# Windows


@st.composite
def passes(draw):
    lines = draw(lines_of_ids)
    batch, bptt = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    order = draw(st.one_of(st.none(), st.permutations(range(len(lines)))))
    return lines, batch, bptt, draw(st.booleans()), order


def windows_of(lines, batch, bptt, carry_state, order=None) -> Windows:
    order = None if order is None else np.array(order, np.int64)
    return Windows(corpus_of(lines), batch, bptt, carry_state, order)


def stretch(lines, order=None) -> list[tuple[int, int]]:
    """(x, y) at every place of the text in its order."""
    pairs = []
    for number in range(len(lines)) if order is None else order:
        targets = [*lines[number], END]
        pairs += zip([START, *targets[:-1]], targets, strict=True)
    return pairs


def made(windows: Windows) -> list:
    """All windows of a pass, and one more where a pass does not know its end."""
    return list(itertools.islice(windows, len(windows) + 1))


def rows_of(windows: Windows, batch: int) -> list[list[tuple[int, int, float, float]]]:
    """What each row of a pass reads, step after step: (x, y, keep, weight), padding and all."""
    rows = [[] for _ in range(batch)]
    for window in made(windows):
        for step in zip(*(array.tolist() for array in window), strict=True):
            for row, *place in zip(rows, *step, strict=True):
                row.append(tuple(place))
    return rows


def without_padding(row):
    return [place for place in row if place[3]]


LONG_AND_SHORT = ([[3] * 12, [4], [5], [], [6] * 7], 3, 4, False, [1, 4, 3, 0, 2])
FEWER_TARGETS_THAN_ROWS = ([[3]], 9, 5, False, None)


@settings(max_examples=200, deadline=None)
@given(passes())
@example(LONG_AND_SHORT)
@example(FEWER_TARGETS_THAN_ROWS)
def test_the_rows_one_after_another_are_the_text(case):
    lines, batch, _, _, order = case
    rows = rows_of(windows_of(*case), batch)
    read = [(x, y) for row in rows for x, y, _, _ in without_padding(row)]
    assert read == stretch(lines, order)


@settings(max_examples=100, deadline=None)
@given(passes())
def test_weight_is_one_at_each_target_and_zero_in_the_padding_after_them(case):
    batch = case[1]
    for row in rows_of(windows_of(*case), batch):
        weights = [weight for _, _, _, weight in row]
        targets = sum(weights)
        assert weights == [1] * int(targets) + [0] * (len(row) - int(targets))


@settings(max_examples=100, deadline=None)
@given(passes())
def test_the_state_is_dropped_at_line_starts_alone_and_never_where_it_is_carried(case):
    batch, carry_state = case[1], case[3]
    for row in rows_of(windows_of(*case), batch):
        for x, _, keep, _ in row:
            assert keep == (1 if carry_state or x != START else 0)


@settings(max_examples=200, deadline=None)
@given(passes())
@example(LONG_AND_SHORT)
def test_no_line_is_cut_between_rows_unless_longer_than_an_even_share(case):
    lines, batch, bptt, _, order = case
    share = -(-sum(len(line) + 1 for line in lines) // batch)
    rows = rows_of(windows_of(lines, batch, bptt, False, order), batch)
    row_ends = set(itertools.accumulate(len(without_padding(row)) for row in rows))
    place = 0
    for number in range(len(lines)) if order is None else order:
        length = len(lines[number]) + 1
        cut = row_ends & set(range(place + 1, place + length))
        assert not cut or length > share
        place += length


@settings(max_examples=200, deadline=None)
@given(passes())
@example(LONG_AND_SHORT)
def test_in_rows_without_cuts_every_line_stands_whole(case):
    lines, batch, bptt, _, order = case
    rows = rows_without_cuts(corpus_of(lines), batch)
    assert 1 <= rows <= batch
    for row in rows_of(windows_of(lines, rows, bptt, False, order), rows):
        targets = [y for _, y, _, _ in without_padding(row)]
        assert targets[-1:] in ([], [END])


@settings(max_examples=100, deadline=None)
@given(passes())
def test_the_places_of_a_window_are_those_of_its_targets(case):
    """Whatever is told of each target can be put where the text has it."""
    windows, ids = windows_of(*case), corpus_of(case[0]).ids
    seen = np.zeros(len(ids), int)
    for index, window in enumerate(made(windows)):
        place, inside = windows.places(index)
        assert (ids[place] == window.y).all()
        assert (inside == (window.weight == 1)).all()
        np.add.at(seen, place[inside], 1)
    assert (seen == 1).all()


@settings(max_examples=100, deadline=None)
@given(passes())
def test_rows_are_as_even_as_they_can_be(case):
    lines, batch, _, carry_state, _ = case
    share = -(-sum(len(line) + 1 for line in lines) // batch)
    lengths = [len(without_padding(row)) for row in rows_of(windows_of(*case), batch)]
    assert max(lengths) <= share if carry_state else max(lengths) < 2 * share


@settings(max_examples=100, deadline=None)
@given(passes())
def test_windows_are_bptt_steps_of_batch_rows_with_no_step_of_padding_alone(case):
    _, batch, bptt, _, _ = case
    windows = made(windows_of(*case))
    assert len(windows) == len(windows_of(*case))
    for window in windows:
        steps = len(window.x)
        assert {array.shape for array in window} == {(steps, batch)}
        assert steps == bptt if window is not windows[-1] else 1 <= steps <= bptt
        assert window.weight.any(axis=1).all()
        assert window.x.dtype.kind == window.y.dtype.kind == "i"
        assert window.keep.dtype == window.weight.dtype == np.float32


@settings(max_examples=50, deadline=None)
@given(passes())
def test_padding_holds_ids_that_can_be_looked_up(case):
    for window in made(windows_of(*case)):
        for ids in (window.x, window.y):
            assert ids.min() >= 0
            assert ids.max() <= 9


def test_a_small_pass_worked_by_hand():
    windows = windows_of([[3, 4], [5], [6, 7, 8]], batch=2, bptt=3, carry_state=False)
    first, second = windows
    # The nine targets are 3 4 END 5 END 6 7 8 END: an even share is five, and ends a line.
    assert first.x.T.tolist() == [[START, 3, 4], [START, 6, 7]]
    assert first.y.T.tolist() == [[3, 4, END], [6, 7, 8]]
    assert first.keep.T.tolist() == [[0, 1, 1], [0, 1, 1]]
    assert first.weight.T.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert second.x.T.tolist() == [[START, 5], [8, START]]
    assert second.y.T[0].tolist() == [5, END]
    assert second.y[0, 1] == END
    assert second.keep.T.tolist() == [[0, 1], [1, 0]]
    assert second.weight.T.tolist() == [[1, 1], [1, 0]]


def test_a_window_can_be_asked_for_again_and_out_of_turn():
    windows = windows_of([[3, 4, 5], [6], [7, 8]], batch=2, bptt=2, carry_state=True, order=[2, 0, 1])
    again = windows[1]
    for first, second in zip(made(windows)[1], again, strict=True):
        assert first.tolist() == second.tolist()


@pytest.mark.parametrize("index", [-1, 2, 100])
def test_there_is_no_window_beyond_the_last(index):
    windows = windows_of([[3, 4, 5]], batch=1, bptt=2, carry_state=False)
    assert len(windows) == 2
    with pytest.raises(IndexError):
        windows[index]


def test_where_no_token_is_unknown_some_that_occur_once_are_read_as_unknown():
    counts = np.array([0, 200, 0, *[50] * 100, *[1] * 40])
    drawn = [hide_rare(counts, np.random.default_rng(seed)) for seed in range(50)]
    for read_as in drawn:
        changed = np.flatnonzero(read_as != np.arange(len(counts)))
        assert (counts[changed] == 1).all()
        assert (read_as[changed] == UNK).all()
    assert np.mean([np.sum(r[SPECIAL:] == UNK) for r in drawn]) == pytest.approx(20, abs=2)  # half of 40
    assert len({tuple(r) for r in drawn}) > 40


def test_of_a_small_text_at_most_a_hundredth_is_read_as_unknown():
    counts = np.array([0, 10, 0, *[1] * 90])  # all tokens occur once
    hidden = [np.sum(hide_rare(counts, np.random.default_rng(seed))[SPECIAL:] == UNK) for seed in range(300)]
    assert np.mean(hidden) == pytest.approx(1, abs=0.2)


def test_windows_read_ids_as_they_are_told():
    corpus = corpus_of([[3, 4, 5], [4]])
    read_as = np.array([0, 1, 2, 3, UNK, 5], np.int32)
    (window,) = Windows(corpus, 1, 8, carry_state=False, read_as=read_as)
    assert window.y.ravel().tolist() == [3, UNK, 5, END, UNK, END]
    assert window.x.ravel().tolist() == [START, 3, UNK, 5, START, UNK]
    assert corpus.ids.tolist() == [3, 4, 5, END, 4, END]
