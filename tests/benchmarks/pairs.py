"""What fastText and scikit-learn reach on labelled texts, to compare with `rnn train --task classify`.

    python -m venv peers
    peers/bin/pip install fasttext-wheel scikit-learn
    peers/bin/python tests/benchmarks/pairs.py FOLDER [FOLDER …]

Each folder holds train.tsv, valid.tsv and test.tsv: text, tab, label. The script does not need rnn, and
leaves out a peer that is not installed. It prints a line for each peer: the share of the test texts whose
label is right, macro-F1 if scikit-learn is installed, wall-clock and processor seconds to train, and texts
per second of processor time. The settings of each peer are chosen on valid.tsv, from a few.
"""

import argparse
import importlib
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PREDICTED = 20_000  # texts of which the speed is measured, at least
GRAMS = ({"wordNgrams": 2}, {"wordNgrams": 2, "minn": 1, "maxn": 4})  # of fastText
STRENGTHS = (1.0, 4.0, 16.0)  # C of logistic regression


class Texts(NamedTuple):
    """Texts and their labels."""

    texts: list[str]
    labels: list[str]


Predict = Callable[[list[str]], list[str]]


def read(path: Path) -> Texts:
    """Return the pairs of a file, one a line."""
    rows = [line.split("\t") for line in path.read_text("utf-8").split("\n") if line]
    return Texts([row[0] for row in rows], [row[1] for row in rows])


def accuracy(predict: Predict, pairs: Texts) -> float:
    """Return the share of texts whose label is right."""
    right = sum(a == b for a, b in zip(predict(pairs.texts), pairs.labels, strict=True))
    return right / len(pairs.labels)


def majority(train: Texts, settings: Any) -> Predict:
    """Return the most frequent label for every text."""
    most = max(set(train.labels), key=train.labels.count)
    return lambda texts: [most] * len(texts)


def fasttext(train: Texts, settings: dict[str, int]) -> Predict:
    """Train fastText's classifier, one thread."""
    library = importlib.import_module("fasttext")
    separated = {label: f"__label__{number}" for number, label in enumerate(sorted(set(train.labels)))}
    back = {number: label for label, number in separated.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = [f"{separated[label]} {text}\n" for text, label in zip(*train, strict=True)]
        path.write_text("".join(lines), "utf-8")
        model = library.train_supervised(str(path), epoch=25, lr=0.5, thread=1, verbose=0, **settings)
    inner = model.f  # its predict() in Python fails with NumPy 2

    def predict(texts: list[str]) -> list[str]:
        answers = [inner.predict(f"{text}\n", 1, 0.0, "strict") for text in texts]
        return [back[answer[0][1]] if answer else train.labels[0] for answer in answers]

    return predict


def linear(train: Texts, strength: float) -> Predict:
    """Train logistic regression on tf-idf of n-grams of words and of characters."""
    text = importlib.import_module("sklearn.feature_extraction.text")
    regression = importlib.import_module("sklearn.linear_model").LogisticRegression
    union = importlib.import_module("sklearn.pipeline").FeatureUnion
    words = text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")
    letters = text.TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    features = union([("words", words), ("characters", letters)])
    model = regression(C=strength, max_iter=300).fit(features.fit_transform(train.texts), train.labels)
    return lambda texts: [str(label) for label in model.predict(features.transform(texts))]


PEERS: dict[str, tuple[Callable[[Texts, Any], Predict], Sequence[Any]]] = {
    "majority": (majority, [None]),
    "fastText": (fasttext, GRAMS),
    "linear": (linear, STRENGTHS),
}


def macro_f1(predict: Predict, pairs: Texts) -> str:
    try:
        metrics = importlib.import_module("sklearn.metrics")
    except ImportError:
        return "–"
    given = predict(pairs.texts)
    return f"{100 * metrics.f1_score(pairs.labels, given, average='macro', zero_division=0):.1f}"


def measure(folder: Path) -> None:
    """Print a line for each peer that is installed."""
    train, valid, test = (read(folder / f"{part}.tsv") for part in ("train", "valid", "test"))
    for name, (teach, choices) in PEERS.items():
        try:
            taught = []
            for settings in choices:
                clock, processor = time.perf_counter(), time.process_time()
                predict = teach(train, settings)
                seconds = time.perf_counter() - clock, time.process_time() - processor
                taught.append((accuracy(predict, valid), seconds, settings, predict))
        except ImportError as error:
            print(f"{folder.name:<14} {name:<9} left out: {error}")
            continue
        _, (wall, cpu), settings, predict = max(taught, key=lambda each: each[0])
        many = (test.texts * (PREDICTED // len(test.texts) + 1))[:PREDICTED]
        processor = time.process_time()
        predict(many)
        rate = len(many) / (time.process_time() - processor)
        print(
            f"{folder.name:<14} {name:<9} {100 * accuracy(predict, test):.1f} %, "
            f"macro-F1 {macro_f1(predict, test)}, "
            f"{wall:.1f} s ({cpu:.1f} s of the processor), {rate:,.0f} texts/s, {settings}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    for folder in parser.parse_args().folders:
        measure(folder)


if __name__ == "__main__":
    main()
