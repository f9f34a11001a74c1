"""A language model: tokenizer, vocabulary and network, in one object and one file."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli import storage
from rnn_cli.models import file
from rnn_cli.models.equality import Comparable
from rnn_cli.models.sampling.prompts import PromptReader
from rnn_cli.models.sampling.rules import TOP, Sampling, check_count
from rnn_cli.models.sampling.samples import Novelty, Sample, draw
from rnn_cli.models.sampling.steps import steps, written
from rnn_cli.models.sampling.task import Task, verse_of
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.units import units_begun
from rnn_cli.text.vocabulary import SPECIAL, SPELLED, START

if TYPE_CHECKING:
    from rnn_cli.models.scores.lines import Score

DEFAULTS = Sampling()


@dataclass(frozen=True, repr=False, eq=False)
class LanguageModel(Comparable):
    """The contents of a language model's file, and the operations on them.

    lexicon: tokenizer, vocabulary, and the cost of spelling unknown tokens.
    p: the network's parameters, float32, in its memory layout (`Network.lay_out`).
    carry_state: whether the state carries over from one line to the next.
    history: how the model was trained, for people; any JSON.

    >>> from rnn_cli import LanguageModel
    >>> model = LanguageModel.load("model.npz")
    >>> model.sample("The", num=2, length=20, seed=1) == model.sample("The", num=2, length=20, seed=1)
    True
    >>> model.score(["The cat.", "The dog."]).perplexity > 1
    True
    >>> [(token, p)] = model.next("The", top=1)
    >>> 0 < p <= 1
    True
    """

    lexicon: Lexicon
    network: Network
    p: Parameters
    carry_state: bool = False
    history: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<LanguageModel: {self.lexicon.tokenizer.name}, {self.network.describe()}>"

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file; `m` means m.npz. Raises RnnError, naming the problem, unless the file is
        complete and valid."""
        return cls(*file.read(path))

    def save(self, path: str | Path) -> None:
        """Write the model file atomically; `m` means m.npz. Raises OSError; the old file is then
        unchanged."""
        storage.save(file.model_path(path), *self.pack())

    def pack(self) -> tuple[Parameters, dict[str, Any]]:
        """Return the arrays and the header of the model file."""
        contents = file.Contents(self.lexicon, self.network, self.p, self.carry_state, self.history)
        return self.p, file.header_of(contents)

    def describe(self) -> dict[str, str]:
        """Return a description of the model for people, each fact with its name."""
        unit = self.lexicon.tokenizer.unit
        state = "runs on from line to line" if self.carry_state else f"begins at zero with each {unit}"
        return {"network": self.network.describe(), "state": state}

    def facts(self) -> dict[str, Any]:
        """Return the facts specific to this task that `rnn info --json` prints."""
        return {"task": file.LANGUAGE, "carry_state": self.carry_state}

    def kept(self) -> Self:
        """Return the model with its own copies of the arrays."""
        return replace(self, p={name: array.copy(order="K") for name, array in self.p.items()})

    def encode(self, text: str) -> NDArray[np.intp]:
        """Return the inputs for a text whose last line is not ended: START and the ids of each line."""
        ids = []
        for line in units_begun(text, self.lexicon.tokenizer.unit):
            ids += [START, *self.lexicon.vocabulary.encode(self.lexicon.tokenizer.split(line))]
        return np.array(ids, np.intp)

    def unknown(self, prompt: str, **rules: Any) -> list[str]:
        """Return the tokens of a prompt, and the characters of a form or an acrostic, that the model does not
        know, each once. An unfinished last word is known if some token completes it."""
        verse = verse_of(self.lexicon, Sampling(**rules))
        unknown = PromptReader(self.lexicon).read(prompt).unknown
        return [*dict.fromkeys(unknown + (verse.unknown if verse else []))]

    def generate(self, prompt: str = "", num: int = 1, **rules: Any) -> Iterator[NDArray[np.intp]]:
        """Draw `num` continuations of a prompt side by side; yield their next ids at each step, (num,).

        rules: the fields of `Sampling`, except `beam`.

        END ends a line and its sample, which then repeats END; if the model carries its state, the next line
        follows instead. Stops when all samples have ended. START is never drawn, and UNK only stands for a
        character of a form that the model does not know. If the prompt ends with an unfinished word, the
        first id is that of the whole word.

        Raises ValueError for values out of range, UsageError for rules that the model cannot follow, RnnError
        if the state overflows.
        """
        return (ids for ids, _ in steps(self._task(prompt, num, rules)))

    def _task(self, prompt: str, num: int, rules: dict[str, Any]) -> Task:
        check_count("num", num)
        sampling = Sampling(**rules)
        if sampling.beam is not None:
            raise ValueError("beam searches whole texts: use sample or draw")
        return Task(self, [PromptReader(self.lexicon).read(prompt)] * num, sampling)

    def stream(self, prompt: str = "", threads: int | None = None, **rules: Any) -> Iterator[str]:
        """Return an iterator over one sample, prompt first, token by token as they are drawn. Takes the rules
        of `generate` and raises the same errors, at once or during iteration."""
        task = replace(self._task(prompt, 1, rules), threads=threads)
        pieces = written(task)
        first = next(pieces, "")  # refuses an impossible text before the prompt is written
        return itertools.chain([task.prompts[0].text, first], pieces)

    def sample(self, prompt: str = "", num: int = 1, **rules: Any) -> list[str]:
        """Return samples drawn side by side, each with its prompt.

        rules: the fields of `Sampling`: temperature, top_k, seed, form, stop, beam and others.
        """
        return [sample.text for sample in self.draw([prompt], num, Sampling(**rules))]

    def draw(
        self,
        prompts: Sequence[str],
        num: int = 1,
        rules: Sampling = DEFAULTS,
        novelty: Novelty | None = None,
        threads: int | None = None,
    ) -> Iterator[Sample]:
        """Yield `num` samples of each prompt, in order, with what ended them and what they copy.

        novelty: a text to compare them with. threads: the cores to compute on; None: as many as make it
        faster. Raises the errors of `generate`.
        """
        return draw(self, prompts, num, rules, novelty, threads)

    def next(self, prompt: str = "", top: int = TOP) -> list[tuple[str, float]]:
        """Return the likeliest next tokens after a prompt with their probabilities o_t, in descending order.

        If the prompt ends with a word that is not a token but begins some, or with a space that belongs to
        the next word, these are the tokens that complete it, with their probabilities relative to each other.
        A line end is spelled <end>, an unknown token <unk>. Raises ValueError for a `top` below 1, RnnError
        if the state overflows.
        """
        (following,) = self.next_of([prompt], top)
        return following

    def next_of(
        self, prompts: Sequence[str], top: int = TOP, threads: int | None = None, begun: bool = False
    ) -> Iterator[list[tuple[str, float]]]:
        """Yield what `next` returns for each prompt, computed side by side.

        begun: treat a last word as unfinished even if it is a token, provided that it begins others: "cat" is
        completed as "cat", "cats" and so on.
        """
        from rnn_cli.models.sampling.next_tokens import next_tokens

        check_count("top", top)
        return next_tokens(self, prompts, top, threads, begun)

    def spell(self, id: int) -> str:
        """Return the token of an id; START, END and UNK are <start>, <end> and <unk>."""
        return SPELLED[id] if id < SPECIAL else self.lexicon.vocabulary.token(id)

    def score(self, lines: Iterable[str]) -> "Score":
        """Return the cost of each line, -log p, and the perplexity and bits per character of all lines.

        If the model carries its state, the lines are read in order as one text; otherwise each is scored
        independently, and blank ones are skipped. Raises RnnError if the state overflows.
        """
        from rnn_cli.models.scores.lines import (
            score_text,  # slow to import, and not needed by `rnn sample`
        )

        return score_text(self, lines)
