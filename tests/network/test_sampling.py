import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.network.sampling import choose, penalize

LOGITS = np.array([0.3, -0.4, 1.2, 0.9, -1.5])
distinct_logits = st.lists(st.integers(-15, 15), min_size=1, max_size=6, unique=True).map(
    lambda tenths: np.array(tenths) / 10
)


def softmax(z):
    o = np.exp(z - z.max())
    return o / o.sum()


def draw(logits, times, seed=0, **options):
    """Many draws from one row of logits."""
    return choose(np.tile(logits, (times, 1)), np.random.default_rng(seed), **options)


def chi_square(drawn, o):
    expected = len(drawn) * o
    return (((np.bincount(drawn, minlength=len(o)) - expected) ** 2) / expected).sum()


def test_temperature_0_takes_the_likeliest_of_each_row():
    logits = np.array([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    assert choose(logits, np.random.default_rng(0), temperature=0).tolist() == [1, 0]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_follow_the_softmax_of_the_tempered_logits(temperature):
    drawn = draw(LOGITS, 40_000, temperature=temperature)
    assert chi_square(drawn, softmax(LOGITS / temperature)) < 18.5  # 4 degrees of freedom, 1 in 1000
    assert chi_square(drawn, softmax(LOGITS / (1.2 * temperature))) > 18.5  # and the bound tells


def test_a_lower_temperature_draws_the_likeliest_more_often():
    often = [np.mean(draw(LOGITS, 4000, temperature=t) == 2) for t in (0.1, 0.5, 1.0, 5.0)]
    assert often == sorted(often, reverse=True)
    assert often[0] > 0.9
    assert often[-1] < 0.3


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    distinct_logits,
    st.floats(0.1, 10),
    st.integers(1, 6) | st.none(),
    st.floats(0.05, 1),
    st.integers(0, 99),
)
def test_a_logit_of_minus_infinity_is_never_drawn(logits, temperature, top_k, top_p, seed):
    masked = np.append(logits, [-np.inf, 0.0]).astype(np.float32)
    masked[0] = -np.inf
    drawn = draw(masked, 200, seed, temperature=temperature, top_k=top_k, top_p=top_p)
    assert np.isfinite(masked[drawn]).all()
    assert np.isfinite(masked[draw(masked, 1, temperature=0)]).all()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(distinct_logits, st.integers(1, 7))
def test_top_k_draws_from_the_k_likeliest_and_from_all_of_them(logits, k):
    drawn = draw(logits, 4000, top_k=k)
    assert set(drawn) == set(np.argsort(-logits)[:k])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(distinct_logits, st.floats(0.01, 0.999))
def test_top_p_draws_from_exactly_the_fewest_that_hold_so_much(logits, top_p):
    o = softmax(logits)
    held, nucleus = 0.0, set()
    for id in np.argsort(-o):
        if held < top_p - 1e-9:
            nucleus.add(int(id))
            held += o[id]
    assert set(draw(logits, 4000, top_p=top_p).tolist()) == nucleus


def test_top_p_stops_at_the_token_that_fills_it():
    logits = np.log([0.25, 0.5, 0.25])
    assert set(draw(logits, 500, top_p=0.5)) == {1}
    assert set(draw(logits, 500, top_p=0.75)) == {0, 1}
    assert set(draw(logits, 500, top_p=0.76)) == {0, 1, 2}


def test_within_top_k_and_top_p_the_odds_stay_as_they_were():
    kept = softmax(np.array([0.3, -np.inf, 1.2, 0.9, -np.inf]))
    for options in ({"top_k": 3}, {"top_p": 0.85}):
        drawn = draw(LOGITS, 30_000, **options)
        assert set(drawn) == {0, 2, 3}
        assert chi_square(drawn, np.where(kept > 0, kept, 1e-12)) < 13.9  # 2 degrees, 1 in 1000


def test_top_p_counts_the_probability_left_by_temperature_and_top_k():
    logits = np.log([0.5, 0.3, 0.2])
    assert set(draw(logits, 500, top_p=0.6)) == {0, 1}
    assert set(draw(logits, 500, top_p=0.6, top_k=2)) == {0}  # of two, the first holds 0.625
    assert set(draw(logits, 500, top_p=0.6, temperature=0.5)) == {0}  # 25 : 9 : 4


def test_top_p_of_0_takes_the_likeliest():
    assert draw(LOGITS, 20, top_p=0.0).tolist() == [2] * 20


@pytest.mark.parametrize("temperature", [1e-5, 1e-200, 1e-310])
def test_the_smallest_temperature_takes_the_likeliest_without_a_warning(temperature):
    assert draw(LOGITS, 20, temperature=temperature).tolist() == [2] * 20


def test_rows_are_drawn_each_from_its_own_logits_and_left_as_they_were():
    logits = np.full((3, 4), -np.inf, np.float32)
    logits[[0, 1, 2], [3, 1, 2]] = 1e4
    before = logits.copy()
    assert choose(logits, np.random.default_rng(0), top_k=2, top_p=0.9).tolist() == [3, 1, 2]
    np.testing.assert_array_equal(logits, before)


@pytest.mark.parametrize("extreme", [1e-300, 750.0])
@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_the_ends_of_the_exponential_distribution_draw_what_may_be_drawn(extreme, top_p):
    class Generator:
        def standard_exponential(self, shape):
            return np.full(shape, extreme)

    logits = np.array([[-np.inf, 0.3, 0.1, 0.2, -np.inf], [-np.inf, -0.7, 1.9, -np.inf, -np.inf]])
    drawn = choose(logits, Generator(), top_p=top_p)
    assert np.isfinite(logits[[0, 1], drawn]).all()


def test_the_same_generator_draws_the_same():
    assert draw(LOGITS, 50, seed=3).tolist() == draw(LOGITS, 50, seed=3).tolist()
    assert draw(LOGITS, 50, seed=3).tolist() != draw(LOGITS, 50, seed=4).tolist()


def test_top_k_keeps_k_of_equally_likely_ids():
    drawn = choose(np.zeros((200, 3)), np.random.default_rng(0), top_k=2)
    assert len(set(drawn.tolist())) == 2


def test_a_penalty_makes_the_latest_ids_less_likely_and_leaves_the_others():
    logits = np.array([[2.0, -1.0, 0.5, 0.0], [2.0, -1.0, 0.5, -np.inf]])
    penalize(logits, [[0, 1, 0], [2, 3]], 2.0)
    assert logits.tolist() == [[1.0, -2.0, 0.5, 0.0], [2.0, -1.0, 0.25, -np.inf]]


def test_a_penalty_of_1_and_no_latest_ids_change_nothing():
    logits = LOGITS[None].copy()
    penalize(logits, [[0, 3]], 1.0)
    penalize(logits, [[]], 5.0)
    assert logits.tolist() == [LOGITS.tolist()]
