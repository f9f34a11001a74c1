"""The file that a page is: whole, escaped, bounded."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from rnn_cli.errors import UsageError
from rnn_cli.network.network import Network
from rnn_cli.pages import page
from rnn_cli.pages.about import EXAMPLE, Told
from rnn_cli.pages.neurons import FACTS
from rnn_cli.pages.page import asset, embedded, page_of


class Parts(HTMLParser):
    """The texts of a page's elements, by their id or their name; and what it would load from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.parts, self.links, self.open = {}, [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[name] for name in ("src", "href", "data", "action") if name in attrs]
        self.links += [name for name in attrs if name.startswith("on")]
        self.open = attrs.get("id", tag)
        if tag == "meta" and "http-equiv" in attrs:
            self.parts["policy"] = attrs["content"]

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        self.parts[self.open] = self.parts.get(self.open, "") + data

    def json(self, name):
        return json.loads(self.parts[f"{name}-data"])


@pytest.fixture
def parts(random_model):
    """The parts of the page of a model."""

    def call(kind="tanh", model=None, **told):
        told = Told(**{"title": "a page", **told})
        return Parts(page_of(model or random_model(kind), told).decode("utf-8"))

    return call


def test_a_page_loads_nothing_and_has_no_script_but_those_of_the_policy(parts):
    found = parts()
    assert found.links == []
    sources = dict(part.split(" ", 1) for part in found.parts["policy"].split("; "))
    assert sources["default-src"] == "'none'"
    assert "unsafe" not in found.parts["policy"]
    for name, source in (("script", "script-src"), ("style", "style-src")):
        digest = hashlib.sha256(found.parts[name].encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in sources[source]


def test_a_title_is_text(parts):
    assert parts(title="<b>a & b</b>").parts["h1"].strip() == "<b>a & b</b>"


@pytest.mark.parametrize("hostile", ["</script>", "<!--<script>", "]]>", "\u2028", "\ud800", "&lt;", "$a"])
def test_what_is_embedded_comes_back_and_cannot_end_its_element(hostile):
    text = embedded({"token": hostile})
    assert not re.search("[<>&]", text)
    encoded = text.encode("utf-8", "backslashreplace").decode("utf-8")
    assert json.loads(encoded) == {"token": hostile}


def test_a_history_of_anything_makes_a_page(parts, random_model):
    history = {"epochs": [None, {"train_loss": 1.0}, {"valid_loss": float("nan")}], "training": [1]}
    told = parts(model=random_model("tanh", **history, loss=float("inf"), preset={"a": 1})).json("about")
    assert [row["epoch"] for row in told["trained"]["epochs"]] == [2, 3]
    assert told["trained"]["settings"] == {}


def test_a_page_without_a_text_shows_what_the_model_writes(parts, random_model):
    model = random_model("tanh")
    shown = parts(model=model).json("about")["example"]
    assert shown
    assert all(line in model.sample(num=40, length=100, seed=0) for line in shown)


def test_a_page_shows_the_first_lines_of_a_text_and_no_more(parts):
    lines = ["", "first line", "x" * 2000, "third"]
    told = parts(lines=lines).json("about")
    assert told["example"] == ["first line"]
    assert told["sentence"] == "first line"
    assert parts(lines=lines[2:]).json("about")["example"] == ["x" * EXAMPLE]


def test_a_page_that_is_too_large_is_refused_with_a_way_that_works(parts, random_model, monkeypatch):
    model = random_model("gru", tokens=tuple(f"w{k}" for k in range(3000)))
    monkeypatch.setattr(page, "MOST", 300_000)
    with pytest.raises(UsageError, match=r"MB.*--top-words"):
        parts(model=model, is_exact=True)
    assert len(parts(model=model, top_words=100).json("about")["lexicon"]["tokens"]) == 100


def test_english_and_chinese_have_the_same_words_with_the_same_places():
    english, chinese = json.loads(asset("words.json")).values()
    assert english.keys() == chinese.keys()
    for name, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese[name])), name


def test_every_word_that_the_page_says_is_there_and_none_is_idle():
    scripts = "".join(asset(f"page/{name}.js") for name in page.PAGE) + asset("page.html")
    words = json.loads(asset("words.json"))["en"]
    said = set(re.findall(r'data-say(?:-label|-placeholder)?="(\w+)"', scripts)) | set(
        re.findall(r'say\(\s*"(\w+)"', scripts)
    )
    assert said <= words.keys()
    of_models = {"tied", "embedding", "adaptive", "steps_train_loss", "steps_gradient_norm"}
    assert {word for word in words if f'"{word}"' not in scripts} <= {*FACTS, *of_models}


def test_a_page_of_512_units_of_an_lstm_of_characters_has_less_than_3_mb(random_model):
    model = random_model("tanh", tokens=tuple(map(chr, range(33, 95))))
    network = Network(model.network.m, 512, "lstm")
    rng = np.random.default_rng(0)
    p = network.lay_out({name: rng.normal(0, 0.1, shape) for name, shape in network.shapes.items()})
    large = replace(model, network=network, p=p)
    assert len(page_of(large, Told(title="large", lines=["abc"]))) < 3_000_000
