"""A few pairs of each task, and the settings of a small run on them."""

from typing import Any

import numpy as np

NAMES = ("cat", "dog", "bird")
GOOD, BAD = ("good", "fine", "nice"), ("bad", "poor", "awful")
SMALL: dict[str, Any] = {
    "hidden": 4,
    "batch": 8,
    "epochs": 3,
    "threads": 1,
    "lr": 0.02,
    "dropout": 0.1,
}


def _texts(number: int) -> list[tuple[str, str]]:
    """Return texts, each with the word that its label follows from."""
    rng = np.random.default_rng(0)
    words = [*GOOD, *BAD]
    rest = [" ".join(rng.choice(["the", "film", "was", "a", "very"], 1 + k % 5)) for k in range(number)]
    return [(f"{text} {words[k % 6]}", words[k % 6]) for k, text in enumerate(rest)]


def classified(number: int = 60) -> list[str]:
    return [f"{text}\t{'yes' if word in GOOD else 'no'}" for text, word in _texts(number)]


def rated(number: int = 60) -> list[str]:
    return [f"{text}\t{[*GOOD, *BAD].index(word) + 1}" for text, word in _texts(number)]


def tagged(number: int = 60) -> list[str]:
    rng = np.random.default_rng(0)
    tokens = [["the", rng.choice(NAMES), "sees", "a", rng.choice(NAMES)][: 2 + k % 4] for k in range(number)]
    tags = ["B-X", "I-X", "O", "B-X", "I-X"]
    return [f"{' '.join(row)}\t{' '.join(tags[: len(row)])}" for row in tokens]


def translated(number: int = 60) -> list[str]:
    rng = np.random.default_rng(0)
    rows = [rng.choice([*"abcd"], 1 + k % 4).tolist() for k in range(number)]
    return [f"{' '.join(row)}\t{' '.join(row[::-1])}" for row in rows]


def generated(number: int = 60) -> list[str]:
    rng = np.random.default_rng(0)
    labels = ["ab" if k % 3 else "cd" for k in range(number)]
    return [f"{label}\t{''.join(rng.choice([*label], 2 + k % 4))}" for k, label in enumerate(labels)]


TASKS: dict[str, tuple[list[str], dict[str, Any]]] = {  # lines, and the settings of a run on them
    "classify": (classified(), SMALL | {"embedding": 4, "tokenizer": "space"}),
    "rate": (rated(), SMALL | {"embedding": 4, "tokenizer": "space"}),
    "tag": (tagged(), SMALL | {"embedding": 4}),
    "translate": (translated(), SMALL | {"embedding": 4}),
    "generate": (generated(), SMALL | {"preset": "tiny", "tokenizer": "char"}),
}
