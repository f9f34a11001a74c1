"""A linear regression that can be trained: y = w · x + b, whatever the step. It is no Network, and the tests
import it by name, as the processes of an executor do."""

from typing import NamedTuple

import numpy as np


class Points(NamedTuple):
    """Points x with targets y, where the weight is not 0."""

    points: np.ndarray  # (T, B, 2)
    targets: np.ndarray  # (T, B)
    weight: np.ndarray  # (T, B)


class Regression:
    m = 2
    size = 3

    @property
    def sizes(self):
        return {"w": 2, "b": 1}

    def is_dense(self, name):
        return True

    def views(self, flat):
        return {name: array.reshape(-1) for name, array in flat.items()}

    def zero_state(self, B, dtype=np.float32):
        return {"seen": np.zeros((B, 1), dtype)}

    def draw_masks(self, rng, drop, T, B):
        return {}

    def rooms(self, T, B):
        of_batch = {"points": (2 * T * B, False), "targets": (T * B, False), "weight": (T * B, False)}
        return of_batch | {"seen": (B, False)}

    def rows(self, batch, k):
        return Points(*(array[:, k] for array in batch))

    def loss(self, p, batch, state, work, masks=None):
        difference = batch.points @ p["w"] + p["b"] - batch.targets
        after = {"seen": state["seen"] + len(batch.points)}
        return float((batch.weight * difference**2).sum()) / 2, after

    def evaluate(self, p, batch, state, work):
        return self.loss(p, batch, state, work)

    def loss_and_gradients(self, p, batch, state, work, masks=None):
        E, after = self.loss(p, batch, state, work)
        d = batch.weight * (batch.points @ p["w"] + p["b"] - batch.targets)  # (T, B)
        dw = np.einsum("tb,tbi->i", d, batch.points, out=work.gradient("w", 2))
        return E, {"w": dw, "b": d.sum(keepdims=True).reshape(1)}, after  # of which one is in its place
