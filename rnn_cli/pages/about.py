"""The JSON about a model that a page holds: all that its script needs besides the parameters."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models import file
from rnn_cli.models.classifier import Classifier
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.encoded.legal import legal_sequences
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.tagger import Tagger
from rnn_cli.models.translator import Translator
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.network import Network
from rnn_cli.pages.neurons import telling
from rnn_cli.pages.training import trained
from rnn_cli.pages.word_map import Model, table_of, word_map
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.units import LINE_END, units

EXAMPLE = 600  # characters of the text that the page shows first
SENTENCE = 24  # tokens of the sentence that it explains first
READ = 2000  # lines of the text that are read
SHORT = 40  # average characters of a line, up to which several lines are written at a time


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a page shows besides the model.

    title: its heading.
    lines: of a text, to look at and to find neurons in; none: a language model writes some.
    history: how the model was trained; None: as its file says.
    log: the rows of the training log. ngram: the loss of an n-gram model on the validation text.
    is_exact: whether all parameters are float32; if not, those of large arrays are rounded (packing.py).
    top_words: keep only this many tokens; None: all.
    """

    title: str
    lines: Iterable[str] = ()
    history: dict[str, Any] | None = None
    log: list[dict[str, Any]] = field(default_factory=list)
    ngram: float | None = None
    is_exact: bool = False
    top_words: int | None = None


def about(model: Model, told: Told) -> dict[str, Any]:
    """Return the JSON about a model. Raises RnnError for a log of another model."""
    match model:
        case LanguageModel():
            own = _of_language(model, told)
        case Conditional():
            own = _of_texts(model, told)
        case Classifier():
            own = _of_labels(model, told)
        case Tagger():
            own = _of_tags(model, told)
        case Translator():
            own = _of_pairs(model, told)
    places = word_map(model)
    return own | {
        "parts": [part for part in own["parts"] if places or part != "words"],
        "parameters": model.network.size,
        "isExact": told.is_exact,
        "lexicon": _lexicon(model.lexicon),
        "vectors": table_of(model),
        "map": places,
        "trained": trained(model.history if told.history is None else told.history, told.log)
        | {"ngram": told.ngram},
    }


def _of_language(model: LanguageModel, told: Told) -> dict[str, Any]:
    network, tokenizer = model.network, model.lexicon.tokenizer
    read = _units(model, told.lines)
    split = [[token or "" for token in tokenizer.split(unit)] for unit in read]
    return {
        "task": file.LANGUAGE,
        "parts": ["write", "look", "learn", "trained", "words"],
        "network": _network(network),
        "shapes": [[name, shape] for name, shape in network.shapes.items()],
        "carries": model.carry_state,
        "example": _first(read, EXAMPLE),
        "sentence": _sentence(model, split[0]) if split else "",
        "lines": 4 if sum(map(len, read)) <= SHORT * len(read) else 1,
        "neurons": telling(model, split),
    }


def _of_texts(model: Conditional, told: Told) -> dict[str, Any]:
    """Return the JSON about a model of texts from labels; the page begins with the most frequent label."""
    label = int(np.argmax(model.labels.counts))
    own = {
        "task": model.task,
        "shapes": [[name, shape] for name, shape in model.network.shapes.items()],
        "labels": model.labels.names,
        "label": label,
    }
    return _of_language(model.of(model.labels.names[label]), told) | own


def _of_labels(model: Classifier, told: Told) -> dict[str, Any]:
    network = model.network
    return {
        "task": model.task,
        "parts": ["label", "trained", "words"],
        "network": _encoder(network.encoder) | {"output": network.output, "pooling": network.pooling},
        "example": _first_line(told),
        "labels": model.labels.names if model.labels else [""],
        "scale": model.scale,
        "grams": model.grams.to_json() if model.grams else None,
    }


def _of_tags(model: Tagger, told: Told) -> dict[str, Any]:
    legal = legal_sequences(model.scheme) if model.is_legal and model.scheme else None
    return {
        "task": model.task,
        "parts": ["tag", "trained", "words"],
        "network": _encoder(model.network.encoder),
        "example": _first_line(told),
        "tags": model.tags.names,
        "affixes": model.affixes.to_json() if model.affixes else None,
        "legal": {name: allowed.tolist() for name, allowed in legal._asdict().items()} if legal else None,
        "readsCharacters": model.reads_characters,
    }


def _of_pairs(model: Translator, told: Told) -> dict[str, Any]:
    network = model.network
    own = {"decoder": _network(network.decoder), "attention": network.attention}
    return {
        "task": model.task,
        "parts": ["translate", "trained", "words"],
        "network": _encoder(network.encoder) | own,
        "example": _first_line(told),
        "target": _lexicon(model.target),
        "growth": model.growth,
    }


def _network(network: Network) -> dict[str, Any]:
    return {
        "m": network.m,
        "n": network.n,
        "layers": network.layers,
        "cell": network.cell,
        "output": network.output,
        "input": "tied" if network.tie else "embedding" if network.embedding else "one_hot",
        "embedding": network.embedding,
        "cutoffs": network.cutoffs,
    }


def _encoder(encoder: Encoder) -> dict[str, Any]:
    return {
        "m": encoder.m,
        "n": encoder.n,
        "layers": encoder.layers,
        "cell": encoder.cell,
        "input": "embedding" if encoder.embedding else "one_hot",
        "embedding": encoder.embedding,
        "bidirectional": encoder.bidirectional,
    }


def _first_line(told: Told) -> list[str]:
    return [line for line in itertools.islice(told.lines, READ) if line.strip()][:1]


def _lexicon(lexicon: Lexicon) -> dict[str, Any]:
    tokenizer = lexicon.tokenizer
    return {
        "tokenizer": tokenizer.name,
        "normalize": tokenizer.settings.get("normalize", "none"),
        "unit": tokenizer.unit,
        "separator": tokenizer.separator,
        "tokens": lexicon.vocabulary.tokens,
        "counts": lexicon.vocabulary.counts,
    }


def _units(model: LanguageModel, lines: Iterable[str]) -> list[str]:
    """Return the lines or paragraphs of a text that are not blank; if there are none, some by the model."""
    first = itertools.islice(lines, READ)
    read = [unit for unit in units(first, model.lexicon.tokenizer.unit) if unit.strip()]
    if read:
        return read
    try:
        return [sample for sample in model.sample(num=40, length=100, seed=0) if sample.strip()]
    except RnnError:  # a relu state has overflowed: the page has no example
        return []


def _sentence(model: LanguageModel, tokens: list[str]) -> str:
    """Return the first tokens of the first line, as text."""
    line = itertools.takewhile(lambda token: token != LINE_END, filter(None, tokens))
    return model.lexicon.tokenizer.join(itertools.islice(line, SENTENCE))


def _first(read: list[str], characters: int) -> list[str]:
    """Return the first lines that have at most `characters` characters in all; at least one, cut to that."""
    shown: list[str] = []
    left = characters
    for unit in read:
        if shown and len(unit) > left:
            break
        shown.append(unit[:characters])
        left -= len(unit)
    return shown
