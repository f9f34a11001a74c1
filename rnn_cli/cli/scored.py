"""What `rnn score` does with texts: read them, print rows and totals, and compare with the n-grams."""

import heapq
import io
import itertools
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rnn_cli.cli.console import say, warn
from rnn_cli.cli.costs import (
    Beside,
    print_line,
    print_line_json,
    print_tokens,
    print_totals,
    print_totals_json,
)
from rnn_cli.cli.mixing import Mixing, counted_ngrams
from rnn_cli.errors import RnnError
from rnn_cli.machine import available_threads
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.scores.chunks import Reading
from rnn_cli.models.scores.lines import TokenRow, token_rows
from rnn_cli.models.scores.sides import (
    BASELINE,
    MODEL,
    Counted,
    Ngrams,
    Side,
    makers_of,
    refuse_unlike,
)
from rnn_cli.text.arriving import Postponed, arrives_slowly, read_blocks
from rnn_cli.text.reading import display_name


@dataclass(frozen=True)
class Form:
    """What is printed, and when."""

    per_line: bool
    per_token: bool
    as_json: bool
    line_buffered: bool
    skip_bad: bool

    @property
    def has_rows(self) -> bool:
        return self.per_line or self.per_token


@dataclass(frozen=True)
class Texts:
    """What is read, and how."""

    paths: list[str]
    encoding: str | None
    threads: int | None
    dynamic: float  # the learning rate of dynamic evaluation, 0 for none
    baseline: Counted | None
    mixing: Mixing | None


def print_scores(models: dict[str, LanguageModel], texts: Texts, form: Form) -> None:
    """Print what texts cost. models: by path; those of a mixture, or one and perhaps another to compare."""
    comes_slowly = form.has_rows and any(map(arrives_slowly, texts.paths))
    if form.line_buffered and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    first = next(iter(models.values()))
    reading = Reading(
        carry_state=first.carry_state,
        exact=form.has_rows or form.skip_bad or (len(models) > 1 and texts.mixing is None),
        tokens=form.per_token,
        at_once=comes_slowly,
        processes=1 if comes_slowly else texts.threads or available_threads(),
    )
    ngrams = counted_ngrams(first, texts.baseline, texts.encoding) if texts.baseline else None
    if texts.mixing:
        sides = [_mixture(models, ngrams, texts, reading)]
    else:
        sides = [_side(each, ngrams if each is first else None, texts, reading) for each in models.values()]
    text = Postponed(read_blocks(texts.paths, texts.encoding, form.skip_bad), reading.exact)
    _read(sides, list(itertools.tee(text, len(sides))), form)
    sys.stdout.flush()
    text.settle()
    tally = sides[0].tallies[MODEL]
    if tally.undecoded:
        many = "1 line does" if tally.undecoded == 1 else f"{tally.undecoded:,} lines do"
        warn(f"{many} not decode; the first is line {tally.first_undecoded}")
    if not tally.totals.lines:
        names = ", ".join(map(display_name, texts.paths))
        raise RnnError(
            f"{names}: no text in it: every line is blank{' or does not decode' if tally.undecoded else ''}"
        )
    if not form.has_rows:
        _print_totals(sides, ngrams, form)
    if ngrams:
        _judge(sides[0], texts, ngrams.order, is_told=form.has_rows)


def _side(model: LanguageModel, ngrams: Ngrams | None, texts: Texts, reading: Reading) -> Side:
    makers = makers_of({MODEL: model}, ngrams, texts.dynamic, texts.threads)
    return Side(model.lexicon, replace(reading, carry_state=model.carry_state), makers)


def _mixture(models: dict[str, LanguageModel], ngrams: Ngrams | None, texts: Texts, reading: Reading) -> Side:
    """Return the mixture of all models and the n-grams; print its weights."""
    refuse_unlike(models)
    first, mixing = next(iter(models.values())), texts.mixing
    assert mixing is not None
    makers = makers_of(models, ngrams, texts.dynamic, texts.threads)
    weights = mixing.of(makers, first, reading, texts.encoding)
    return Side(first.lexicon, reading, makers, weights)


def _read(sides: list[Side], blocks: list[Iterator[str]], form: Form) -> None:
    """Read the text to its end, and print its rows."""
    if form.per_token:
        for scored in sides[0].read(blocks[0]):
            lines = [*sides[0].tallies[MODEL].add(scored)]
            bad = [
                TokenRow(each.number, "".join(each.parts), math.nan, 0.0, True)
                for each in lines
                if form.skip_bad and not each.decodes
            ]
            print_tokens(heapq.merge(token_rows(scored), bad, key=lambda row: row.line), form.as_json)
            if sides[0].reading.at_once:
                sys.stdout.flush()
    elif form.per_line or len(sides) > 1:
        row = print_line_json if form.as_json else print_line
        of_sides = [side.lines(each) for side, each in zip(sides, blocks, strict=True)]
        for line, *others in zip(*of_sides, strict=True):
            if form.per_line and (line.decodes or form.skip_bad):
                row(line, others[0] if others else None)
                if sides[0].reading.at_once:
                    sys.stdout.flush()
    else:
        for scored in sides[0].read(blocks[0]):
            sides[0].tallies[MODEL].add_all(scored)


def _print_totals(sides: list[Side], ngrams: Ngrams | None, form: Form) -> None:
    first = sides[0]
    beside = [
        Beside(name, tally.totals, weight=first.weights.get(name))
        for name, tally in first.tallies.items()
        if name not in (MODEL, BASELINE)
    ]
    if ngrams:
        totals = first.tallies[BASELINE].totals
        head = f"Kneser-Ney, order {ngrams.order}"
        beside.append(Beside(head, totals, BASELINE, first.weights.get(BASELINE), {"order": ngrams.order}))
    for side in sides[1:]:
        beside.append(Beside("--compare", side.tallies[MODEL].totals, "compare", has_counts=True))
    ours = first.tallies[MODEL]
    if form.as_json:
        print_totals_json(ours.totals, beside, ours.undecoded if form.skip_bad else None)
    else:
        print_totals(ours.totals, beside, "mixture" if first.weights else "model")


def _judge(side: Side, texts: Texts, order: int | None, is_told: bool) -> None:
    """Warn if the model does not beat the n-grams. is_told: whether to print both figures if it does."""
    ours, counted = (side.tallies[name].totals.bits_per_character for name in (MODEL, BASELINE))
    if ours < counted:
        if is_told:
            say(f"bits per character: {ours:.3f}; n-grams of order {order}: {counted:.3f}")
        return
    advice = "train longer, or use a larger network"
    if texts.baseline and texts.baseline.path in texts.paths:
        advice = "they were counted on the scored text itself: score a text that neither has seen"
    which = "mixture" if side.weights else "model"
    warn(
        f"the {which} does not beat the n-grams of order {order}: {ours:.3f} bits per character against "
        f"their {counted:.3f}; {advice}"
    )
