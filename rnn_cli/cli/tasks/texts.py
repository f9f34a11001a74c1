"""Texts from labels, as the commands print them."""

from collections.abc import Iterator, Sequence
from typing import Any

from rnn_cli.cli.tasks.family import UNDECODED, Answer, Asked, Undecoded, totals, without_seen
from rnn_cli.models.conditional import Conditional
from rnn_cli.runs.examine import Examined

NAMES = {
    "nats": "nats a token",
    "perplexity": "perplexity",
    "bits_per_character": "bits per character",
}


class Texts:
    """The task generate."""

    predicts = False
    options: frozenset[str] = frozenset()
    names = NAMES

    def answers(
        self, model: Conditional, texts: Sequence[str], asked: Asked, threads: int | None
    ) -> Iterator[Answer]:
        return iter(())

    def undecoded(self, asked: Asked) -> Undecoded:
        return Undecoded(f"{UNDECODED}\n", {})  # never printed: there are no answers

    def figures(self, model: Conditional, found: Examined) -> dict[str, Any]:
        row = {"texts": found.all.texts, **found.all.values}
        unseen = {"texts": found.unseen.texts, **found.unseen.values} if found.unseen else None
        return row | ({"unseen": unseen} if unseen else {})

    def report(self, model: Conditional, found: Examined, train: str | None) -> str:
        return totals(found.all.texts, found.all.values, NAMES) + without_seen(found, train, NAMES)
