"""What is held out of pairs, and texts that occur more than once."""

import numpy as np
import pytest

from rnn_cli.text.pairs.parts import also_in, by_text, hold_out


@pytest.mark.seeds(short=20, long=500)
def test_what_is_held_out_is_apart_stratified_and_of_the_size_asked_for(pairs, seed):
    rng = np.random.default_rng(seed)
    labels = rng.choice(["a", "b", "c"], 400, p=[0.7, 0.25, 0.05])
    texts = rng.integers(0, 500, 400)  # some are equal
    read = pairs("".join(f"t{text}\t{label}\n" for text, label in zip(texts, labels, strict=True)))
    train, valid = hold_out(read, 0.1, seed)
    assert sorted([*train, *valid]) == [*range(400)]
    assert not {*read.keys[train]} & {*read.keys[valid]}
    assert 25 <= len(valid) <= 60
    first = {read.keys[k]: label for k, label in reversed([*enumerate(labels)])}
    for label in "abc":
        of_label = [text for text, own in first.items() if own == label]
        held = sum(text in read.keys[valid] for text in of_label)
        assert abs(held - 0.1 * len(of_label)) <= 1
    again = hold_out(read, 0.1, seed)
    assert all(map(np.array_equal, (train, valid), again))
    assert not np.array_equal(valid, hold_out(read, 0.1, seed + 1)[1])


@pytest.mark.parametrize("others", range(2, 12))
def test_a_label_is_never_held_out_whole(pairs, others):
    read = pairs("a\tx\n" + "".join(f"{k}\ty\n" for k in range(others)))
    for seed in range(5):
        train, valid = hold_out(read, 0.5, seed)
        assert 0 in train
        assert len(valid) >= 1


def test_of_labels_with_one_text_each_nothing_is_held_out(pairs):
    train, valid = hold_out(pairs("a\tx\nb\ty\n"), 0.5, 1)
    assert (len(train), len(valid)) == (2, 0)


def test_of_two_texts_one_is_held_out_and_of_one_none(pairs):
    train, valid = hold_out(pairs("a\tb\nc\td\n", "translate"), 0.1, 1)
    assert (len(train), len(valid)) == (1, 1)
    train, valid = hold_out(pairs("a\tb\na\td\n", "translate"), 0.1, 1)
    assert (len(train), len(valid)) == (2, 0)


def test_a_text_that_was_trained_on_is_found_whatever_its_label(pairs):
    train, test = pairs("a b\tx\nc\ty\n"), pairs("c\tx\nd\ty\n a b \tx\n")
    assert also_in(test, train).tolist() == [True, False, True]


def test_lines_of_equal_source_are_references_of_one_text(pairs):
    read = pairs("b\tx\na\ty\nb\tz\nc\tw\na\tv\n", "translate")
    assert [rows.tolist() for rows in by_text(read)] == [[0, 2], [1, 4], [3]]
