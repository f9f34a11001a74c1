"""Kneser-Ney n-grams, checked against numbers worked by hand and a slow model of dictionaries."""

import itertools
import math
import random
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.scoring.kneser_ney import KneserNey, discounts
from rnn_cli.text.store.corpus import Corpus, in_memory
from rnn_cli.text.store.cutting import cut
from rnn_cli.text.tokenizers import TOKENIZERS

START, END, UNK = 0, 1, 2
A, B = 3, 4
ENGLISH = Path(__file__).parents[2] / "corpora" / "english.txt"

few_ids = st.lists(st.lists(st.integers(UNK, 5), max_size=6), max_size=8)


def corpus_of(lines: list[list[int]]) -> Corpus:
    """A corpus of lines given as ids, END included."""
    starts = [0, *itertools.accumulate(map(len, lines))]
    ids = np.array([*itertools.chain(*lines)], np.int32)
    return Corpus(ids, np.array(starts, np.int64), np.diff(starts))


def ended(lines: list[list[int]]) -> list[list[int]]:
    return [[*line, END] for line in lines]


def random_lines(chance: random.Random, lines: int) -> list[list[int]]:
    """Tokens that depend on the one before them, some of them rare."""
    made = []
    for _ in range(lines):
        line = [chance.randint(UNK, 9)]
        while chance.random() < 0.85:
            line.append(line[-1] if chance.random() < 0.3 else min(9, UNK + int(chance.expovariate(0.5))))
        made.append([*line, END])
    return made


class Plain:
    """Interpolated modified Kneser-Ney as the paper puts it, one n-gram at a time. Without counts of
    counts to estimate them from, the discounts are 1/2, 1 and 3/2."""

    def __init__(self, lines, m, order, carry_state):
        self.m, self.order, self.carry_state = m, order, carry_state
        self.count = {}
        for k in range(1, order + 1):
            occurs, precede = Counter(), defaultdict(set)
            for history, token in self.places(lines):
                if len(history) < k - 1:
                    continue
                ngram = (*history[len(history) - k + 1 :], token)
                occurs[ngram] += 1
                if k < order and len(history) >= k:
                    precede[ngram].add(history[-k])
            real = [ngram for ngram in occurs if k == order or ngram[0] == START]
            self.count |= {ngram: len(tokens) for ngram, tokens in precede.items()}
            self.count |= {ngram: occurs[ngram] for ngram in real}
        self.D = {k: self.discounts(k) for k in range(1, order + 1)}
        self.followers = defaultdict(list)
        for ngram in self.count:
            self.followers[ngram[:-1]].append(ngram)

    def places(self, lines):
        """Each target and what stands before it, from START on."""
        for text in [list(itertools.chain(*lines))] if self.carry_state else lines:
            for place, token in enumerate(text):
                yield (START, *text[:place]), token

    def discounts(self, k):
        n = Counter(count for ngram, count in self.count.items() if len(ngram) == k)
        if n[1] * n[2] * n[3] * n[4] > 0:
            Y = n[1] / (n[1] + 2 * n[2])
            D = [i - (i + 1) * Y * n[i + 1] / n[i] for i in (1, 2, 3)]
            if min(D) > 0:
                return D
        return [0.5, 1, 1.5]

    def p(self, token, context):
        D = self.D[len(context) + 1]
        lower = self.p(token, context[1:]) if context else 1 / (self.m - 1)
        if context not in self.followers:
            return lower
        counts = {ngram[-1]: self.count[ngram] for ngram in self.followers[context]}
        own = counts[token] - D[min(counts[token], 3) - 1] if token in counts else 0
        left = sum(D[min(count, 3) - 1] for count in counts.values())
        return (own + left * lower) / sum(counts.values())

    def nats(self, lines):
        places = self.places(lines)
        return [-math.log(self.p(token, h[max(0, len(h) - self.order + 1) :])) for h, token in places]


# Probabilities


def test_a_small_case_worked_by_hand():
    model = KneserNey(corpus_of([[A, B, END], [A, END]]), m=5, order=2, carry_state=False)
    # Too small to estimate the discounts: they are 1/2, 1 and 3/2. One token precedes A (START) and B (A),
    # two precede END (A and B), four in all. The discounts leave γ = (1/2 + 1/2 + 1) / 4 = 1/2, and a
    # quarter of that goes to each of END, UNK, A and B:
    #   p(A) = p(B) = (1 - 1/2) / 4 + 1/2 · 1/4 = 1/4    p(END) = (2 - 1) / 4 + 1/8 = 3/8    p(UNK) = 1/8
    # START A occurs twice and A B, A END, B END once, so that each context leaves half:
    #   p(A | START) = (2 - 1) / 2 + 1/2 · 1/4 = 5/8
    #   p(B | A) = (1 - 1/2) / 2 + 1/2 · 1/4 = 3/8       p(END | A) = 1/4 + 1/2 · 3/8 = 7/16
    #   p(END | B) = (1 - 1/2) / 1 + 1/2 · 3/8 = 11/16   p(UNK | START) = 1/2 · 1/8 = 1/16
    # Nothing ever stood after UNK: p(B | UNK) = p(B) = 1/4.
    p = np.exp(-model.nats(corpus_of([[A, B, END], [A, END], [UNK, B]])))
    assert p == pytest.approx([5 / 8, 3 / 8, 11 / 16, 5 / 8, 7 / 16, 1 / 16, 1 / 4])


