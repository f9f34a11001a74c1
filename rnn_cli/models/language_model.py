"""A language model: tokenizer, vocabulary and network, in one object and in one file."""

import itertools
import math
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.machine import blas_threads
from rnn_cli.models import file
from rnn_cli.network.arrays import Array, Parameters, State
from rnn_cli.network.network import Network
from rnn_cli.network.sampling import choose
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.vocabulary import END, SPECIAL, SPELLED, START, UNK

if TYPE_CHECKING:
    from rnn_cli.models.score import Score

LENGTH, TEMPERATURE, TOP_P = 500, 0.5, 1.0  # defaults of sampling
TOP = 10  # of `next`
MOMENT = 5e-3  # seconds of drawing that nobody minds waiting for
MANY = 16  # samples side by side, for which a step is worth several threads


@dataclass(frozen=True, repr=False, eq=False)
class LanguageModel:
    """The contents of a model file, and what can be done with them.

    lexicon: tokenizer, vocabulary, and what an unknown token costs beyond UNK.
    p: the network's parameters, float32, in its memory layout (`Network.lay_out`).
    carry_state: whether the state runs on from one line into the next.
    history: how the model came to be, for people; any JSON.

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

    def __eq__(self, other: object) -> bool:
        """Whether both predict the same; their histories may differ."""
        if not isinstance(other, LanguageModel):
            return NotImplemented
        same = (self.lexicon, self.network, self.carry_state) == (
            other.lexicon,
            other.network,
            other.carry_state,
        )
        return same and all(np.array_equal(p, other.p[name]) for name, p in self.p.items())

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file. Raises RnnError, naming what is wrong, for anything but a whole one."""
        return cls(*file.read(Path(path)))

    def save(self, path: str | Path) -> None:
        """Write the model file, atomically. Raises OSError; the old file is untouched then."""
        storage.save(Path(path), *self.pack())

    def pack(self) -> tuple[Parameters, dict[str, Any]]:
        """Return the arrays and the header of the model file."""
        contents = file.Contents(self.lexicon, self.network, self.p, self.carry_state, self.history)
        return self.p, file.header_of(contents)

    def encode(self, text: str) -> NDArray[np.intp]:
        """Return the inputs that a text becomes, its last line not ended: START and the ids of each line."""
        ids = []
        for line in text.split("\n"):
            ids += [START, *self.lexicon.vocabulary.encode(self.lexicon.tokenizer.split(line))]
        return np.array(ids, np.intp)

    def unknown(self, text: str) -> list[str]:
        """Return the tokens of a text that the vocabulary does not hold, each once, in order."""
        known = self.lexicon.vocabulary.ids
        tokens = [t for line in text.split("\n") for t in self.lexicon.tokenizer.split(line)]
        return list(dict.fromkeys(t for t in tokens if t and t not in known))

    def generate(
        self,
        prompt: str = "",
        num: int = 1,
        length: int = LENGTH,
        temperature: float = TEMPERATURE,
        top_k: int | None = None,
        top_p: float = TOP_P,
        seed: int | None = None,
    ) -> Iterator[NDArray[np.intp]]:
        """Draw `num` continuations of a prompt side by side: yield at each step their next ids, (num,).

        END ends a line, and with it the sample, which repeats END from then on; of a model that
        carries its state the next line follows. Stops when all samples have ended, or after
        `length` steps. START and UNK are never drawn.

        temperature: above 1 bolder, below 1 safer; 0 takes the likeliest.
        top_k: draw from the k likeliest only. top_p: from the fewest that hold this much probability.
        seed: None draws differently each time.
        Raises ValueError for values out of range, RnnError where the state overflows.
        """
        _check(num=num, length=length, temperature=temperature, top_k=top_k, top_p=top_p)
        steps = self._generate(prompt, num, length, (temperature, top_k, top_p), seed)
        return _guarded(steps, num)

    def _generate(
        self,
        prompt: str,
        num: int,
        length: int,
        rules: tuple[float, int | None, float],
        seed: int | None,
    ) -> Iterator[NDArray[np.intp]]:
        rng = np.random.default_rng((secrets.randbits(64) if seed is None else seed, *b"sample"))
        products = self.network.products(self.p, num)
        after = np.arange(self.network.m)  # what is read after a token: itself, and START after END
        after[END] = START
        ended = np.zeros(num, bool)
        logits, state = self._read(prompt, num, products)
        for drawn in range(length):
            logits[:, START] = logits[:, UNK] = -np.inf
            try:
                ids = choose(logits, rng, *rules)
            except FloatingPointError as error:  # relu's state has no bound
                what = f"the state has overflowed after {drawn} tokens: lower --length"
                raise RnnError(what) from error
            if not self.carry_state:
                ids[ended] = END
                ended = ids == END
            yield ids
            if not self.carry_state and ended.all():
                return
            logits, state = self.network.step(self.p, after.take(ids), state, products)

    def _read(self, prompt: str, num: int, products: Any) -> tuple[Array, State]:
        """Return the logits of what follows a prompt, and the state after it, `num` times side by side."""
        zero = state = self.network.zero_state(num)
        for id in self.encode(prompt):
            begins = id == START and not self.carry_state
            logits, state = self.network.step(self.p, np.full(num, id), zero if begins else state, products)
        return logits, state

    def pieces(self, ids: Iterable[int], after: str = "") -> Iterator[str]:
        """Yield the text of ids that follow the text `after`, token by token; END is a line end."""
        tokenizer, vocabulary = self.lexicon.tokenizer, self.lexicon.vocabulary
        begins = after == "" or after.endswith("\n")
        for id in ids:
            separator = "" if begins or id == END else tokenizer.separator
            yield "\n" if id == END else separator + vocabulary.token(id)
            begins = id == END

    def stream(self, prompt: str = "", **options: Any) -> Iterator[str]:
        """Yield one sample, prompt first, token by token as they are drawn; options as for `generate`."""
        ids = (int(ids[0]) for ids in self.generate(prompt, 1, **options))
        return itertools.chain([prompt], self.pieces(self._until_end(ids), after=prompt))

    def sample(self, prompt: str = "", num: int = 1, **options: Any) -> list[str]:
        """Return samples drawn side by side, each with its prompt; options as for `generate`."""
        drawn = np.array([*self.generate(prompt, num, **options)]).reshape(-1, num)
        return [prompt + "".join(self.pieces(self._until_end(ids), after=prompt)) for ids in drawn.T.tolist()]

    def _until_end(self, ids: Iterable[int]) -> Iterable[int]:
        """Return the ids of one sample: where the state is not carried, those before the first END."""
        return ids if self.carry_state else itertools.takewhile(lambda id: id != END, ids)

    def next(self, prompt: str = "", top: int = TOP) -> list[tuple[str, float]]:
        """Return the likeliest next tokens after a prompt with their probabilities o_t, falling.

        A line end and an unknown token are spelled <end> and <unk>. Raises ValueError for a `top` below 1,
        RnnError where the state overflows.
        """
        _check(top=top)
        with blas_threads(1), np.errstate(over="ignore", invalid="ignore"):
            logits, _ = self._read(prompt, 1, self.network.products(self.p, 1))
            z = logits[0].astype(np.float64)
            o = np.exp(z - z.max())
        if not np.isfinite(o).all():
            raise RnnError("the state has overflowed: shorten the prompt")
        o /= o.sum()
        o[START] = 0  # never a target
        likeliest = np.argsort(-o, kind="stable")[: min(top, len(o) - 1)]
        return [(self.spell(int(id)), float(o[id])) for id in likeliest]

    def spell(self, id: int) -> str:
        """Return the token of an id; START, END and UNK are <start>, <end> and <unk>."""
        return SPELLED[id] if id < SPECIAL else self.lexicon.vocabulary.token(id)

    def score(self, lines: Iterable[str]) -> "Score":
        """Return what each of some lines costs, -log p, and the perplexity and bits per character of all.

        With a carried state the lines are one text, read in order; else each is by itself, and blank ones are
        skipped. Raises RnnError where the state overflows.
        """
        from rnn_cli.models.score import score_text  # whose imports take long; `rnn sample` can do without

        return score_text(self, lines)


