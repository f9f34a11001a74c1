"""Pages in Chromium: they compute what Python computes, draw what it draws, and run nothing else."""

import itertools

import pytest

from rnn_cli.models.scores.lines import score_lines
from rnn_cli.pages import packing
from rnn_cli.pages.drawing import write
from rnn_cli.text.vocabulary import START

HOSTILE = ("</script>", "<img/src=x/onerror=alert(1)>", "<!--", "&lt;b&gt;", "${1}", "\u2028", "'\"\\")


@pytest.mark.parametrize(("is_exact", "least"), [(False, 1e-3), (True, 1e-5)])
@pytest.mark.parametrize("kind", ["tanh", "gru", "lstm", "classes"])
def test_the_losses_are_those_of_python(
    kind, is_exact, least, random_model, random_lines, browser, monkeypatch
):
    monkeypatch.setattr(packing, "SMALL", 0)  # so that a small model is rounded as a large one is
    monkeypatch.setattr(packing, "FEW", 0)
    model = random_model(kind)
    lines = random_lines(model)
    browser.open(model, is_exact=is_exact)
    read = browser.ask("read", "read", text="\n".join(lines))
    expected = [nats for line in score_lines(model, lines) for nats in line.nats.tolist()]
    found = [item["E"] for item in read if item["E"] is not None]
    assert len(found) == 210
    assert found == pytest.approx(expected, rel=0, abs=least)


@pytest.mark.parametrize("carries", [False, True])
def test_lines_begin_at_zero_or_where_the_line_before_ended(carries, random_model, random_lines, browser):
    """And blank lines are read only where the state runs on."""
    model = random_model("tanh", carry_state=carries)
    lines = [*random_lines(model)[:2], "", *random_lines(model)[2:4]]
    browser.open(model, is_exact=True)
    expected = [nats for line in score_lines(model, lines) for nats in line.nats.tolist()]
    read = browser.ask("read", "read", text="\n".join(lines))
    assert [item["E"] for item in read if item["id"] != START] == pytest.approx(expected, rel=0, abs=1e-5)


HOW = [
    {"temperature": 1.0, "top_k": 0, "top_p": 1.0},
    {"temperature": 0.6, "top_k": 5, "top_p": 1.0},
    {"temperature": 1.4, "top_k": 0, "top_p": 0.8},
    {"temperature": 1.2, "top_k": 12, "top_p": 0.9},
    {"temperature": 0, "top_k": 0, "top_p": 1.0},
]


@pytest.mark.parametrize(
    ("kind", "carries"), [("tanh", False), ("gru", False), ("lstm", True), ("relu", True)]
)
def test_an_exact_page_draws_what_python_draws(kind, carries, random_model, browser):
    model = random_model(kind, carry_state=carries)
    prompt = (
        "" if kind == "gru" else model.lexicon.tokenizer.join(["Z", *model.lexicon.vocabulary.tokens[:3]])
    )
    browser.open(model, is_exact=True)
    for seed, how in enumerate(HOW):
        expected = [*itertools.islice(write(model, prompt, seed, **how), 150)]
        js = {"temperature": how["temperature"], "topK": how["top_k"], "topP": how["top_p"]}
        question = {"prompt": prompt, "given": [], "length": 150, "lines": 1, "seed": seed, **js}
        written = browser.ask("write", "written", **question)
        assert [item["id"] for item in written] == expected, how


def test_a_text_goes_on_from_another_choice(random_model, browser):
    """The numbers drawn after it are those of before: what the choice does not change stays."""
    browser.open(random_model("tanh"))
    browser.do("document.getElementById('lines').value = 5; writing.write()")
    browser.wait("document.getElementById('stop').disabled && writing.items.length > 9")
    before = browser.do("return writing.items.map((item) => item.id)")
    browser.do("document.querySelectorAll('#written .token')[4].click()")
    other = "document.querySelector('#write-detail li:not(.chosen) button')"
    chosen = browser.do(f"return {other}.querySelector('.name').textContent")
    browser.do(f"{other}.click()")
    browser.wait("document.getElementById('stop').disabled && writing.items.length > 4")
    after = browser.do("return writing.items.map((item) => [item.id, item.token])")
    assert [id for id, _ in after[:4]] == before[:4]
    assert after[4][1] == chosen.replace("␣", " ")
    assert after[4][0] != before[4]


