"""Pages of the other tasks in Chromium: labels and scores, targets of sources,
texts of labels."""

import itertools
import math

import numpy as np
import pytest

from rnn_cli.models.encoded.paired import Sides, read_sources
from rnn_cli.models.encoded.texts import Encoded
from rnn_cli.models.scores.lines import score_lines
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.pages.drawing import write
from rnn_cli.text.features import Affixes
from rnn_cli.text.rows import Rows
from rnn_cli.text.vocabulary import START, UNK

TEXTS = ["What a good, good day!", "too BAD", "", "unknown wörds 月光，明月 here", "so  good\tso bad " * 30]
CHOICES = [
    ({"cell": "gru", "embedding": 6, "bidirectional": True}, "softmax", "last+max+mean", True),
    ({"cell": "lstm", "layers": 2, "embedding": 6, "bidirectional": True}, "sigmoid", "last", False),
    ({"cell": "tanh", "layers": 2}, "score", "max", True),
]


@pytest.mark.parametrize(("encoder", "output", "pooling", "has_grams"), CHOICES)
def test_labels_have_the_probabilities_of_python(encoder, output, pooling, has_grams, random_labels, browser):
    model = random_labels(encoder, output, pooling, has_grams)
    browser.open(model, is_exact=True)
    expected = model.probabilities(Encoded.read(TEXTS, model.lexicon, model.grams))
    for text, o in zip(TEXTS, expected, strict=True):
        assert browser.ask("label", "o", text=text)[: len(o)] == pytest.approx(o, abs=1e-5), text


def test_labels_are_told_as_one_types(random_labels, browser):
    browser.open(random_labels({"cell": "gru", "embedding": 6}, "softmax", "mean", True), lines=["so good"])
    assert browser.do("return document.getElementById('write').hidden")
    bar = "document.querySelectorAll('#label-detail .value').length"
    browser.wait(f"{bar} === 2")
    before = browser.do("return document.getElementById('label-detail').textContent")
    browser.do(
        "const field = document.getElementById('to-label'); field.value = 'too bad';"
        "field.dispatchEvent(new Event('input'))"
    )
    browser.wait("document.getElementById('labelled').textContent.includes('bad')")
    assert browser.do("return document.getElementById('label-detail').textContent") != before
    browser.do("document.querySelectorAll('#labelled .token')[1].click()")
    assert browser.do(f"return {bar}") == 4  # with the token, and without it
    for part in ("trained", "words"):
        browser.do(f"document.getElementById('tab-{part}').click()")
    browser.wait("document.querySelectorAll('#words-detail li').length")
    assert browser.complaints() == []


TAGS = [
    ({"cell": "gru", "embedding": 5, "bidirectional": True}, Affixes(3, 64, pairs=True), "NVX", False),
    ({"cell": "lstm", "layers": 2, "embedding": 5, "bidirectional": True}, Affixes(2, 32), "BMES", True),
    ({"cell": "tanh"}, None, "BMES", True),
]


@pytest.mark.parametrize(("encoder", "affixes", "tags", "is_legal"), TAGS)
def test_tags_are_those_of_python(encoder, affixes, tags, is_legal, random_tags, browser):
    model = random_tags(encoder, affixes, tuple(tags), is_legal)
    browser.open(model, is_exact=True)
    texts = ["the moon", "Mc'Donald's3 moon ÉTÉ 月 光明 x", "月 光 月 月 光 光 月", "", "the " * 20]
    for text, expected in zip(texts, model.predict(texts), strict=True):
        found = browser.ask("tag", "tagged", text=text)
        assert [tags[item["tag"]] for item in found] == expected.tags
        assert [math.exp(-item["E"]) for item in found] == pytest.approx(expected.p, abs=1e-5)


def test_tags_stand_below_their_tokens(random_tags, browser):
    browser.open(random_tags({"cell": "gru"}, None, ("N", "V"), False), lines=["the moon the"])
    browser.wait("document.querySelectorAll('#tagged small').length === 3")
    browser.do("document.querySelectorAll('#tagged .token')[1].click()")
    assert browser.do("return document.querySelectorAll('#tag-detail li').length") == 2
    browser.do("document.getElementById('language').click()")
    for part in ("trained", "words"):
        browser.do(f"document.getElementById('tab-{part}').click()")
    browser.wait("document.querySelectorAll('#words-detail li').length")
    assert browser.complaints() == []


PAIRS = [
    ({"cell": "gru", "embedding": 5, "bidirectional": True}, {"cell": "gru", "embedding": 5}, "luong"),
    ({"cell": "lstm", "layers": 2}, {"cell": "lstm", "layers": 2, "embedding": 7, "tie": True}, "bahdanau"),
]


