"""Tags, and the words that they mark, as the commands print them."""

from collections.abc import Iterator, Sequence
from typing import Any

from rnn_cli.cli.tasks.family import UNDECODED, Answer, Asked, Undecoded, head_of_table, totals, without_seen
from rnn_cli.models.tagger import Tagger, Tagging
from rnn_cli.models.tested.tags import TestedTags
from rnn_cli.runs.examine import Examined

NAMES = {
    "accuracy": "accuracy",
    "unknown_accuracy": "of unknown tokens",
    "exact": "exact sentences",
    "span_precision": "span precision",
    "span_recall": "span recall",
    "span_f1": "span F1",
}
WIDTH = 24


class Tags:
    """The task tag."""

    predicts = True
    options: frozenset[str] = frozenset()
    names = NAMES

    def answers(
        self, model: Tagger, texts: Sequence[str], asked: Asked, threads: int | None
    ) -> Iterator[Answer]:
        for text, tagging in zip(texts, model.predict(texts, threads), strict=True):
            yield Answer(_spelled(tagging), [_object(text, tagging)], tagging.is_unknown)

    def undecoded(self, asked: Asked) -> Undecoded:
        return Undecoded(f"{UNDECODED}\n", {"tokens": [], "tags": [], "p": []})

    def figures(self, model: Tagger, found: Examined) -> dict[str, Any]:
        row = _figures(found.all, model.tags.names)
        return row | ({"unseen": _figures(found.unseen, model.tags.names)} if found.unseen else {})

    def report(self, model: Tagger, found: Examined, train: str | None) -> str:
        return _table(found.all, model.tags.names) + without_seen(found, train, NAMES)


def _spelled(tagging: Tagging) -> str:
    """Return the words, joined by spaces, or the tokens and tags in the format of a training file."""
    if tagging.words is not None:
        return " ".join(tagging.words) + "\n"
    return f"{' '.join(tagging.tokens)}\t{' '.join(tagging.tags)}\n" if tagging.tokens else "\n"


def _object(text: str, tagging: Tagging) -> dict[str, Any]:
    row = {"text": text, "is_unknown": tagging.is_unknown}
    row |= {"tokens": tagging.tokens, "tags": tagging.tags, "p": tagging.p}
    return row | ({"words": tagging.words} if tagging.words is not None else {})


def _table(found: TestedTags, names: Sequence[str]) -> str:
    text = totals(found.texts, found.values, NAMES)
    text += f"\n{head_of_table('tag', WIDTH)}\n"
    for name, *row in zip(names, *found.table[:4], strict=True):
        columns = "".join(f"{value:10.4f}" for value in row[:3])
        text += f"{name[:WIDTH]:<{WIDTH}}{columns}{row[3]:10,}\n"
    return text


def _figures(found: TestedTags, names: Sequence[str]) -> dict[str, Any]:
    keys = ("precision", "recall", "f1", "support")
    columns = [column.tolist() for column in found.table[:4]]
    rows = zip(names, zip(*columns, strict=True), strict=True)
    tags = {name: dict(zip(keys, values, strict=True)) for name, values in rows}
    return {"texts": found.texts, **found.values, "tags": tags}
