"""Attention: each step of a decoder looks at all steps of the encoder. A row of ATTENTIONS compares a state
s_t with the encoder's states h_i:

    luong       e_ti = s_t · A h_i / √n              A: (n, d); n entries of s_t        (Luong et al. 2015)
    bahdanau    e_ti = a · tanh(A s_t + D h_i)       A: (n, n), D: (n, d), a: (1, n)    (Bahdanau et al. 2015)

and both continue with

    α_t = softmax(e_t)                 over a row's real steps
    c_t = Σ_i α_ti h_i                 the attended vector

Backward, with dα_ti = dc_t · h_i and de_t = α_t (dα_t - Σ_j α_tj dα_tj),

    luong       ds_t = Σ_i de_ti A h_i / √n                    dA = Σ de_ti s_t h_i^T / √n
    bahdanau    dz_ti = de_ti a (1 - tanh^2)                   da = Σ de_ti tanh(…)
                ds_t = A^T Σ_i dz_ti,  dA = Σ dz_ti s_t^T      dD = Σ dz_ti h_i^T
    dh_i = Σ_t α_ti dc_t + what the comparison sends there

Arrays have the rows first, (B, T, n) and (B, S, d), so that all products of a row are one matrix product.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.fast.workspace import Workspace

NOWHERE = -1e30  # e_ti of padding: its exponential is 0

# de (B, T, S) -> ds (B, T, n), dh (B, S, d), and the gradients
IntoComparison = Callable[[Array], tuple[Array, Array, Parameters]]


class Comparison(Protocol):
    """A row of ATTENTIONS: compares a decoder's states with the encoder's."""

    def shapes(self, n: int, d: int) -> dict[str, tuple[int, ...]]:
        """Return the names and shapes of its parameters, for decoder states of n and encoder states of d
        entries."""

    def prepare(self, p: Parameters, h: Array, work: Workspace) -> Array:
        """Return what can be computed from h (B, S, d) once, for all steps of the decoder."""

    def forward(
        self, p: Parameters, s: Array, h: Array, prepared: Array, work: Workspace
    ) -> tuple[Array, IntoComparison]:
        """Return e (B, T, S) for states s (B, T, n) and the encoder's h, and the backward pass."""


@dataclass(frozen=True)
class Luong:
    """The scaled dot product."""

    def shapes(self, n: int, d: int) -> dict[str, tuple[int, ...]]:
        return {"A": (n, d)}

    def prepare(self, p: Parameters, h: Array, work: Workspace) -> Array:
        B, S, d = h.shape
        n = len(p["A"])
        Ah = np.matmul(h.reshape(B * S, d), p["A"].T, out=work("A h", B * S, n))
        return np.multiply(Ah, 1 / math.sqrt(n), out=Ah).reshape(B, S, n)  # A h_i / √n

    def forward(
        self, p: Parameters, s: Array, h: Array, prepared: Array, work: Workspace
    ) -> tuple[Array, IntoComparison]:
        (B, T, n), (_, S, d), A = s.shape, h.shape, p["A"]
        e = np.matmul(s, prepared.swapaxes(1, 2), out=work("compared", B, T, S))

        def backward(de: Array) -> tuple[Array, Array, Parameters]:
            ds = np.matmul(de, prepared, out=work("ds of e", B, T, n))  # Σ_i de_ti A h_i / √n
            dAh = np.matmul(de.swapaxes(1, 2), s, out=work("d A h", B, S, n))
            dAh = np.multiply(dAh, 1 / math.sqrt(n), out=dAh).reshape(B * S, n)
            dA = np.matmul(dAh.T, h.reshape(B * S, d), out=work.gradient("A", n, d))
            dh = np.matmul(dAh, A, out=work("dh of e", B * S, d))
            return ds, dh.reshape(B, S, d), {"A": dA}

        return e, backward


