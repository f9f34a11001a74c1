"""The hidden Markov model with which jieba makes words of the characters that its dictionary leaves over.

Each character is in one of four states: B, M or E, the first, an inner or the last character of a word, or S,
a word by itself. Viterbi's algorithm, with the tables of `jieba.finalseg`, finds the most probable states of
a sequence. Here it processes many sequences together, step by step.

The result equals jieba's, bit for bit: sums of float64 in the same order, and the same choice between equal
ones. jieba takes the largest pair (value, state), so the state that is later in the alphabet wins.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rnn_cli.text.scripts import HAN

FIRST_HAN, LAST_HAN = ord(HAN[0]), ord(HAN[-1])
STATES = "BMES"
E, S = STATES.index("E"), STATES.index("S")
# The two states that may precede each state, in the order of the alphabet.
EARLIER = np.array([STATES.index(state) for state in "EBBE"])
LATER = np.array([STATES.index(state) for state in "SMMS"])
IMPOSSIBLE = -3.14e100  # jieba's logarithm of a probability of 0

Probabilities = Mapping[str, Mapping[str, float]]


class HiddenMarkovModel:
    """A model given by log probabilities in jieba's form.

    start: state -> log p that a sequence begins with it.
    transitions: state -> state -> log p that the second follows the first.
    emissions: state -> Han character -> log p that the state emits it.
    """

    def __init__(self, start: Mapping[str, float], transitions: Probabilities, emissions: Probabilities):
        self._start = np.array([[start[state]] for state in STATES])
        earlier, later = (
            [
                [transitions[STATES[before]].get(state, IMPOSSIBLE)]
                for before, state in zip(of, STATES, strict=True)
            ]
            for of in (EARLIER, LATER)
        )
        self._from_earlier, self._from_later = np.array(earlier), np.array(later)
        self._emissions = np.full((len(STATES), LAST_HAN + 1 - FIRST_HAN), IMPOSSIBLE)
        for row, state in zip(self._emissions, STATES, strict=True):
            for character, value in emissions[state].items():
                if FIRST_HAN <= ord(character) <= LAST_HAN:
                    row[ord(character) - FIRST_HAN] = value

    def find_word_ends(
        self, codes: NDArray[np.uint32], sequences: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the places of all characters in some sequences, in no particular order, and whether a word
        ends at each.

        codes: the code points of a text.
        sequences: (N, 2) where each sequence begins and ends; it holds one or more Han characters and nothing
            else.
        """
        lengths = sequences[:, 1] - sequences[:, 0]
        if len(lengths) == 0:
            return np.empty(0, np.intp), np.empty(0, np.bool_)
        order = np.argsort(-lengths, kind="stable")  # longest first: those that go on at a step come first
        begins, lengths = sequences[order, 0], lengths[order]
        counts = np.searchsorted(-lengths, -np.arange(lengths[0]))  # (T,) sequences with a character t
        places = [begins[:count] + step for step, count in enumerate(counts)]
        came_later, values = self._forward([codes[at] - FIRST_HAN for at in places])
        return np.concatenate(places), _are_ends(came_later, values)

    def _forward(
        self, shown: list[NDArray[np.uint32]]
    ) -> tuple[list[NDArray[np.bool_]], NDArray[np.float64]]:
        """Return for each step after the first whether each state, (4, N at that step), came from the later
        of its two possible predecessors, and the values of the best paths to the ends of the sequences,
        (4, N)."""
        v = self._start + self._emissions[:, shown[0]]
        came_later = []
        for characters in shown[1:]:
            emitted = self._emissions.take(characters, axis=1)
            before = v[:, : len(characters)]
            # v_t(y) = max over y' of v_{t-1}(y') + a(y', y) + b(y, x_t)
            earlier = before[EARLIER] + self._from_earlier + emitted
            later = before[LATER] + self._from_later + emitted
            came_later.append(later >= earlier)
            v[:, : len(characters)] = np.where(came_later[-1], later, earlier)
        return came_later, v


def _are_ends(came_later: list[NDArray[np.bool_]], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether a word ends at each character, step by step, along the best paths."""
    state = np.where(values[S] >= values[E], S, E)
    ends = []
    for later in reversed(came_later):
        count = later.shape[1]
        last = state[:count]
        ends.append((last == E) | (last == S))
        state[:count] = np.where(later[last, np.arange(count)], LATER[last], EARLIER[last])
    ends.append((state == E) | (state == S))
    return np.concatenate(ends[::-1])
