"""Ids to batches, checked against a plain list of what should stand where."""

import itertools
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_cli.text import windows
from rnn_cli.text.store import corpus
from rnn_cli.text.store.corpus import Corpus, Part, Text, hold_out, spans, whole
from rnn_cli.text.vocabulary import SPECIAL
from rnn_cli.text.windows import Window, Windows, hide_rare, rows_without_cuts, windows_of

START, END, UNK = 0, 1, 2

lines_of_ids = st.lists(st.lists(st.integers(UNK, 9), max_size=12), min_size=1, max_size=12)


def corpus_of(lines: list[list[int]]) -> Corpus:
    """A corpus whose lines are given as ids, without END."""
    starts = np.cumsum([0, *(len(line) + 1 for line in lines)])
    ids = [id for line in lines for id in (*line, END)]
    return Corpus(np.array(ids, np.int32), starts, np.diff(starts))


def text_of(lines: list[list[int]]) -> Text:
    of_lines = corpus_of(lines)
    counts = np.bincount(of_lines.ids, minlength=10)
    types = tuple(map(str, range(SPECIAL, len(counts))))
    return Text(of_lines, types, counts, len(of_lines.ids), int(np.diff(of_lines.starts).max()))


@st.composite
def passes(draw):
    lines = draw(lines_of_ids)
    batch, bptt = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    order = draw(st.one_of(st.none(), st.permutations(range(len(lines)))))
    return lines, batch, bptt, draw(st.booleans()), order


def windows_in_order(lines, batch, bptt, carry_state, order=None, read_as=None) -> Windows:
    of_lines = corpus_of(lines)
    ranges = spans(of_lines, np.arange(len(lines)) if order is None else np.array(order, np.int64))
    return Windows(of_lines.ids, ranges, batch, bptt, carry_state, read_as)


def targets_of(lines, order=None) -> list[tuple[int, int]]:
    """(x, y) at every place of the text in its order."""
    pairs = []
    for number in range(len(lines)) if order is None else order:
        targets = [*lines[number], END]
        pairs += zip([START, *targets[:-1]], targets, strict=True)
    return pairs


def made(windows: Sequence[Window]) -> list:
    """All windows of a pass, and one more where a pass does not know its end."""
    return list(itertools.islice(windows, len(windows) + 1))


def rows_of(windows: Sequence[Window], batch: int) -> list[list[tuple[int, int, float, float]]]:
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


@settings(max_examples=60, deadline=None)
@given(passes())
@example(LONG_AND_SHORT)
@example(FEWER_TARGETS_THAN_ROWS)
def test_the_rows_one_after_another_are_the_text(case):
    lines, batch, _, _, order = case
    rows = rows_of(windows_in_order(*case), batch)
    read = [(x, y) for row in rows for x, y, _, _ in without_padding(row)]
    assert read == targets_of(lines, order)


@settings(max_examples=40, deadline=None)
@given(passes())
def test_weight_is_one_at_each_target_and_zero_in_the_padding_after_them(case):
    batch = case[1]
    for row in rows_of(windows_in_order(*case), batch):
        weights = [weight for _, _, _, weight in row]
        targets = sum(weights)
        assert weights == [1] * int(targets) + [0] * (len(row) - int(targets))


@settings(max_examples=40, deadline=None)
@given(passes())
def test_the_state_is_dropped_at_line_starts_alone_and_never_where_it_is_carried(case):
    batch, carry_state = case[1], case[3]
    for row in rows_of(windows_in_order(*case), batch):
        for x, _, keep, _ in row:
            assert keep == (1 if carry_state or x != START else 0)