@pytest.mark.parametrize("carry_state", [False, True])
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_it_is_the_plain_model_of_dictionaries(order, carry_state):
    for seed in range(12):
        chance = random.Random(seed)
        counted, scored = random_lines(chance, 2 + 4 * seed), random_lines(chance, 12)
        model = KneserNey(corpus_of(counted), 11, order, carry_state)  # the id 10 never stands anywhere
        plain = Plain(counted, 11, order, carry_state)
        for lines in (counted, scored):
            assert model.nats(corpus_of(lines)) == pytest.approx(plain.nats(lines), rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(few_ids, few_ids, st.integers(1, 5), st.booleans())
def test_it_is_the_plain_model_on_the_smallest_texts_too(counted, scored, order, carry_state):
    model = KneserNey(corpus_of(ended(counted)), 6, order, carry_state)
    plain = Plain(ended(counted), 6, order, carry_state)
    assert model.nats(corpus_of(ended(scored))) == pytest.approx(plain.nats(ended(scored)), rel=1e-9)


@pytest.mark.parametrize("carry_state", [False, True])
@pytest.mark.parametrize("order", [1, 3, 5])
def test_after_every_context_the_ids_that_can_follow_have_probability_one(order, carry_state):
    m = 12
    lines = random_lines(random.Random(order), 60)
    model = KneserNey(corpus_of(lines), m, order, carry_state)
    seen = [line[:length] for line in lines[:10] for length in range(len(line))]
    for context in [*seen, [10], [11, 10, 3], [UNK, UNK, 9, 11], [3, END, END], [4, 11, 3, 3, 3]]:
        p = [math.exp(-model.nats(corpus_of([[*context, token]]))[-1]) for token in range(END, m)]
        assert math.fsum(p) == pytest.approx(1, rel=1e-12)
        assert min(p) > 0


def test_of_no_text_every_id_is_as_likely_as_the_others():
    for order, carry_state in itertools.product([1, 3], [False, True]):
        model = KneserNey(corpus_of([]), 6, order, carry_state)
        assert model.nats(corpus_of([[A, END]])) == pytest.approx([math.log(5)] * 2)
        assert len(model.nats(corpus_of([]))) == 0


def test_a_line_starts_afresh_unless_the_state_is_carried():
    lines = [[A, A, END], [B, B, END]] * 20
    afresh = KneserNey(corpus_of(lines), 5, 3, carry_state=False)
    carried = KneserNey(corpus_of(lines), 5, 3, carry_state=True)
    text = corpus_of([[A, A, END], [B, B, END], [A, A, END]])
    # Afresh, a line begins with A or B and nothing says which; after A END the next begins with B.
    assert (afresh.nats(text)[[0, 3, 6]] > 0.6).all()
    assert (carried.nats(text)[[3, 6]] < 0.1).all()


def test_a_whole_n_gram_of_a_large_vocabulary_does_not_fit_a_machine_word():
    m = 200_000  # m ** 5 is far beyond 64 bits
    rng = np.random.default_rng(1)
    lines = [[*row, END] for row in rng.choice([m - 1, m - 2, m // 2, 3], (40, 6)).tolist()]
    model, plain = KneserNey(corpus_of(lines), m, 5, False), Plain(lines, m, 5, False)
    assert model.nats(corpus_of(lines)) == pytest.approx(plain.nats(lines), rel=1e-9)


@pytest.mark.parametrize("tokenizer", ["char", "space"])
def test_longer_n_grams_predict_english_better(tokenizer):
    lines = ENGLISH.read_text("utf-8").splitlines()
    random.Random(1).shuffle(lines)
    text = in_memory([cut(TOKENIZERS[tokenizer], "".join(f"{line}\n" for line in lines), keep_blank=False)])
    ids, starts, characters = vars(text.corpus).values()
    first = starts[400]
    held = Corpus(ids[:first], starts[:401], characters[:400])
    counted = Corpus(ids[first:], starts[400:] - first, characters[400:])
    one, two, three = (
        KneserNey(counted, len(text.counts), order, carry_state=False).nats(held).mean()
        for order in (1, 2, 3)
    )
    assert three < two < one
    assert three < 0.85 * one


# Discounts


def test_discounts_worked_by_hand():
    counts = np.repeat([1, 2, 3, 4, 100], [8, 4, 2, 1, 1])
    # Y = 8 / (8 + 2 · 4) = 1/2    D1 = 1 - 2 · 1/2 · 4/8    D2 = 2 - 3 · 1/2 · 2/4    D3 = 3 - 4 · 1/2 · 1/2
    assert discounts(counts).tolist() == [0, 0.5, 1.25, 2]


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_without_a_count_of_counts_the_discounts_are_halves(missing):
    counts = np.repeat([1, 2, 3, 4], [8, 4, 2, 1])
    assert discounts(counts[counts != missing]).tolist() == [0, 0.5, 1, 1.5]


def test_a_discount_that_is_not_above_zero_is_not_taken():
    assert discounts(np.repeat([1, 2, 3, 4], [9, 1, 8, 1])).tolist() == [0, 0.5, 1, 1.5]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("carry_state", [False, True])
def test_what_follows_a_context_has_the_probabilities_that_reading_gives_it(order, carry_state):
    chance = random.Random(order)
    m, learned = 11, random_lines(chance, 30)
    model = KneserNey(corpus_of(learned), m, order, carry_state)
    text = corpus_of(random_lines(chance, 8))
    read = model.nats(text)
    context = [START]
    for place, id in enumerate(text.ids.tolist()):
        if not carry_state and place in text.starts:
            context = [START]
        (p,) = model.following(np.array([[-1] * 9 + context])[:, -9:])
        assert p.sum() == pytest.approx(1)
        assert p[START] == 0
        assert -np.log(p[id]) == pytest.approx(read[place])
        context.append(id)
