"""The figures of a prediction, worked by hand."""

import math

import pytest

from rnn_cli.scoring.figures import MOST_NATS, Totals, bits_per_character, perplexity


def test_perplexity_is_the_number_of_equally_likely_tokens():
    assert perplexity(math.log(8)) == pytest.approx(8)
    assert perplexity(0.0) == 1.0


def test_a_loss_beyond_all_bounds_has_a_perplexity_that_is_still_a_number():
    assert math.isfinite(perplexity(1e6))
    assert perplexity(1e6) == perplexity(MOST_NATS) > perplexity(MOST_NATS - 1)


def test_bits_per_character_are_nats_over_characters_in_bits():
    assert bits_per_character(10 * math.log(2), 5) == pytest.approx(2)


def test_totals_divide_at_the_end_and_count_spellings_in_bits_alone():
    totals = Totals(
        lines=2, tokens=4, unknown=1, characters=8, nats=4 * math.log(3), spelling_nats=math.log(16)
    )
    assert totals.perplexity == pytest.approx(3)
    assert totals.bits_per_character == pytest.approx((4 * math.log2(3) + 4) / 8)
    assert totals.figures == {
        "nats": pytest.approx(4 * math.log(3) + math.log(16)),
        "spelling_nats": pytest.approx(math.log(16)),
        "perplexity": totals.perplexity,
        "bits_per_character": totals.bits_per_character,
    }


def test_the_figures_of_nothing_are_undefined():
    assert math.isnan(Totals().perplexity)
    assert math.isnan(Totals().bits_per_character)
