"""How a page draws a text, in Python: the same generator, the same formulas, the same text.

The k-th number of a seed is the k-th of SplitMix (Steele, Lea and Flood 2014) with 32 bits and the last steps
of MurmurHash3. With u_k that number, and o_t the probabilities after temperature, top-k and top-p,

    x_{t+1} = the least id y with o_t[0] + … + o_t[y] > u_k

assets/network/sampling.js has the same lines. `rnn sample` draws in another way, which is faster for many
texts side by side, and gives another text for the same seed.
"""

from collections.abc import Iterator

import numpy as np

from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Array, State
from rnn_cli.network.sampling import COLDEST
from rnn_cli.text.vocabulary import END, START, UNK

WORD = 0xFFFFFFFF  # the largest number of 32 bits


def uniform(seed: int, k: int) -> float:
    """Return the k-th number of a seed, in [0, 1)."""
    h = (seed + (k + 1) * 0x9E3779B9) & WORD
    h = (h ^ h >> 16) * 0x85EBCA6B & WORD
    h = (h ^ h >> 13) * 0xC2B2AE35 & WORD
    return (h ^ h >> 16) / 2**32


def choose(logits: Array, u: float, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> int:
    """Return the id that the number u draws from logits (m,); START and UNK are never drawn.

    temperature: 0 for the likeliest id. top_k: 0 for all ids.
    """
    z = logits.astype(np.float64)
    z[[START, UNK]] = -np.inf
    if temperature == 0:
        return int(z.argmax())
    o = np.exp((z - z.max()) / max(temperature, COLDEST))
    order = np.argsort(-o, kind="stable")
    kept = order[: top_k or len(order)]
    before = o[kept].cumsum() - o[kept]
    is_beyond = before >= top_p * o[kept].sum() if top_p < 1 else np.zeros(len(kept), bool)
    is_beyond[0] = False
    o[order[len(kept) :]] = o[kept[is_beyond]] = 0
    return int(np.searchsorted(o.cumsum(), u * o.sum(), side="right"))


def write(
    model: LanguageModel, prompt: str, seed: int, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0
) -> Iterator[int]:
    """Yield the ids that a page of this model writes after a prompt that ends with a whole word, and END."""
    state: State = model.network.zero_state(1)
    zero = state
    for x in model.encode(prompt):
        before = zero if x == START and not model.carry_state else state
        logits, state = model.network.step(model.p, np.array([x]), before)
    k, id = 0, START
    while id != END:
        id = choose(logits[0], uniform(seed, k), temperature, top_k, top_p)
        yield id
        logits, state = model.network.step(model.p, np.array([id]), state)
        k += 1