@settings(max_examples=60, deadline=None)
@given(passes())
@example(LONG_AND_SHORT)
def test_no_line_is_cut_between_rows_unless_longer_than_an_even_row(case):
    lines, batch, bptt, _, order = case
    even = -(-sum(len(line) + 1 for line in lines) // batch)
    rows = rows_of(windows_in_order(lines, batch, bptt, False, order), batch)
    row_ends = set(itertools.accumulate(len(without_padding(row)) for row in rows))
    place = 0
    for number in range(len(lines)) if order is None else order:
        length = len(lines[number]) + 1
        cut = row_ends & set(range(place + 1, place + length))
        assert not cut or length > even
        place += length


@settings(max_examples=60, deadline=None)
@given(passes())
@example(LONG_AND_SHORT)
def test_in_rows_without_cuts_every_line_stands_whole(case):
    lines, batch, bptt, _, order = case
    lengths = [len(line) + 1 for line in lines]
    rows = rows_without_cuts(sum(lengths), max(lengths), batch)
    assert 1 <= rows <= batch
    for row in rows_of(windows_in_order(lines, rows, bptt, False, order), rows):
        targets = [y for _, y, _, _ in without_padding(row)]
        assert targets[-1:] in ([], [END])


@settings(max_examples=40, deadline=None)
@given(passes())
def test_the_places_of_a_window_are_those_of_its_targets(case):
    """So a figure of each target can be put where the text has the target."""
    windows, ids = windows_in_order(*case), corpus_of(case[0]).ids
    seen = np.zeros(len(ids), int)
    for index, window in enumerate(made(windows)):
        place, inside = windows.places(index)
        assert (ids[place] == window.y).all()
        assert (inside == (window.weight == 1)).all()
        np.add.at(seen, place[inside], 1)
    assert (seen == 1).all()


@settings(max_examples=40, deadline=None)
@given(passes())
def test_rows_are_as_even_as_they_can_be(case):
    lines, batch, _, carry_state, _ = case
    even = -(-sum(len(line) + 1 for line in lines) // batch)
    lengths = [len(without_padding(row)) for row in rows_of(windows_in_order(*case), batch)]
    assert max(lengths) <= even if carry_state else max(lengths) < 2 * even


@settings(max_examples=40, deadline=None)
@given(passes())
def test_windows_are_bptt_steps_of_batch_rows_with_no_step_of_padding_alone(case):
    _, batch, bptt, _, _ = case
    windows = made(windows_in_order(*case))
    assert len(windows) == len(windows_in_order(*case))
    for window in windows:
        steps = len(window.x)
        assert {array.shape for array in window} == {(steps, batch)}
        assert steps == bptt if window is not windows[-1] else 1 <= steps <= bptt
        assert window.weight.any(axis=1).all()
        assert window.x.dtype.kind == window.y.dtype.kind == "i"
        assert window.keep.dtype == window.weight.dtype == np.float32


@settings(max_examples=40, deadline=None)
@given(passes())
def test_padding_holds_ids_that_can_be_looked_up(case):
    for window in made(windows_in_order(*case)):
        for ids in (window.x, window.y):
            assert ids.min() >= 0
            assert ids.max() <= 9


def test_a_small_pass_worked_by_hand():
    windows = windows_in_order([[3, 4], [5], [6, 7, 8]], batch=2, bptt=3, carry_state=False)
    first, second = windows
    # The nine targets are 3 4 END 5 END 6 7 8 END: an even row has five, and ends with a line.
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
    windows = windows_in_order([[3, 4, 5], [6], [7, 8]], batch=2, bptt=2, carry_state=True, order=[2, 0, 1])
    again = windows[1]
    for first, second in zip(made(windows)[1], again, strict=True):
        assert first.tolist() == second.tolist()


@pytest.mark.parametrize("index", [-1, 2, 100])
def test_there_is_no_window_beyond_the_last(index):
    for two in (
        windows_in_order([[3, 4, 5]], batch=1, bptt=2, carry_state=False),
        windows_of(whole(text_of([[3, 4, 5]])), 1, 2, carry_state=False),
    ):
        assert len(two) == 2
        with pytest.raises(IndexError):
            two[index]


def test_windows_read_ids_as_the_table_says():
    lines = [[3, 4, 5], [4]]
    read_as = np.array([0, 1, 2, 3, UNK, 5], np.int32)
    (window,) = windows_in_order(lines, 1, 8, carry_state=False, read_as=read_as)
    assert window.y.ravel().tolist() == [3, UNK, 5, END, UNK, END]
    assert window.x.ravel().tolist() == [START, 3, UNK, 5, START, UNK]


# Of a part of a text


class Case(NamedTuple):
    """A part of a text, and in what shape to read it."""

    part: Part
    lines: list[list[int]]  # of the part, as ids
    batch: int
    bptt: int
    carry_state: bool
    shuffle: tuple[int, ...] | None
    shuffled: int  # targets that are shuffled together

    def windows(self, hidden=None, **changes) -> Sequence[Window]:
        part, _, *shape, shuffled = self._replace(**changes)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(windows, "SHUFFLED", shuffled)
            patch.setattr(windows, "SHUFFLED_WINDOWS", 1)
            return windows_of(part, *shape, hidden)


@st.composite
def parts(draw):
    """All of a text, or what is left of it or held out."""
    lines = draw(st.lists(st.lists(st.integers(UNK, 9), max_size=9), min_size=2, max_size=40))
    carry_state, text = draw(st.booleans()), text_of(lines)
    kinds = [whole(text), *hold_out(text, draw(st.floats(0, 1)), draw(st.integers(0, 9)), carry_state)]
    part = draw(st.sampled_from(kinds))
    own = [lines[number] for each in part.ranges for number in part.among(*each).tolist()]
    shape = draw(st.integers(1, 5)), draw(st.integers(1, 5)), carry_state
    shuffle = draw(st.sampled_from([None, (1, 2), (1, 3)]))
    return Case(part, own, *shape, shuffle, draw(st.sampled_from([8, 40, 1 << 21])))


def read_by(rows) -> Counter:
    return Counter((x, y) for row in rows for x, y, _, _ in without_padding(row))


@settings(max_examples=60, deadline=None)
@given(parts())
def test_a_pass_reads_every_target_of_a_part_once(case):
    rows = rows_of(case.windows(), case.batch)
    assert read_by(rows) == Counter(targets_of(case.lines))
    for row in rows:
        for x, _, keep, _ in row:
            assert keep == (1 if case.carry_state or x != START else 0)


@settings(max_examples=40, deadline=None)
@given(parts())
def test_the_number_of_windows_is_known_and_each_can_be_asked_for_at_any_time(case):
    in_turn, again = made(case.windows()), case.windows()
    assert len(again) == len(in_turn)
    for index in np.random.default_rng(1).permutation(2 * len(in_turn)) % len(in_turn):
        for first, second in zip(again[int(index)], in_turn[index], strict=True):
            assert first.tolist() == second.tolist()


@settings(max_examples=40, deadline=None)
@given(parts())
def test_without_shuffling_one_row_reads_the_text_as_it_stands(case):
    (row,) = rows_of(case.windows(batch=1, shuffle=None), 1)
    assert [(x, y) for x, y, _, _ in without_padding(row)] == targets_of(case.lines)


@settings(max_examples=60, deadline=None)
@given(parts())
def test_what_is_measured_stands_whole_in_its_rows(case):
    """Each line of a pass that is not shuffled is read from its START to its END from one state."""
    for row in rows_of(case.windows(carry_state=False, shuffle=None), case.batch):
        before = END
        for x, y, _, _ in without_padding(row):
            assert x == (START if before == END else before)
            before = y
        assert before == END


@settings(max_examples=40, deadline=None)
@given(parts())
def test_hidden_ids_are_read_as_the_table_says_and_line_starts_stay(case):
    hidden = np.array([START, END, UNK, UNK, 4, UNK, *range(6, 10)], np.int32)
    rows = rows_of(case.windows(hidden), case.batch)
    assert read_by(rows) == Counter(targets_of([hidden[line].tolist() for line in case.lines]))


@settings(max_examples=40, deadline=None)
@given(parts())
def test_ids_are_those_of_the_vocabulary(case):
    table = np.array([START, END, UNK, 9, UNK, *range(8, 3, -1)], np.int32)
    rows = rows_of(case.windows(part=replace(case.part, table=table)), case.batch)
    assert read_by(rows) == Counter(targets_of([table[line].tolist() for line in case.lines]))


def lines_in(windows: Sequence[Window]) -> list[int]:
    """The first token of each line in the order in which one row reads them."""
    (row,) = rows_of(windows, 1)
    return [y for x, y, _, _ in row if x == START]


@pytest.mark.parametrize("shuffled", [100, 1 << 21])
def test_lines_come_in_another_order_for_each_key_from_all_over_the_text(shuffled):
    numbers = [*range(SPECIAL, SPECIAL + 200)]
    case = Case(whole(text_of([[number, 4, 5] for number in numbers])), [], 1, 7, False, None, shuffled)
    orders = [lines_in(case.windows(shuffle=key)) for key in [(1, 0), (1, 1), (2, 0), None]]
    assert orders[-1] == numbers
    assert all(sorted(order) == numbers for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    for order in orders[:3]:
        early = sum(number < SPECIAL + 100 for number in order[:100])
        assert 20 <= early <= 80
    assert lines_in(case.windows(shuffle=(1, 0))) == orders[0]


def test_lines_of_one_range_do_not_come_in_the_order_of_those_of_another():
    numbers = [*range(SPECIAL, SPECIAL + 200)]
    case = Case(whole(text_of([[number, 4, 5] for number in numbers])), [], 1, 7, False, (1,), shuffled=100)
    order = lines_in(case.windows())
    ranges = [order[first : first + 25] for first in range(0, 200, 25)]
    assert all(max(lines) - min(lines) == 24 for lines in ranges)
    assert len({tuple(number - min(lines) for number in lines) for lines in ranges}) == 8


def test_a_range_without_a_line_of_the_part_is_passed_over():
    text = text_of([[3] * 100, [4] * 100, [5] * 100])
    for part in hold_out(text, 0.3, 1, carry_state=False):
        case = Case(part, [], 4, 10, False, (1,), shuffled=100)
        assert read_by(rows_of(case.windows(), 4)).total() == part.targets


def test_lines_held_out_leave_two_ranges_that_do_not_meet():
    lines = [[3, 4], [5, 6], [7, 8]]
    left = replace(whole(text_of(lines)), ranges=((0, 1), (2, 3)))
    for batch in (1, 2):
        rows = rows_of(windows_of(left, batch, 3, carry_state=True), batch)
        assert [(x, y) for row in rows for x, y, _, _ in row] == targets_of([lines[0], lines[2]])


def test_a_long_text_is_divided_and_read_in_the_memory_of_one_range(monkeypatch):
    for name, size in {"BLOCK": 1 << 8, "DRAWN_FROM": 1 << 8}.items():
        monkeypatch.setattr(corpus, name, size)
    ids = np.full(1 << 15, SPECIAL, np.uint16)
    ids[3::4] = END
    starts = np.arange(0, len(ids) + 1, 4)
    text = Text(Corpus(ids, starts, np.diff(starts)), ("a",), np.bincount(ids), len(ids), 4)
    tracemalloc.start()
    for part in hold_out(text, 0.1, 1, carry_state=False):
        case = Case(part, [], 8, 16, False, (1,), shuffled=1 << 8)
        assert sum(int(window.weight.sum()) for window in case.windows()) == part.targets
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < starts.nbytes / 2


# Tokens read as unknown


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


@pytest.mark.parametrize("carry_state", [False, True])
def test_some_rows_of_a_window_are_those_of_the_whole_and_its_targets_are_counted(carry_state):
    text = text_of([[UNK + k % 5] * (1 + k % 7) for k in range(40)])
    parts = windows_of(whole(text), 5, 4, carry_state, None if carry_state else (1,))
    for index in range(len(parts)):
        window = parts[index]
        assert parts.rows == window.x.shape[1]
        assert parts.targets(index) == np.count_nonzero(window.weight)
        for rows in (slice(0, 2), slice(2, 5), slice(5, 5)):
            for some, all in zip(parts.part(index, rows), window, strict=True):
                assert (some == all[:, rows]).all()
    for wrong in (-1, len(parts)):
        with pytest.raises(IndexError):
            parts.part(wrong, slice(0, 1))
