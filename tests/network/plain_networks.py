"""The networks of this room once more, one row and one step at a time, for tests: no code is shared.

Every function takes complex numbers too. So a derivative is found without differences: E(p + i h) is
E(p) + i h E'(p) up to h^2, and with h = 1e-30 the imaginary part is the derivative to the last digit.
"""

import numpy as np

H = 1e-30


def sigma(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    exp_z = np.exp(z - z.real.max())
    return exp_z / exp_z.sum()


def relu(z):
    return np.where(z.real > 0, z, 0)


def step(cell, W, a, state):
    """The state after a step: {"s": (n,)}, and "c" for an lstm."""
    s = state["s"]
    if cell in ("tanh", "relu"):
        return {"s": (np.tanh if cell == "tanh" else relu)(a + W @ s)}
    if cell == "gru":
        a_r, a_u, a_g = np.split(a, 3)
        W_r, W_u, W_g = np.split(W, 3)
        r, u = sigma(a_r + W_r @ s), sigma(a_u + W_u @ s)
        return {"s": u * s + (1 - u) * np.tanh(a_g + r * (W_g @ s))}
    o, i, f, g = np.split(a + W @ s, 4)
    c = sigma(f) * state["c"] + sigma(i) * np.tanh(g)
    return {"s": sigma(o) * np.tanh(c), "c": c}


def zero(cell, n):
    return {"s": np.zeros(n), "c": np.zeros(n)} if cell == "lstm" else {"s": np.zeros(n)}


def layer(p, cell, name, inputs, state=None):
    """The states of one direction of a layer, in the order of the inputs."""
    W, states = p[f"W{name}"], []
    state = zero(cell, W.shape[1]) if state is None else state
    for a in inputs:
        state = step(cell, W, a, state)
        states.append(state["s"])
    return states


def states(p, network, ids, masks=None, beside=None, first=None):
    """h_1 … h_L of one row, a list. masks: of this row, name -> (L, width)."""
    masks = masks or {}
    ones = np.ones(len(ids))
    h = (
        [p["C"][:, k] * mask for k, mask in zip(ids, masks.get("x", ones), strict=False)]
        if "C" in p
        else None
    )
    for number in range(1, network.layers + 1):
        suffix = "" if number == 1 else str(number)
        ways = []
        for way in ("", "_rev")[: 1 + network.bidirectional]:
            name = suffix + way
            U, b_a = p[f"U{name}"], p[f"b_a{name}"]
            a = [(U[:, ids[t]] if h is None else U @ h[t]) + b_a for t in range(len(ids))]
            if beside is not None and number == 1:
                a = [a_t + p[f"Q{way}"] @ q for a_t, q in zip(a, beside, strict=True)]
            state = None if first is None else {key: first[key + suffix] for key in zero(network.cell, 1)}
            s = layer(p, network.cell, name, a[::-1] if way else a, state)
            ways.append(s[::-1] if way else s)
        h = [np.concatenate(both) for both in zip(*ways, strict=True)]
        h = [h_t * mask for h_t, mask in zip(h, masks.get(f"s{suffix}", ones), strict=False)]
    return h


def derivatives(E, p, places):
    """dE/dp at some places, [(name, place)], of E: p -> a number."""
    found = []
    for name, place in places:
        array = p[name].astype(complex)
        array[place] += 1j * H
        found.append(E({**p, name: array}).imag / H)
    return found


def places(p, rng, count):
    """Some places of each parameter."""
    return [
        (name, np.unravel_index(flat, array.shape))
        for name, array in p.items()
        for flat in rng.choice(array.size, min(count, array.size), replace=False)
    ]


def pooled(name, h, directions):
    """The vector of one row with states h, a list of (d,)."""
    n = len(h[0]) // directions
    kinds = {
        "last": lambda: np.concatenate([h[-1][:n], h[0][n:]]),
        "max": lambda: np.array([max((h_t[k] for h_t in h), key=lambda z: z.real) for k in range(len(h[0]))]),
        "mean": lambda: sum(h) / len(h),
    }
    return np.concatenate([kinds[kind]() for kind in name.split("+")])


def cost(output, o, y):
    """E of one text, from its outputs."""
    if output == "softmax":
        return -np.log(o[y])
    if output == "sigmoid":
        return -sum(np.log(o_k if y_k else 1 - o_k) for o_k, y_k in zip(o, y, strict=True))
    return (o[0] - y) ** 2


def mean_of(G, ids):
    return sum(G[:, k] for k in ids) / len(ids) if len(ids) else np.zeros(len(G), G.dtype)


def experts(p, network, ids, grams=(), masks=None):
    """The logits of one text: by its states and, with n-grams, by those."""
    s = pooled(network.pooling, states(p, network.encoder, ids, masks), len(network.encoder.directions))
    by_states = p["V"] @ s + p["b_y"]
    if not network.buckets:
        return [by_states]
    return [by_states, p["b_g"] + sum(4 * p["G"][:, k] / np.sqrt(len(grams)) for k in grams)]


def classified(p, network, ids, grams=(), masks=None):
    """o of one text."""
    z, *others = experts(p, network, ids, grams, masks)
    return output_of(network, p["mix"][0] * z + (1 - p["mix"][0]) * others[0] if others else z)


def output_of(network, z):
    return softmax(z) if network.output == "softmax" else sigma(z)


def tagged(p, network, ids, affixes=None, masks=None):
    """o_1 … o_L of one sequence. affixes: a list of ids for each step."""
    q = None if affixes is None else [mean_of(p["G"], some) for some in affixes]
    if q and masks and "q" in masks:
        q = [v * mask for v, mask in zip(q, masks["q"], strict=True)]
    return [softmax(p["V"] @ h + p["b_y"]) for h in states(p, network.encoder, ids, masks, q)]


def same_derivatives(network, E, p, gradients, rng, entries=4):
    """Check gradients against those of E, at some places of each parameter and where a table's are not 0."""
    ours = network.dense(gradients)
    assert list(ours) == list(network.shapes)
    chosen = places(p, rng, entries)
    for name in network.tables:
        moved = np.flatnonzero(ours[name])
        chosen += [
            (name, np.unravel_index(k, ours[name].shape)) for k in rng.choice(moved, min(4, len(moved)))
        ]
    found = [ours[name][place] for name, place in chosen]
    np.testing.assert_allclose(found, derivatives(E, p, chosen), rtol=1e-8, atol=1e-12)


def row_of(masks, b, L):
    """The dropout masks of one row of L steps."""
    return {
        name: np.broadcast_to(mask, (L, *mask.shape[1:]))[:, b] if len(mask) == 1 else mask[:L, b]
        for name, mask in masks.items()
    }


def noisy(network, p, rng, spread=0.3):
    """Parameters of which none is 0."""
    return network.lay_out({k: v + rng.normal(0, spread, v.shape) for k, v in p.items()}, np.float64)


def attended(kind, p, s, h):
    """c and α of a state s (n,) that looks at h, a list of (d,)."""
    if kind == "luong":
        e = [s @ (p["A"] @ h_i) / np.sqrt(len(s)) for h_i in h]
    else:
        e = [p["a"][0] @ np.tanh(p["A"] @ s + p["D"] @ h_i) for h_i in h]
    α = softmax(np.array(e))
    return sum(a * h_i for a, h_i in zip(α, h, strict=True)), α


def written(p, network, source, given, masks=None):
    """o_1 … o_T of one pair, the decoder being given START and the target."""
    masks, decoder = masks or {}, network.decoder
    of = {name.removesuffix("_dec"): array for name, array in p.items() if name.endswith("_dec")}
    own = {name.removesuffix("_dec"): array for name, array in masks.items() if name.endswith("_dec")}
    own = {name: array[: len(given)] for name, array in own.items()}
    ours = {name: array[: len(source)] for name, array in masks.items() if not name.endswith("_dec")}
    h = states(p, network.encoder, source, ours) if len(source) else []
    v = pooled("last", h, 1 + network.encoder.bidirectional) if h else np.zeros(p["F"].shape[1])
    names = [*decoder.zero_state(1)]
    first = dict(zip(names, np.split(np.tanh(p["F"] @ v + p["b_f"]), len(names)), strict=True))
    if decoder.tie:
        of["C"] = of["V"].T
    for s in states(of, decoder, given, own, None, first):
        c = attended(network.attention, p, s, h)[0] if h else np.zeros(p["F"].shape[1])
        z = np.tanh(p["K"] @ np.concatenate([c, s]) + p["b_k"])
        yield softmax(of["V"] @ z + of["b_y"])


def told(p, network, label, ids, masks=None):
    """o_1 … o_T of a text with this label; ids are START and the text."""
    language, l = network.language, p["L"][:, label]  # noqa: E741
    names = [*language.zero_state(1)]
    first = dict(zip(names, np.split(np.tanh(p["F"] @ l + p["b_f"]), len(names)), strict=True))
    p = p | {"C": p["V"].T} if language.tie else p
    h = states(p, language, ids, masks, [l] * len(ids), first)
    return [softmax(p["V"] @ h_t + p["b_y"]) for h_t in h]
