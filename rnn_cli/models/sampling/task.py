"""A task: texts to write side by side, and everything that decides how they turn out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import UsageError
from rnn_cli.machine import product_threads
from rnn_cli.models.model import Model
from rnn_cli.models.sampling.prompts import Prompt
from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.models.sampling.writing import Pen, Writer
from rnn_cli.text.lexicon import Lexicon

if TYPE_CHECKING:
    from rnn_cli.models.sampling.constraints import Constraint, Constraints
    from rnn_cli.models.sampling.verse import Verse


def verse_of(lexicon: Lexicon, rules: Sampling) -> "Verse | None":
    """Return the verse that a draw's form and acrostic ask for; None if there is neither. Raises UsageError
    for a form that the vocabulary cannot fill, or an acrostic with more lines than the form."""
    if rules.form is None and not rules.acrostic:
        return None
    from rnn_cli.models.sampling.verse import verse  # here and below: not needed by most draws

    return verse(lexicon, rules.form, tuple(rules.acrostic or ()))


@dataclass(frozen=True)
class Task:
    """Texts to write side by side.

    prompts: one per row. stream: numbers that distinguish this draw from others with the same seed.
    threads: the cores that matrix products may use; None: as in machine.product_threads.
    """

    model: Model
    prompts: Sequence[Prompt]
    rules: Sampling
    stream: tuple[int, ...] = ()
    threads: int | None = None
    verse: "Verse | None" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verse", verse_of(self.model.lexicon, self.rules))

    @property
    def is_watched(self) -> bool:
        """Whether the text written can end a sample, and not only its first END or its length."""
        rules = self.rules
        return bool(self.verse or rules.stop or rules.sentences or rules.lines)

    @cached_property
    def constraints(self) -> "Constraints | None":
        """What may be written; None if anything may."""
        parts: list[Constraint] = [] if self.verse is None else [self.verse]
        if self.verse is not None and self.rules.rhyme:
            from rnn_cli.models.sampling.rhyme import Rhyme
            from rnn_cli.text.rhymes import rhymes_of

            if len(self.verse.rhyming()) < 2:
                raise UsageError("--rhyme: the form has one line that would rhyme, and two are needed")
            rhymes = rhymes_of("".join(self.model.lexicon.vocabulary.tokens))
            parts.append(Rhyme(self.model.lexicon, self.verse, rhymes))
        if self.rules.ban:
            from rnn_cli.models.sampling.banned import Banned

            parts.append(Banned(self.model.lexicon, tuple(self.rules.ban)))
        if any(prompt.begun for prompt in self.prompts):
            from rnn_cli.models.sampling.constraints import Beginning

            parts.append(Beginning(self.model.lexicon.vocabulary, self.prompts))
        if not parts:
            return None
        from rnn_cli.models.sampling.constraints import Constraints

        return Constraints(parts, self.model.network.m)

    def pen(self, row: int) -> Pen:
        """Return the object that turns a row's tokens into text."""
        return Pen(self.model.lexicon, self.prompts[row], self.verse)

    def writer(self, row: int) -> Writer:
        """Return the object that writes a row and finds its end."""
        return Writer(self.pen(row), self.verse, self.rules, ends_with_line=not self.model.carry_state)

    def budget(self) -> NDArray[np.int64]:
        """Return the most tokens of each row, not counting the completion of an unfinished word."""
        if self.verse is None:
            return self._lengths()
        form = np.full(len(self.prompts), self.verse.last + 1, np.int64)
        return form if self.verse.is_bounded else form + self._lengths()

    def ends_from(self) -> NDArray[np.int64]:
        """Return, for each row, the number of tokens after which it ends as soon as it may. A form with open
        lines may need more tokens then, for the beginnings of the remaining lines."""
        return self.budget() if self.verse is None or self.verse.is_bounded else self._lengths()

    def _lengths(self) -> NDArray[np.int64]:
        return np.array([self.rules.length + (prompt.begun != "") for prompt in self.prompts])

    def threads_for(self, rows: int) -> int:
        """Return the number of BLAS threads that makes a step of this many rows fastest."""
        largest = max((array.size for array in self.model.p.values()), default=1)
        return product_threads(rows * largest, self.threads)