@pytest.mark.parametrize(("encoder", "decoder", "attention"), PAIRS)
def test_a_target_costs_what_it_costs_in_python_and_looks_where_it_looks(
    encoder, decoder, attention, random_pairs, browser
):
    model = random_pairs(encoder, decoder, attention)
    browser.open(model, is_exact=True)
    for text in ("the moon is bright", "here", "the wörld is the Z"):
        written = browser.ask("translate", "written", text=text, given=[3, 5])
        ids = [item["id"] for item in written]
        assert ids[:2] == [3, 5]
        assert len(ids) <= 1.5 * (len(text.split()) + 5) + 1
        _, x = read_sources([text], model.source)
        batch = Sides(x, Rows.of_lists([ids])).batch(np.arange(1))
        nats = model.network.nats(model.p, batch, Workspace(np.float32))[0]
        assert [item["E"] for item in written] == pytest.approx(nats[: len(ids)], abs=1e-5)
        α = model.network.alignments(model.p, batch, Workspace(np.float32))[0]
        for item, looked in zip(written, α, strict=False):
            assert item["α"] == pytest.approx(looked, abs=1e-5)
        for item in written[2:]:
            best = next(id for id, _ in item["others"] if id != START and (id != UNK or "Z" in text))
            assert item["id"] == best
            assert item["id"] != UNK or item["token"] in ("wörld", "Z")


def test_a_target_is_drawn_with_its_attention_and_goes_on_from_another_choice(random_pairs, browser):
    browser.open(random_pairs(*PAIRS[0]), lines=["the moon is bright"])
    browser.wait("document.querySelectorAll('#attention td[title]').length")
    rows = browser.do("return document.querySelectorAll('#attention tr').length") - 1
    assert rows == browser.do("return translating.items.length")
    assert browser.do("return document.querySelectorAll('#attention td[title]').length") == 4 * rows
    browser.do("document.querySelectorAll('#target .token')[1].click()")
    before = browser.do("return translating.items.map((item) => item.id)")
    browser.do("document.querySelector('#target-detail li:not(.chosen) button').click()")
    browser.wait(f"translating.items.length > 1 && translating.items[1].id !== {before[1]}")
    assert browser.do("return translating.items[0].id") == before[0]
    for part in ("trained", "words"):
        browser.do(f"document.getElementById('tab-{part}').click()")
    browser.wait("document.querySelectorAll('#words-detail li').length")
    assert browser.complaints() == []


@pytest.mark.parametrize(
    "language", [{"cell": "lstm", "layers": 2}, {"cell": "gru", "embedding": 8, "tie": True}]
)
def test_a_text_costs_what_it_costs_in_python_and_is_drawn_as_there_for_each_label(
    language, random_texts, browser
):
    model = random_texts(language)
    browser.open(model, is_exact=True)
    how = {"prompt": "ab", "given": [], "length": 40, "lines": 1, "temperature": 1, "topK": 0, "topP": 1}
    for label, name in enumerate(model.labels.names):
        own = model.of(name)
        lines = ["abba", "gab fed a bag"]
        expected = [nats for line in score_lines(own, lines) for nats in line.nats.tolist()]
        read = browser.ask("read", "read", text="\n".join(lines), label=label)
        assert [item["E"] for item in read if item["E"] is not None] == pytest.approx(expected, abs=1e-5)
        written = browser.ask("write", "written", seed=9, label=label, **how)
        assert [item["id"] for item in written] == [*itertools.islice(write(own, "ab", seed=9), 40)]


def test_another_label_is_chosen_for_all_parts_at_once(random_texts, browser):
    browser.open(random_texts({"cell": "tanh"}), lines=["a bad cab"])
    parts = {
        "look": "#read .token",
        "learn": "#equations canvas",
        "trained": "#settings",
        "words": "#map .place",
    }
    for part, shows in parts.items():
        browser.do(f"document.getElementById('tab-{part}').click()")
        browser.wait(f"document.querySelector('{shows}')")
        assert browser.do("return document.getElementById('choose').hidden") == (part in ("trained", "words"))
    assert browser.do("return document.querySelectorAll('b').length") == 0
    chosen = "document.getElementById('label-of')"
    assert browser.do(f"return {chosen}.selectedOptions[0].textContent") == "mid"
    sums = "return document.getElementById('look-sum').textContent"
    before = browser.do(sums)
    browser.do(f"{chosen}.value = '0'; {chosen}.dispatchEvent(new Event('input'))")
    browser.wait(
        f"document.getElementById('look-sum').textContent.length && (() => {{ {sums} }})() !== '{before}'"
    )
    assert browser.complaints() == []
