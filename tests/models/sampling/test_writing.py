"""Where a sample ends."""

import pytest

from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.models.sampling.writing import Sentences, Stops

LETTERS = tuple("ab.。 ")


@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize("lines", [1, 2, 5])
def test_a_text_ends_after_as_many_lines(carry_state, lines, untrained):
    one = untrained(LETTERS, carry_state=carry_state, END=1)
    rules = {"lines": lines, "temperature": 1.0, "seed": 1}
    texts = one.sample(num=50, **rules)
    assert {text.count("\n") for text in texts} == {lines - 1}
    assert one.sample(num=50, length=4, **rules) == [text[:4] for text in texts]
    assert "".join(one.stream(**rules)) == one.sample(num=1, **rules)[0]


def test_each_line_of_a_model_of_lines_begins_anew(untrained):
    one = untrained(LETTERS, END=1)
    first = one.sample(num=4000, temperature=1.0, seed=1)
    three = [text.split("\n") for text in one.sample(num=4000, lines=3, temperature=1.0, seed=2)]
    _, seconds, thirds = map(list, zip(*three, strict=True))
    for line in ("", "a", "b"):
        share = first.count(line) / 4000
        assert seconds.count(line) / 4000 == pytest.approx(share, abs=0.03)
        assert thirds.count(line) / 4000 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("text", "number", "expected"),
    [
        ("A. B. C.", 1, "A."),
        ("A. B. C.", 2, "A. B."),
        ("A.B 3.14? So", 1, "A.B 3.14?"),
        ("“A!” he said. B", 1, "“A!”"),
        ("(A.) B", 1, "(A.)"),
        ("A... B", 1, "A..."),
        ("一。二", 1, "一。"),
        ("“一？！”二。三", 2, "“一？！”二。"),
        ("一。“二”", 1, "一。"),
        ("一\n\n二\n三", 2, "一\n\n二"),
        ("A.", 1, "A."),
    ],
)
def test_a_sentence_ends_with_its_mark_and_what_closes_there_or_with_its_line(text, number, expected):
    for size in (1, 2, 100):
        watcher, end = Sentences(number), None
        for first in range(0, len(text), size):
            place = watcher.find(text[first : first + size])
            if place is not None:
                end = first + place
                break
        assert text[:end] == expected


@pytest.mark.parametrize("carry_state", [True, False])
def test_a_text_ends_after_as_many_sentences(carry_state, untrained):
    one = untrained(LETTERS, carry_state=carry_state, END=0)
    for number in (1, 3):
        for text in one.sample(num=60, sentences=number, length=400, temperature=1.0, seed=1):
            assert not text.endswith("\n")
            counted = Sentences(number)
            assert counted.find(text) is None  # no more than so many,
            assert counted.find("\n") == 0  # and no fewer


@pytest.mark.parametrize("stop", ["b", "ab", " a", "。", "b\n", "\n\n", ["ba", "aa"]])
@pytest.mark.parametrize("carry_state", [True, False])
def test_a_text_ends_before_the_first_of_the_stops(stop, carry_state, untrained):
    one = untrained(LETTERS, carry_state=carry_state, END=0)
    stops = [stop] if isinstance(stop, str) else stop
    rules = {"length": 60, "temperature": 1.0, "seed": 1}
    for free, stopped in zip(
        one.sample("a", num=80, **rules), one.sample("a", num=80, stop=stop, **rules), strict=True
    ):
        places = [place for place in (free.find(each, 1) for each in stops) if place >= 0]
        assert stopped == (free[: min(places)] if places else free)
    for seed in range(20):
        streamed = "".join(one.stream("a", stop=stop, length=60, temperature=1.0, seed=seed))
        assert streamed == one.sample("a", stop=stop, length=60, temperature=1.0, seed=seed)[0]


def test_a_stop_across_tokens_is_held_back_in_a_stream_until_it_is_none(untrained):
    assert Stops(("abc",)).held("xab") == 2
    assert Stops(("abc", "b")).held("xa") == 1
    assert Stops(("abc",)).held("xabx") == 0
    one = untrained(("春江", "花月", "夜"), "jieba", END=-9)
    pieces = [*one.stream(stop="江花", seed=1, temperature=3.0, length=300)]
    assert "江花" not in "".join(pieces)


def test_an_empty_stop_is_refused(untrained):
    with pytest.raises(ValueError, match=r"^stop is empty"):
        untrained(LETTERS).sample(stop="")


def test_what_ended_a_sample_is_told(untrained):
    one = untrained(LETTERS, END=0)

    def ended(**rules):
        return {sample.ended for sample in one.draw([""], 60, Sampling(seed=1, temperature=1.0, **rules))}

    assert ended() == {"line"}
    assert ended(length=2) == {"line", "length"}
    assert ended(lines=2) == {"lines"}
    assert ended(stop="a") == {"line", "stop"}
    assert ended(sentences=1) == {"sentences"}
    assert ended(form="3") == {"form"}
