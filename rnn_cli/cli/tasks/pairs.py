"""Translations, as the commands print them."""

from collections.abc import Iterator, Sequence
from typing import Any

from rnn_cli.cli.language import label
from rnn_cli.cli.tasks.family import UNDECODED, Answer, Asked, Undecoded, totals, without_seen
from rnn_cli.errors import UsageError
from rnn_cli.models.encoded.paired import LONGEST
from rnn_cli.models.encoded.texts import is_longer
from rnn_cli.models.tested.pairs import TestedPairs
from rnn_cli.models.translator import BEAM, Target, Translation, Translator
from rnn_cli.runs.examine import Examined

NAMES = {
    "exact": "exact match",
    "token_error_rate": "token error rate",
    "bleu": "BLEU",
    "chrf": "chrF",
    "nats": "nats a token",
}


class Pairs:
    """The task translate."""

    predicts = True
    options = frozenset({"beam", "nbest", "attention"})
    names = NAMES

    def answers(
        self, model: Translator, texts: Sequence[str], asked: Asked, threads: int | None
    ) -> Iterator[Answer]:
        nbest = asked.nbest or 1
        beam = asked.beam or max(BEAM, nbest)
        if nbest > beam:
            raise UsageError(f"--nbest {nbest} needs a --beam as large (now {beam})")
        translations = model.predict(texts, beam, nbest, bool(asked.attention), threads)
        for text, translation in zip(texts, translations, strict=True):
            if asked.nbest is None:
                lines = [printed(translation.targets[0].text)]
            else:
                lines = [f"{printed(each.text)}\t{each.log_p:.4f}" for each in _filled(translation, nbest)]
            said, row = "".join(f"{line}\n" for line in lines), _object(text, translation)
            is_cut = is_longer(text, model.source.tokenizer, LONGEST)
            yield Answer(said, [row], translation.is_unknown, is_cut=is_cut)

    def undecoded(self, asked: Asked) -> Undecoded:
        line = f"{UNDECODED}\n" if asked.nbest is None else f"{UNDECODED}\tnan\n" * asked.nbest
        return Undecoded(line, {"targets": []})

    def figures(self, model: Translator, found: Examined) -> dict[str, Any]:
        row = _figures(found.all)
        return row | ({"unseen": _figures(found.unseen)} if found.unseen else {})

    def report(self, model: Translator, found: Examined, train: str | None) -> str:
        tested = found.all
        text = totals(tested.texts, tested.values, NAMES)
        if tested.references > tested.texts:
            text += f"{label('references', 22)}{tested.references:>10,}\n"
        return text + f"{label('BLEU splits as', 22)}{tested.bleu:>10}\n" + without_seen(found, train, NAMES)


def _filled(translation: Translation, nbest: int) -> list[Target]:
    """Return `nbest` targets; if the model found fewer, the others are empty, with a probability of 0."""
    missing = nbest - len(translation.targets)
    return translation.targets + [Target("", (), float("-inf"))] * missing


def printed(text: str) -> str:
    """Return a target on one line."""
    return text.replace("\n", " ").replace("\t", " ").strip()


def _object(text: str, translation: Translation) -> dict[str, Any]:
    row: dict[str, Any] = {"text": text, "is_unknown": translation.is_unknown}
    if any(each.alignment is not None for each in translation.targets):
        row["source"] = translation.source
    return row | {"targets": [_of_target(each) for each in translation.targets]}


def _of_target(target: Target) -> dict[str, Any]:
    row: dict[str, Any] = {"text": target.text, "log_p": target.log_p}
    if target.alignment is None:
        return row
    shares = [[round(share, 4) for share in step] for step in target.alignment.tolist()]
    return row | {"tokens": target.tokens, "attention": shares}


def _figures(found: TestedPairs) -> dict[str, Any]:
    return {
        "texts": found.texts,
        "references": found.references,
        **found.values,
        "bleu_tokenizer": found.bleu,
    }
