"""Attention against one row, one step and one memory at a time, and its derivatives by complex steps."""

import numpy as np
import plain_networks as plain
import pytest

from rnn_cli.network.attention import ATTENTIONS, Memory, attend
from rnn_cli.network.fast.workspace import Workspace

B, T, S, n, d = 4, 3, 5, 3, 4
LENGTHS = (5, 1, 3, 0)
REAL = (np.arange(S)[:, None] < LENGTHS).astype(float)


def problem(kind):
    rng = np.random.default_rng(0)
    p = {name: rng.normal(size=shape) for name, shape in ATTENTIONS[kind].shapes(n, d).items()}
    h = rng.normal(size=(S, B, d)) * REAL[..., None]
    return p, rng.normal(size=(B, T, n)), h, rng


def run(kind, p, s, h, work=None):
    work = work or Workspace(np.float64)
    return attend(kind, p, s, Memory.of(kind, p, h, REAL, work), work)


@pytest.mark.parametrize("kind", ATTENTIONS)
def test_each_step_looks_where_it_looks_alone(kind):
    p, s, h, _ = problem(kind)
    c, α, _ = run(kind, p, s, h)
    for b, L in enumerate(LENGTHS):
        for t in range(T):
            if not L:
                assert not c[b, t].any()
                continue
            alone, where = plain.attended(kind, p, s[b, t], h[:L, b])
            np.testing.assert_allclose(c[b, t], alone, rtol=1e-12)
            np.testing.assert_allclose(α[b, t], [*where, *[0] * (S - L)], rtol=1e-12)


@pytest.mark.parametrize("kind", ATTENTIONS)
def test_the_derivatives_are_those_of_each_step_alone(kind):
    p, s, h, rng = problem(kind)
    into = rng.normal(size=(B, T, d))
    everything = p | {"s": s, "h": h}

    def E(p):
        return sum(
            np.sum(plain.attended(kind, p, p["s"][b, t], p["h"][:L, b])[0] * into[b, t])
            for b, L in enumerate(LENGTHS)
            for t in range(T)
            if L
        )

    _, _, backward = run(kind, p, s, h)
    ds, dh, gradients = backward(into.copy())
    assert gradients.keys() == p.keys()
    ours = gradients | {"s": ds, "h": dh.swapaxes(0, 1)}
    places = [
        (name, place)
        for name, place in plain.places(everything, rng, 30)
        if name != "h" or REAL[place[0], place[1]]
    ]
    np.testing.assert_allclose(
        [ours[name][place] for name, place in places],
        plain.derivatives(E, everything, places),
        rtol=1e-9,
        atol=1e-13,
    )


@pytest.mark.parametrize("kind", ATTENTIONS)
def test_a_single_step_is_a_step_of_many(kind):
    p, s, h, _ = problem(kind)
    c, α, _ = run(kind, p, s, h)
    for t in range(T):
        c_t, α_t, _ = run(kind, p, s[:, t : t + 1], h)
        np.testing.assert_allclose(c_t[:, 0], c[:, t], rtol=1e-12)
        np.testing.assert_allclose(α_t[:, 0], α[:, t], rtol=1e-12)


def test_pytorch_finds_the_same_attention_of_a_scaled_product():
    torch = pytest.importorskip("torch")
    p, s, h, _ = problem("luong")
    c, _, _ = run("luong", p, s, h)
    rows = slice(0, 3)  # PyTorch has no answer for a row without a step
    keys = torch.tensor(h.swapaxes(0, 1)[rows]) @ torch.tensor(p["A"]).T
    mask = torch.tensor(REAL.T[rows] > 0)[:, None]
    values = torch.tensor(h.swapaxes(0, 1)[rows])
    theirs = torch.nn.functional.scaled_dot_product_attention(torch.tensor(s[rows]), keys, values, mask)
    np.testing.assert_allclose(c[rows], theirs.numpy(), rtol=1e-9)