@dataclass(frozen=True)
class Bahdanau:
    """Additive comparison, with n units."""

    def shapes(self, n: int, d: int) -> dict[str, tuple[int, ...]]:
        return {"A": (n, n), "D": (n, d), "a": (1, n)}

    def prepare(self, p: Parameters, h: Array, work: Workspace) -> Array:
        B, S, d = h.shape
        k = len(p["D"])
        return np.matmul(h.reshape(B * S, d), p["D"].T, out=work("D h", B * S, k)).reshape(B, S, k)

    def forward(
        self, p: Parameters, s: Array, h: Array, prepared: Array, work: Workspace
    ) -> tuple[Array, IntoComparison]:
        (B, T, n), (_, S, d), A, a = s.shape, h.shape, p["A"], p["a"][0]
        k = len(a)
        s, h = s.reshape(B * T, n), h.reshape(B * S, d)
        As = np.matmul(s, A.T, out=work("A s", B * T, k)).reshape(B, T, 1, k)
        g = np.add(As, prepared[:, None], out=work("added", B, T, S, k))
        np.tanh(g, out=g)
        e = np.matmul(g.reshape(-1, k), a, out=work("compared", B * T * S)).reshape(B, T, S)

        def backward(de: Array) -> tuple[Array, Array, Parameters]:
            da = np.matmul(de.reshape(1, -1), g.reshape(-1, k), out=work.gradient("a", 1, k))
            dz = work("d added", B, T, S, k)
            np.multiply(g, g, out=dz)
            np.subtract(1, dz, out=dz)
            dz *= a
            dz *= de[..., None]  # de_ti a (1 - tanh^2)
            d_As = np.add.reduce(dz, axis=2, out=work("d A s", B, T, k)).reshape(B * T, k)
            d_Dh = np.add.reduce(dz, axis=1, out=work("d D h", B, S, k)).reshape(B * S, k)
            dA = np.matmul(d_As.T, s, out=work.gradient("A", k, n))
            dD = np.matmul(d_Dh.T, h, out=work.gradient("D", k, d))
            ds = np.matmul(d_As, A, out=work("ds of e", B * T, n)).reshape(B, T, n)
            dh = np.matmul(d_Dh, p["D"], out=work("dh of e", B * S, d)).reshape(B, S, d)
            return ds, dh, {"A": dA, "D": dD, "a": da}

        return e, backward


ATTENTIONS: dict[str, Comparison] = {"luong": Luong(), "bahdanau": Bahdanau()}


class Memory(NamedTuple):
    """What a decoder attends to."""

    h: Array  # (B, S, d), the encoder's states, rows first; 0 at padding
    padding: Array  # (B, 1, S), NOWHERE at padding, 0 at real steps
    prepared: Array  # the result of `Comparison.prepare`

    @classmethod
    def of(cls, kind: str, p: Parameters, h: Array, real: Array, work: Workspace) -> "Memory":
        """Return the memory of states h (S, B, d) with the mask `real` (S, B), for a row of ATTENTIONS."""
        S, B, d = h.shape
        by_row = work("memory", B, S, d)
        np.copyto(by_row, h.swapaxes(0, 1))
        padding = np.where(real.T == 0, NOWHERE, 0).astype(h.dtype)[:, None]
        return cls(by_row, padding, ATTENTIONS[kind].prepare(p, by_row, work))


# dc (B, T, d) -> ds (B, T, n), dh (B, S, d), and the gradients
Backward = Callable[[Array], tuple[Array, Array, Parameters]]


def attend(
    kind: str, p: Parameters, s: Array, memory: Memory, work: Workspace
) -> tuple[Array, Array, Backward]:
    """Return c (B, T, d) and α (B, T, S) for states s (B, T, n), and the backward pass.

    kind: a row of ATTENTIONS. A row without real steps attends to its padding, where h is 0.
    """
    h, padding, prepared = memory
    α, into_comparison = ATTENTIONS[kind].forward(p, s, h, prepared, work)
    α += padding
    α -= α.max(axis=2, keepdims=True)
    np.exp(α, out=α)
    α /= α.sum(axis=2, keepdims=True)
    c = np.matmul(α, h, out=work("attended", *s.shape[:2], h.shape[2]))
    work.lap("attention")

    def backward(dc: Array) -> tuple[Array, Array, Parameters]:
        de = np.matmul(dc, h.swapaxes(1, 2), out=work("d compared", *α.shape))  # dα_ti = dc_t · h_i
        de -= np.einsum("bts,bts->bt", α, de)[..., None]
        de *= α
        ds, dh, gradients = into_comparison(de)
        dh += np.matmul(α.swapaxes(1, 2), dc, out=work("dh of c", *h.shape))  # Σ_t α_ti dc_t
        work.lap("attention")
        return ds, dh, gradients

    return c, α, backward
