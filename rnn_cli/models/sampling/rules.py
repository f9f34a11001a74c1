"""The rules of sampling: how tokens are chosen, what may be written, where a sample ends."""

import dataclasses
import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Self

from rnn_cli.text.checks import each_text, refuse_no_string

LENGTH, TEMPERATURE, TOP_P = 500, 0.5, 1.0  # default sampling settings
MOST_BEAMS = 1000
TOP = 10  # default number of next tokens


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """The rules of sampling, named like the options of `rnn sample`.

    length: the most tokens drawn after the prompt and its unfinished word; a form has its own length.
    temperature: above 1 bolder, below 1 safer; 0 takes the likeliest token.
    top_k: draw from the k likeliest. top_p: draw from the fewest tokens that hold this much probability.
    repetition_penalty: make recent tokens less likely (CTRL; Keskar et al. 2019); 1 has no effect.
    seed: None draws differently each time.
    beam: search for the likeliest whole line with this many beginnings side by side, instead of drawing.
    lines, sentences: end after this many. stop: end before the first of these texts.
    ban: words that must not be written.
    form: the lines to fill (patterns.py). acrostic: the beginnings of the lines: a character each, or a text
    each in a list or separated by commas. rhyme: make the lines of the form that end with 。 rhyme.

    Raises TypeError for values of other types, ValueError for values out of range and for rules that exclude
    each other.
    """

    length: int = LENGTH
    temperature: float = TEMPERATURE
    top_k: int | None = None
    top_p: float = TOP_P
    repetition_penalty: float = 1.0
    seed: int | None = None
    beam: int | None = None
    lines: int | None = None
    sentences: int | None = None
    stop: Iterable[str] = ()
    ban: Iterable[str] = ()
    form: str | None = None
    acrostic: str | Iterable[str] | None = None
    rhyme: bool = False

    def __post_init__(self) -> None:
        for name in ("stop", "ban"):
            object.__setattr__(self, name, _texts(name, getattr(self, name)))
        if self.acrostic is not None:
            from rnn_cli.models.sampling.patterns import openings_of  # not needed by most draws

            object.__setattr__(self, "acrostic", openings_of(self.acrostic))
        self._check_numbers()
        self._check_texts()
        self._check_together()

    def _check_numbers(self) -> None:
        for name in ("length", "top_k", "beam", "lines", "sentences"):
            check_count(name, getattr(self, name))
        for name, least in (("temperature", 0), ("repetition_penalty", 1)):
            value = _number(name, getattr(self, name))
            if not (math.isfinite(value) and value >= least):
                raise ValueError(f"{name} is {value}: a number from {least} is needed")
        if not 0 <= _number("top_p", self.top_p) <= 1:
            raise ValueError(f"top_p is {self.top_p}: a number from 0 to 1 is needed")
        if not isinstance(self.seed, Integral | None):
            raise TypeError(f"seed is {self.seed!r}: a whole number is needed")
        if self.beam is not None and self.beam > MOST_BEAMS:
            raise ValueError(f"beam is {self.beam}: at most {MOST_BEAMS} is possible")

    def _check_texts(self) -> None:
        if not all(self.stop):
            raise ValueError("stop is empty: at least one character is needed")
        if any(not word.strip() or "\n" in word for word in self.ban):
            raise ValueError("ban is white space or contains a line end: a word is needed")
        if self.form is not None:
            refuse_no_string(self.form, "form")
            from rnn_cli.models.sampling.patterns import check_form

            check_form(self.form)

    def _check_together(self) -> None:
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        given = {name for name, default in defaults.items() if getattr(self, name) != default}
        if self.rhyme and self.form is None:
            raise ValueError("rhyme needs form")
        for name in EXCLUDED.keys() & given:
            for other in sorted(EXCLUDED[name] & given):
                raise ValueError(f"{name} and {other} exclude each other")

    def seeded(self) -> Self:
        """Return these rules with a seed: a random one if they have none."""
        return self if self.seed is not None else dataclasses.replace(self, seed=secrets.randbits(32))


EXCLUDED = {  # the rules that a rule makes useless
    "beam": {"temperature", "top_k", "top_p", "repetition_penalty", "seed"},  # nothing is drawn
    "form": {"lines", "sentences", "length"},  # a form decides where everything ends
    "acrostic": {"lines", "sentences"},
}


def check_count(name: str, count: int | None) -> None:
    """Raise ValueError for a number below 1, TypeError if it is not a whole number. None is accepted."""
    if count is None:
        return
    if not isinstance(count, Integral):
        raise TypeError(f"{name} is {count!r}: a whole number is needed")
    if count < 1:
        raise ValueError(f"{name} is {count}: 1 or more is needed")


def _number(name: str, value: float) -> float:
    if not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}: a number is needed")
    return value


def _texts(name: str, texts: str | Iterable[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(each_text(texts, f"text of {name}"))