def _guarded(steps: Iterator[NDArray[np.intp]], num: int) -> Iterator[NDArray[np.intp]]:
    """Yield the steps of `num` samples, drawn with few threads and without warnings of an overflow, which is
    refused. Neither holds for the caller: they end before each yield. To begin them takes as long as a step
    of a small network, so what can be drawn in a moment is drawn at once."""
    is_over = False
    while not is_over:
        drawn, error, end = [], None, time.perf_counter() + MOMENT
        # Products of few rows are done before BLAS's threads have met.
        with blas_threads(1 if num < MANY else None), np.errstate(over="ignore", invalid="ignore"):
            try:
                while time.perf_counter() < end:
                    drawn.append(next(steps))
            except StopIteration:
                is_over = True
            except RnnError as failed:  # after what was drawn before
                error = failed
        yield from drawn
        if error:
            raise error


def _check(
    num: int = 1,
    length: int = 1,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    top: int = 1,
) -> None:
    """Raise ValueError for what `rnn sample` and `rnn next` refuse."""
    for name, count in {
        "num": num,
        "length": length,
        "top_k": 1 if top_k is None else top_k,
        "top": top,
    }.items():
        if count < 1:
            raise ValueError(f"{name} is {count}: 1 or more is needed")
    if not (math.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature is {temperature}: a number from 0 is needed")
    if not 0 <= top_p <= 1:
        raise ValueError(f"top_p is {top_p}: a number from 0 to 1 is needed")
