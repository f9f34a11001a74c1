"""Warnings about a text before a model is trained on it: each gives the complete command to use instead."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from rnn_cli.runs.checks import flag
from rnn_cli.runs.data import corpus_name
from rnn_cli.runs.notices import Notice
from rnn_cli.runs.paths import DEFAULT_MODEL
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.language_run import LanguageRun
from rnn_cli.text.store.corpus import Part

MUCH_UNKNOWN = 0.15  # share of unknown tokens above which to warn
FOREIGN = 0.5  # of a validation text's tokens: if more are unknown, it is in another language
SPLIT = 0.5  # of the Chinese words: if more follow a space, the text was split before
LARGE = 100_000  # tokens: more than any script has characters
HAN = re.compile("[\u4e00-\u9fff]")


def advice(asked: Settings, run: LanguageRun) -> Iterator[Notice]:
    """Yield what speaks against training this run as requested."""
    text = next((text for find in (_split, _foreign, _unknown) if (text := find(asked, run))), None)
    if text:
        yield Notice(text, is_warning=True)
    if run.recipe.lr == 0:
        yield Notice("--lr 0: with a learning rate of 0 nothing is learned", is_warning=True)


def command(asked: Settings, model: Path, **changes: object) -> str:
    """Return the command line of a run with these settings and changes."""
    given = asked.given() | changes
    corpus = [*asked.corpus]
    named = [flag(name, value) for name, value in given.items() if name != "corpus"]
    flags = [word for each in named for word in each.split(" ", 1)]
    where = [] if model == Path(DEFAULT_MODEL) else ["--model", str(model)]
    return shlex.join(["rnn", "train", *corpus, *flags, *where, "--force"])


def _split(asked: Settings, run: LanguageRun) -> str | None:
    """Return advice if Chinese words have spaces between them: to jieba, a word after a space is another
    word."""
    lexicon = run.data.lexicon
    if lexicon.tokenizer.words is None or run.settings.init or run.settings.vocab:
        return None
    words = [
        (token, count)
        for token, count in zip(lexicon.vocabulary.tokens, lexicon.vocabulary.counts, strict=True)
        if HAN.search(token)
    ]
    spaced = sum(count for token, count in words if token[0] == " ")
    if spaced <= SPLIT * sum(count for _, count in words):
        return None
    way = command(asked, run.model, tokenizer="space")
    return f"the text looks split into words already, with spaces: {way}"


def _foreign(asked: Settings, run: LanguageRun) -> str | None:
    """Return advice if the validation text has little in common with the training text."""
    valid, train = run.data.valid, run.data.train
    if not run.settings.valid or valid is None or _unknown_share(train) > MUCH_UNKNOWN:
        return None
    if (share := _unknown_share(valid)) <= FOREIGN:
        return None
    return (
        f"{share:.0%} of {run.settings.valid} is unknown, and {_unknown_share(train):.0%} of "
        f"{corpus_name(asked)}: it seems to be in another language, or in another encoding"
    )


def _unknown(asked: Settings, run: LanguageRun) -> str | None:
    """Return advice if the model would see much of the text as unknown tokens."""
    parts = [run.data.train, *([run.data.valid] if run.data.valid else [])]
    share = max(map(_unknown_share, parts))
    if share <= MUCH_UNKNOWN:
        return None
    of_all = _unknown_share(run.data.train) > MUCH_UNKNOWN
    what = (
        f"{share:.0%} of the text is unknown" if of_all else f"{share:.0%} of the validation text is unknown"
    )
    settings, tokenizer = run.settings, run.data.lexicon.tokenizer
    if settings.init and not settings.grow and _unknown_share(run.data.train) > MUCH_UNKNOWN:
        return f"{what}; its tokens are added to the vocabulary by {command(asked, run.model, grow=True)}"
    if settings.init or settings.vocab:
        own = f"--{'init' if settings.init else 'vocab'}"
        return f"{what}: without {own} the model has a vocabulary of its own"
    if not tokenizer.code_points:
        way = command(asked, run.model, tokenizer="char")
        return f"{what}; split into characters, less of it is: {way}"
    if (settings.min_count or 1) > 1:
        return f"{what}: {command(asked, run.model, min_count=1)}"
    if len(run.data.lexicon.vocabulary.tokens) == settings.max_size:
        return f"{what}: {command(asked, run.model, max_size=LARGE)}"
    return f"{share:.0%} of the validation text is unknown: it does not occur in the training text"


def _unknown_share(part: Part) -> float:
    return part.unknown / part.tokens if part.tokens else 0.0
