import numpy as np
import plain_networks as plain

from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.first_state import first_state, shapes


def test_states_and_derivatives_are_those_of_each_row():
    rng = np.random.default_rng(0)
    p = {name: rng.normal(size=shape) for name, shape in shapes(2, 3, 4).items()}
    v, into = rng.normal(size=(5, 4)), {name: rng.normal(size=(5, 3)) for name in ("s", "c")}
    found, backward = first_state(p, v, ["s", "c"], Workspace(np.float64))

    def E(p):
        s_0 = [np.tanh(p["F"] @ row + p["b_f"]) for row in p["v"]]
        return sum(row[:3] @ s + row[3:] @ c for row, s, c in zip(s_0, into["s"], into["c"], strict=True))

    both = np.concatenate([found["s"], found["c"]], axis=1)
    np.testing.assert_allclose(both, np.tanh(v @ p["F"].T + p["b_f"]))
    dv, gradients = backward(into)
    everything = p | {"v": v}
    ours, places = gradients | {"v": dv}, plain.places(everything, rng, 30)
    np.testing.assert_allclose(
        [ours[name][place] for name, place in places], plain.derivatives(E, everything, places), rtol=1e-9
    )
