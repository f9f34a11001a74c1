"""Samples of several prompts side by side, and those that copy."""

import pytest

from rnn_cli.models.sampling import samples
from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.models.sampling.samples import Novelty
from rnn_cli.models.sampling.steps import steps
from rnn_cli.scoring.copying import Original

TOKENS = tuple("abc ")
RULES = Sampling(temperature=1.0, seed=1, length=20)


@pytest.mark.parametrize("carry_state", [True, False])
def test_prompts_of_any_length_side_by_side_are_gone_on_from_as_each_alone(carry_state, untrained):
    one = untrained(TOKENS, carry_state=carry_state)
    prompts = ["", "a", "abcabc", "c\nab", "b a\n"]
    greedy = Sampling(temperature=0, length=12)
    together = [sample.text for sample in one.draw(prompts, 1, greedy)]
    assert together == [one.sample(prompt, temperature=0, length=12)[0] for prompt in prompts]
    assert [sample.prompt for sample in one.draw(prompts, 2, RULES)] == [p for p in prompts for _ in range(2)]


def test_words_that_several_prompts_begin_are_finished_each(untrained):
    one = untrained(("the", " cat", " cats", " sat", " sad"), "jieba")
    for sample in one.draw(["the ca", "the sa", "the", "the "], 20, RULES):
        rest = sample.text.removeprefix(sample.prompt)
        assert sample.text.startswith(sample.prompt)
        assert {"the ca": "t", "the sa": "td"}.get(sample.prompt, rest[:1]).find(rest[:1]) >= 0


def test_many_prompts_are_drawn_in_batches_and_differ(untrained, monkeypatch):
    monkeypatch.setattr(samples, "SIDE_BY_SIDE", 4)
    one = untrained(TOKENS, END=-9)
    texts = [sample.text for sample in one.draw(["a"] * 11, 1, RULES)]
    assert len(set(texts)) == 11
    assert texts[:4] == [sample.text for sample in one.draw(["a"] * 4, 1, RULES)]


def test_a_sample_comes_as_soon_as_it_and_those_before_have_ended(untrained, monkeypatch):
    taken = []

    def counted(task):
        for step in steps(task):
            taken.append(step)
            yield step

    monkeypatch.setattr(samples, "steps", counted)
    monkeypatch.setattr(samples, "BLOCK", 4)
    one = untrained(TOKENS, END=-2)
    drawn = one.draw([""], 50, Sampling(temperature=1.0, seed=1, length=200))
    came = [(sample.tokens, len(taken)) for sample in drawn]
    for row in range(50):
        needed = max(tokens for tokens, _ in came[: row + 1])
        assert needed <= came[row][1] <= needed + 1
    assert came[0][1] < came[-1][1]


def test_the_tokens_of_a_sample_are_counted(untrained):
    one = untrained(TOKENS, END=-9)
    assert {sample.tokens for sample in one.draw(["", "ab"], 3, RULES)} == {20}


def test_what_of_a_sample_stands_in_a_text_is_told_prompt_included(untrained):
    one = untrained(TOKENS, END=-9)
    novelty = Novelty(Original.of(["abcabc"]))
    for sample in one.draw(["abc"], 10, RULES, novelty):
        assert sample.copied == novelty.original.compare(sample.text)
        assert len(sample.copied.run) >= 3
        assert sample.tries == 1


def test_the_line_ends_of_a_form_alone_are_no_difference(untrained):
    one = untrained(("春", "。", "，"), END=-60)
    (sample,) = one.draw([""], 1, Sampling(form="2,2"), Novelty(Original.of(["春春，春春。"])))
    assert sample.text == "春春，\n春春。"
    assert sample.copied.run == "春春，春春。"
    assert (sample.copied.clauses, sample.copied.copied) == (2, 2)


def test_a_sample_that_copies_too_much_is_drawn_again(untrained):
    one = untrained(TOKENS, END=-9)
    original = Original.of(["abcaabbcc", "a b c", "cab"])
    free = [*one.draw([""], 60, RULES, Novelty(original))]
    longest = sorted(len(sample.copied.run) for sample in free)[30]
    kept = [*one.draw([""], 60, RULES, Novelty(original, longest))]
    assert all(len(sample.copied.run) <= longest for sample in kept)
    for before, after in zip(free, kept, strict=True):
        again = len(before.copied.run) > longest
        assert (after == before) is not again
        assert (after.tries > 1) is again
    assert kept == [*one.draw([""], 60, RULES, Novelty(original, longest))]


def test_a_model_that_only_copies_is_given_up_and_its_least_copy_kept(untrained):
    one = untrained(("a", "b"), END=-60)
    (sample,) = one.draw([""], 1, RULES, Novelty(Original.of(["ab"]), longest=1))
    assert sample.tries in range(1, samples.TRIES + 1)
    stuck = Novelty(Original.of([x + y for x in "ab" for y in "ab"]), longest=1)
    (sample,) = one.draw([""], 1, RULES, stuck)
    assert (sample.tries, len(sample.copied.run)) == (samples.TRIES, 2)


def test_a_number_below_one_is_refused(untrained):
    with pytest.raises(ValueError, match=r"^longest is 0"):
        Novelty(Original.of(["a"]), longest=0)
    with pytest.raises(ValueError, match=r"^num is 0"):
        [*untrained(TOKENS).draw([""], 0)]
