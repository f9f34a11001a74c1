"""Constraints on what may be written, each an automaton over tokens.

The states of a constraint are numbers. From each state, a token either leads to another state or is not
allowed. Several constraints apply together: a token is allowed only if all of them allow it and if a form can
still be completed under all of them.

To add one, write a class with the methods of `Constraint` and pass it to `Constraints` (task.py).
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnn_cli.errors import RnnError
from rnn_cli.models.sampling.prompts import Prompt
from rnn_cli.models.sampling.spelled_tokens import NEVER
from rnn_cli.models.sampling.verse import Verse, states_held
from rnn_cli.network.arrays import Array
from rnn_cli.text.vocabulary import SPECIAL, UNK, Vocabulary

States = tuple[int, ...]  # one per constraint


class Constraint(Protocol):
    """An automaton over tokens."""

    def begin(self, prompt: Prompt, /) -> int:
        """Return the state after a prompt."""

    def after(self, state: int, /) -> NDArray[np.int32]:
        """Return the state after each token, (m,); NEVER for a token that is not allowed. UNK is used only if
        no other token is allowed."""

    def may_end(self, state: int, /) -> bool:
        """Return whether a text may end in this state, whatever ends it."""

    def like(self, state: int, /) -> int:
        """Return a state that can replace this one in looking ahead: texts can be completed from both or from
        neither."""


class Beginning:
    """Makes the first token complete the prompt's last word, if that is unfinished."""

    def __init__(self, vocabulary: Vocabulary, prompts: Iterable[Prompt]):
        self._tokens = [""] * SPECIAL + [*vocabulary.tokens]
        self._begun = ["", *sorted({prompt.begun for prompt in prompts} - {""})]

    def begin(self, prompt: Prompt) -> int:
        return self._begun.index(prompt.begun)

    def after(self, state: int) -> NDArray[np.int32]:
        begun = self._begun[state]
        return np.array([0 if token.startswith(begun) else NEVER for token in self._tokens], np.int32)

    def may_end(self, state: int) -> bool:
        return True

    def like(self, state: int) -> int:
        return state


class _Row(NamedTuple):
    """The tokens allowed in a state of all constraints together.

    added: (m,), 0 for a token that is allowed, -inf for others. ending: the same for the last token of a text
    that ends by its length. nexts: (constraints, m), the states after each token.
    """

    added: Array
    ending: Array
    nexts: NDArray[np.int32]


class Constraints:
    """Several constraints on texts that are written side by side; a Verse comes first."""

    def __init__(self, parts: Sequence[Constraint], m: int):
        self._parts = parts
        self._looks_ahead = len(parts) > 1 and isinstance(parts[0], Verse)  # a Verse alone does so by itself
        held = states_held(m)
        self._row = lru_cache(held)(self._make_row)
        self._after = lru_cache(held)(lambda k, state: parts[k].after(state))
        self._alive: dict[States, bool] = {}
        self._reached: dict[States, list[States]] = {}

    def begin(self, prompt: Prompt) -> States:
        """Return the states after a prompt."""
        return tuple(part.begin(prompt) for part in self._parts)

    def forbid(
        self, logits: Array, states: Sequence[States], rows: Iterable[int], ending: Iterable[bool]
    ) -> None:
        """Give zero probability to tokens that are not allowed, in place.

        logits: (B, m). states: for each of the B rows. rows: those to change. ending: for each of these,
        whether it ends as soon as it may.

        Raises RnnError if no token is allowed.
        """
        for k, is_last in zip(rows, ending, strict=True):
            row = self._row(states[k])
            added = row.ending if is_last else row.added
            if added[UNK] == 0:
                logits[k, UNK] = 0
            logits[k] += added

    def after(self, states: States, id: int) -> States:
        """Return the states after a token."""
        return tuple(self._row(states).nexts[:, id].tolist())

    def _make_row(self, states: States) -> _Row:
        nexts = self._nexts(states)
        allowed = (nexts != NEVER).all(axis=0)
        if self._looks_ahead:
            allowed &= self._where(nexts, allowed, self._is_alive)
        if not allowed.any():
            raise RnnError("no token is possible here: --ban, --form, --rhyme and the prompt exclude all")
        if allowed.sum() > 1:
            allowed[UNK] = False
        ending = self._where(nexts, allowed, self._all_may_end)
        return _Row(_added(allowed), _added(ending if ending.any() else allowed), nexts)

    def _nexts(self, states: States) -> NDArray[np.int32]:
        return np.array([*itertools.starmap(self._after, enumerate(states))])

    def _where(
        self, nexts: NDArray[np.int32], allowed: NDArray[np.bool_], test: "_Test"
    ) -> NDArray[np.bool_]:
        """Return which allowed tokens lead to states that pass a test, (m,)."""
        passed = np.zeros(len(allowed), bool)
        if allowed.any():
            states, which = _distinct(nexts[:, allowed])
            passed[allowed] = np.array([*map(test, states)], bool)[which]
        return passed

    def _all_may_end(self, states: States) -> bool:
        return all(part.may_end(state) for part, state in zip(self._parts, states, strict=True))

    def _is_alive(self, states: States) -> bool:
        """Return whether the form can be completed from here under all constraints.

        A depth-first search with its own stack, since a form may have more tokens than Python has frames.
        """
        states = self._like(states)
        path, seen = [(states, self._followers(states))], {states}
        while path:
            here, followers = path[-1]
            known = True if self._is_filled(here) else self._alive.get(here)
            if known:
                self._alive |= dict.fromkeys((passed for passed, _ in path), True)
                return True
            following = None if known is False else next((one for one in followers if one not in seen), None)
            if following is None:
                path.pop()
            else:
                seen.add(following)
                path.append((following, self._followers(following)))
        self._alive |= dict.fromkeys(seen, False)
        return False

    def _like(self, states: States) -> States:
        return tuple(part.like(state) for part, state in zip(self._parts, states, strict=True))

    def _followers(self, states: States) -> Iterator[States]:
        """Yield the states that a token may lead to, computed lazily."""
        if states not in self._reached:
            nexts = self._nexts(states)
            nexts = nexts[:, (nexts != NEVER).all(axis=0)]
            distinct = _distinct(nexts)[0] if nexts.size else []
            self._reached[states] = [*dict.fromkeys(map(self._like, distinct))]
        yield from self._reached[states]

    def _is_filled(self, states: States) -> bool:
        verse = self._parts[0]
        return isinstance(verse, Verse) and states[0] == verse.last and self._all_may_end(states)


class _Test(Protocol):
    def __call__(self, states: States, /) -> bool: ...


def _added(allowed: NDArray[np.bool_]) -> Array:
    return np.where(allowed, np.float32(0), np.float32(-np.inf))


def _distinct(nexts: NDArray[np.int32]) -> tuple[list[States], NDArray[np.intp]]:
    """Return the distinct columns of states, and the index of each column among them."""
    keys = np.zeros(nexts.shape[1], np.int64)
    for row in nexts:
        keys = keys * (int(row.max()) + 1) + row
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return [tuple(column) for column in nexts[:, first].T.tolist()], which