def test_a_prompt_that_ends_in_a_word_begun_is_gone_on_with(random_model, browser):
    browser.open(random_model("gru"))
    how = {"given": [], "length": 5, "lines": 1, "temperature": 1, "topK": 0, "topP": 1}
    for seed in range(5):
        written = browser.ask("write", "written", prompt="beda lo", seed=seed, **how)
        assert written[0]["token"].startswith("lo")


def test_what_looks_like_html_is_text(random_model, browser):
    model = random_model("gru", tokens=(*HOSTILE, *(f"w{k}" for k in range(12))))
    text = " ".join(HOSTILE)
    browser.open(model, title="<img src=x onerror=alert(1)></title>", lines=[text] * 3)
    for part in ("write", "look", "learn", "trained", "words"):
        browser.do(f"document.getElementById('tab-{part}').click()")
    browser.wait("document.querySelectorAll('#read .token').length > 9")
    assert browser.do("return document.querySelectorAll('img, b').length") == 0
    assert (
        browser.do("return document.querySelector('h1').textContent")
        == "<img src=x onerror=alert(1)></title>"
    )
    for token in HOSTILE:
        spans = "[...document.querySelectorAll('#read .token')]"
        is_shown = browser.do(f"return {spans}.some((span) => span.textContent === arguments[0])", token)
        assert token.isspace() or is_shown, token
    assert browser.complaints() == []


def test_the_policy_stops_every_other_script_and_every_request(random_model, browser):
    browser.open(random_model("tanh"))
    browser.do(
        "window.ran = 0;"
        "const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        "document.body.append(script); const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';"
        "document.body.append(image);"
    )
    browser.wait("true")
    assert browser.do("return window.ran") == 0
    complaints = " ".join(browser.complaints())
    assert "inline script" in complaints
    assert "img-src" in complaints


PARTS = {
    "write": "#written .token",
    "look": "#read .token",
    "learn": "#equations canvas",
    "trained": "#curves path",
    "words": "#map .place",
}


def test_every_part_shows_itself_by_keyboard_in_both_languages(random_model, browser):
    epochs = [{"train_loss": 2.5, "valid_loss": 2.6}, {"train_loss": 2.0, "valid_loss": 2.2}]
    browser.open(random_model("lstm", epochs=epochs, epoch=2), lines=["the moon is bright."] * 4)
    assert browser.do("return document.getElementById('loading')") is None  # it is ready
    browser.do("document.getElementById('tab-write').focus()")
    for part, shows in PARTS.items():
        assert browser.do("return document.activeElement.id") == f"tab-{part}"
        browser.wait(f"document.querySelector('{shows}') && !document.getElementById('{part}').hidden")
        key = "new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true})"
        browser.do(f"document.activeElement.dispatchEvent({key})")
    for language in ("zh-Hans", "en"):
        browser.do("document.getElementById('language').click()")
        assert browser.do("return document.documentElement.lang") == language
        unnamed = "return [...document.querySelectorAll('[data-say]')].filter((e) => !e.textContent).length"
        assert browser.do(unnamed) == 0
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_part_is_wider_than_the_window(width, random_model, browser):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.open(random_model("tanh", epochs=[{"train_loss": 2.5, "valid_loss": None}] * 3))
        for part, shows in PARTS.items():
            browser.do(f"document.getElementById('tab-{part}').click()")
            browser.wait(f"document.querySelector('{shows}')")
            assert browser.do("return document.documentElement.scrollWidth") <= width, part
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
