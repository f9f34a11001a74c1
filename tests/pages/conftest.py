"""Models whose weights are random, and a browser that runs their pages."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnn_cli import LanguageModel
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.tagger import Tagger
from rnn_cli.models.translator import Translator
from rnn_cli.network.classifier import Classifier as NetworkOfLabels
from rnn_cli.network.conditional import Conditional as NetworkOfTexts
from rnn_cli.network.conditional import Guided
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder
from rnn_cli.network.network import Network
from rnn_cli.network.tagger import Tagger as NetworkOfTags
from rnn_cli.pages.about import Told
from rnn_cli.pages.page import page_of
from rnn_cli.text.features import Affixes, Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import UNK, Vocabulary

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz ,.\"'ABCDE明月光。")
WORDS = tuple(
    f"{first}{last}" for first in ("be", "lo", "ma", "ri", "tu") for last in ("da", "n", "st", "wé")
)
KINDS: dict[str, tuple[tuple[str, ...], str, dict[str, Any]]] = {
    "tanh": (LETTERS, "char", {}),
    "gru": (WORDS, "space", {"cell": "gru", "embedding": 16, "tie": True}),
    "lstm": (
        LETTERS,
        "char",
        {"cell": "lstm", "layers": 2, "embedding": 8, "output": "adaptive", "cutoffs": (9, 20)},
    ),
    "relu": (WORDS, "space", {"cell": "relu"}),
    "classes": (
        WORDS,
        "space",
        {"cell": "lstm", "layers": 2, "embedding": 16, "tie": True, "output": "classes", "cutoffs": (9, 20)},
    ),
}


@pytest.fixture
def random_model() -> Callable[..., LanguageModel]:
    """Make a model of a kind, with random weights."""

    def call(
        kind: str, tokens: tuple[str, ...] | None = None, carry_state: bool = False, **history: Any
    ) -> LanguageModel:
        usual, tokenizer, choices = KINDS[kind]
        vocabulary = Vocabulary(tokens or usual, tuple(range(len(tokens or usual), 0, -1)))
        network = Network(vocabulary.size, 16, **choices)
        rng = np.random.default_rng(3)
        p = {name: rng.normal(0, 0.25, shape) for name, shape in network.shapes.items()}
        lexicon = Lexicon(TOKENIZERS[tokenizer], vocabulary, Spelling({}))
        return LanguageModel(lexicon, network, network.lay_out(p), carry_state, history)

    return call


@pytest.fixture
def random_texts() -> Callable[..., Conditional]:
    """Make a model of texts from labels with random weights."""

    def call(language: dict[str, Any]) -> Conditional:
        lexicon = Lexicon(
            TOKENIZERS["char"], Vocabulary(tuple("abcdefg "), (8, 7, 6, 5, 4, 3, 2, 1)), Spelling({})
        )
        network = NetworkOfTexts(Guided(11, 8, **language, beside=4), 3)
        rng = np.random.default_rng(8)
        p = {name: rng.normal(0, 0.7, shape) for name, shape in network.shapes.items()}
        labels = Labels(("<b>low</b>", "mid", "top"), (2, 5, 1), False)
        return Conditional(lexicon, network, network.lay_out(p), labels)

    return call


@pytest.fixture
def random_labels() -> Callable[..., Classifier]:
    """Make a model of labels, or of a score, with random weights."""

    def call(encoder: dict[str, Any], output: str, pooling: str, has_grams: bool) -> Classifier:
        tokens = ("so", "good", "bad", "day", "too", "here")
        lexicon = Lexicon(TOKENIZERS["space"], Vocabulary(tokens, (6, 5, 4, 3, 2, 1)), Spelling({}))
        names = 1 if output == "score" else 2
        grams = Grams(words=2, least=1, most=3, buckets=64) if has_grams else None
        sizes = {"buckets": 64, "most_grams": 4000} if grams else {}
        network = NetworkOfLabels(Encoder(9, 8, **encoder), names, output, pooling, **sizes)
        rng = np.random.default_rng(5)
        p = {name: rng.normal(0, 0.5, shape) for name, shape in network.shapes.items()}
        labels = None if output == "score" else Labels(("yes", "no"), (2, 1), output == "sigmoid")
        scale = (1.0, 5.0) if labels is None else None
        return Classifier(lexicon, network, network.lay_out(p), labels, scale, grams)

    return call


@pytest.fixture
def random_tags() -> Callable[..., Tagger]:
    """Make a model of tags with random weights."""

    def call(
        encoder: dict[str, Any], affixes: Affixes | None, tags: tuple[str, ...], is_legal: bool
    ) -> Tagger:
        lexicon = Lexicon(
            TOKENIZERS["space"], Vocabulary(("the", "moon", "月", "光"), (4, 3, 2, 1)), Spelling({})
        )
        beside = {"beside": 3} if affixes else {}
        of_affixes = {"buckets": affixes.buckets, "most_affixes": affixes.count} if affixes else {}
        network = NetworkOfTags(Encoder(7, 6, **encoder, **beside), len(tags), **of_affixes)
        rng = np.random.default_rng(7)
        p = {name: rng.normal(0, 0.6, shape) for name, shape in network.shapes.items()}
        names = Labels(tags, tuple(range(len(tags), 0, -1)))
        return Tagger(lexicon, network, network.lay_out(p), names, affixes, is_legal)

    return call


@pytest.fixture
def random_pairs() -> Callable[..., Translator]:
    """Make a model of pairs with random weights."""

    def call(encoder: dict[str, Any], decoder: dict[str, Any], attention: str) -> Translator:
        source = Vocabulary(("the", "moon", "is", "bright", "here"), (5, 4, 3, 2, 1))
        target = Vocabulary(tuple("月亮光明在这里。"), (8, 7, 6, 5, 4, 3, 2, 1))
        read = Lexicon(TOKENIZERS["space"], source, Spelling({}))
        write = Lexicon(TOKENIZERS["char"], target, Spelling({}))
        network = EncoderDecoder(Encoder(8, 6, **encoder), Network(11, 7, **decoder), attention)
        rng = np.random.default_rng(6)
        p = {name: rng.normal(0, 0.8, shape) for name, shape in network.shapes.items()}
        p["b_y_dec"][UNK] += 2  # which is not written where the source has none
        return Translator(read, write, network, network.lay_out(p), 1.5)

    return call


@pytest.fixture
def random_lines() -> Callable[[LanguageModel], list[str]]:
    """Lines of a model's tokens, with an unknown one here and there: some 200 positions."""

    def call(model: LanguageModel) -> list[str]:
        rng, tokenizer = random.Random(4), model.lexicon.tokenizer
        tokens = [*model.lexicon.vocabulary.tokens, "Z"]
        return [tokenizer.join(["Z", *rng.choices(tokens, k=19)]) for _ in range(10)]

    return call


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    """Chromium without a window."""
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium, own = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not own:
        pytest.skip("there is no chromium with its driver (apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(own))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


class Browser:
    """A page in a browser."""

    def __init__(self, driver: Any, folder: Path):
        self.driver, self.folder = driver, folder

    def open(self, model: LanguageModel, **told: Any) -> None:
        """Open the page of a model, and wait until it runs."""
        path = self.folder / "page.html"
        path.write_bytes(page_of(model, Told(**{"title": "a page", **told})))
        self.driver.get(path.as_uri())
        self.wait("document.documentElement.dataset.ready")

    def do(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page; -> what it returns."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: str) -> None:
        """Wait until a condition holds, for a minute at most."""
        look = f"const look = () => ({condition}) ? done() : setTimeout(look, 20)"
        self.driver.execute_async_script(f"const done = arguments[0]; {look}; look();")

    def ask(self, kind: str, part: str, **question: Any) -> list[dict[str, Any]]:
        """Ask the page's worker; -> all parts of the answer."""
        return self.driver.execute_async_script(
            "const [kind, part, question, done] = arguments; const parts = [];"
            "ask(kind, question, (some) => parts.push(...some[part]))"
            ".then((last) => done([...parts, ...last[part]]), (error) => done(String(error)));",
            kind,
            part,
            {"of": "test", **question},
        )

    def complaints(self) -> list[str]:
        """What the browser complained of since it was last asked."""
        return [row["message"] for row in self.driver.get_log("browser")]


@pytest.fixture
def browser(driver: Any, tmp_path: Path) -> Browser:
    browser = Browser(driver, tmp_path)
    browser.complaints()
    return browser
