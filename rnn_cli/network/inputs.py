"""How tokens enter the first layer: a row of INPUTS turns ids x (T, B) into a_t, for all steps at once.

    one_hot      a_t = U x_t + b_a                x_t is one-hot, so that U x_t is a column of U
    embedding    a_t = U h_t + b_a, h_t = C x_t   (Bengio et al. 2003)
    tied         a_t = U h_t + b_a, h_t = V^T x_t  where V is the output layer's (Press and Wolf 2017)

A row's table is the matrix whose column x_t selects.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

import numpy as np

from rnn_cli.network.arrays import Array, Ids, Parameters
from rnn_cli.network.cells.cell import Cell
from rnn_cli.network.columns import Columns, Gradient, Gradients, sum_by_token
from rnn_cli.network.fast.workspace import Workspace
from rnn_cli.network.outputs import OUTPUTS

# Up to this vocabulary size, the gradient of a table is fastest as a product with the one-hot matrix; beyond
# it, as sums over the rows of each token that occurs.
ONE_HOT_UP_TO = 256

IntoTable = Callable[[Array, Gradients], Gradients]  # dh, gradients so far -> the gradients with the table's
IntoLayer = Callable[[Array], tuple[Array, Gradient, Array]]  # da -> dh, dU, db_a


class Input(ABC):
    """A row of INPUTS. m is the vocabulary size, `size` the width of the embedding (0 if there is none).

    table: the name of the parameter whose column x_t selects.
    order: the table's memory layout, by rows ("C") or by columns ("F").
    """

    table: str
    order: Literal["C", "F"] = "F"

    def shapes(self, m: int, size: int) -> dict[str, tuple[int, ...]]:
        """Return the names and shapes of the parameters that this input adds to the network's."""
        return {}

    def width(self, m: int, size: int) -> int:
        """Return the number of columns of the first layer's U."""
        return size

    def describe(self, size: int) -> str:
        """Return this input's part of a network's description."""
        return ""

    def refusal(self, n: int, size: int, output: str) -> str:
        """Return why this input cannot be combined with n units and this output layer; "" if it can."""
        return ""

    def masks(self, size: int) -> dict[str, int]:
        """Return the name and width of this input's dropout mask."""
        return {}

    @abstractmethod
    def spread(self, cell: Cell, m: int, n: int) -> float:
        """Return the standard deviation of the table's initial values, which are normally distributed."""

    def by_columns(self, m: int) -> bool:
        """Return whether the table's gradient is `Columns` and not an array."""
        return m > ONE_HOT_UP_TO

    def flops(self, m: int, width: int) -> int:
        """Return the table's floating-point operations per token; the table has `width` rows. A look-up takes
        none, and its gradient takes some only if it is a product with the one-hot matrix."""
        return 2 * m * width if m <= ONE_HOT_UP_TO else 0

    @abstractmethod
    def embed(self, p: Parameters, x: Ids, mask: Array | None, work: Workspace) -> tuple[Array, IntoTable]:
        """Return the input h of the first layer for ids x (T, B), and the backward pass.

        mask: (T or 1, B, size), a dropout mask for the embeddings.
        """

    @abstractmethod
    def enter(self, U: Array, b_a: Array, h: Array, work: Workspace) -> tuple[Array, IntoLayer]:
        """Return a_t = U h_t + b_a (T, B, k) of the first layer, and the backward pass."""

    @abstractmethod
    def step(self, p: Parameters, x: Ids) -> Array:
        """Return a_t (B, k), a new array, for ids x (B,)."""


class OneHot(Input):
    table = "U"

    def width(self, m: int, size: int) -> int:
        return m

    def spread(self, cell: Cell, m: int, n: int) -> float:
        """x_t reaches the state through one column of U, so the scale must not fall with m, as Glorot's would
        (measured in tests/benchmarks)."""
        return cell.spread_of_U(m, n)

    def embed(self, p: Parameters, x: Ids, mask: Array | None, work: Workspace) -> tuple[Array, IntoTable]:
        return x, lambda dh, so_far: so_far

    def enter(self, U: Array, b_a: Array, h: Array, work: Workspace) -> tuple[Array, IntoLayer]:
        a, into_U = look_up(U, b_a, h, work)

        def backward(da: Array) -> tuple[Array, Gradient, Array]:
            dU = into_U(da, "U")
            by_token = dU.values if isinstance(dU, Columns) else dU.T
            db_a = np.add.reduce(by_token, axis=0, out=work.gradient("b_a", len(b_a)))  # Σ_t da_t
            work.lap("weight gradients")
            return np.empty((*h.shape, 0), da.dtype), dU, db_a  # ids have no derivative

        return a, backward

    def step(self, p: Parameters, x: Ids) -> Array:
        return p["U"].T.take(x, axis=0) + p["b_a"]


class Embedding(Input):
    table = "C"

    def shapes(self, m: int, size: int) -> dict[str, tuple[int, ...]]:
        return {"C": (size, m)}

    def describe(self, size: int) -> str:
        return f", embedding {size}"

    def masks(self, size: int) -> dict[str, int]:
        return {"x": size}

    def spread(self, cell: Cell, m: int, n: int) -> float:
        return 0.5

    def embed(self, p: Parameters, x: Ids, mask: Array | None, work: Workspace) -> tuple[Array, IntoTable]:
        h, into_C = look_up(self.columns(p), None, x, work)  # C x_t
        if mask is not None:
            np.multiply(h, mask, out=h)

        def backward(dh: Array, so_far: Gradients) -> Gradients:
            if mask is not None:
                np.multiply(dh, mask, out=dh)
            return self.with_table(so_far, into_C(dh, "C"), p, work)

        return h, backward

    def enter(self, U: Array, b_a: Array, h: Array, work: Workspace) -> tuple[Array, IntoLayer]:
        return feed(U, b_a, h, work)

    def step(self, p: Parameters, x: Ids) -> Array:
        return self.columns(p).T.take(x, axis=0) @ p["U"].T + p["b_a"]

    def columns(self, p: Parameters) -> Array:
        """Return C."""
        return p["C"]

    def with_table(self, gradients: Gradients, dC: Gradient, p: Parameters, work: Workspace) -> Gradients:
        """Return the gradients with the table's; dC is its gradient from the look-up."""
        return gradients | {"C": dC}


class Tied(Embedding):
    """C is V^T, so the gradient of V is a sum: the look-up's and the output layer's."""

    table = "V"
    order = "C"

    def shapes(self, m: int, size: int) -> dict[str, tuple[int, ...]]:
        return {}

    def describe(self, size: int) -> str:
        return f", tied embedding {size}"

    def refusal(self, n: int, size: int, output: str) -> str:
        if size != n or not OUTPUTS[output].has_full_rows:
            return "an embedding is tied to softmax or classes only, and only if its size is the hidden size"
        return ""

    def spread(self, cell: Cell, m: int, n: int) -> float:
        return 0.1  # smaller than an embedding's, so that the first logits are small

    def by_columns(self, m: int) -> bool:
        return False

    def columns(self, p: Parameters) -> Array:
        return p["V"].T

    def with_table(self, gradients: Gradients, dC: Gradient, p: Parameters, work: Workspace) -> Gradients:
        dV = gradients.get("V")
        if dV is None:  # the output layer has not been used
            dV = work.gradient("V", *p["V"].shape)
            dV.fill(0)
        assert not isinstance(dV, Columns)
        if isinstance(dC, Columns):
            dV[dC.tokens] += dC.values
        else:
            dV += dC.T
        return gradients | {"V": dV}


INPUTS: dict[str, Input] = {"one_hot": OneHot(), "embedding": Embedding(), "tied": Tied()}


def look_up(
    table: Array, b: Array | None, x: Ids, work: Workspace
) -> tuple[Array, Callable[[Array, str], Gradient]]:
    """Return U x_t + b (or U x_t, without a bias) and the backward pass. As x_t is one-hot, U x_t is column
    x_t of the table U.

    table: (n, m), in memory by columns. x: ids, (T, B). The result is (T, B, n). The backward pass takes da
    (T, B, n) and the table's name, and returns dU.
    """
    (T, B), (n, m) = x.shape, table.shape
    few = m < T * B  # fewer columns than positions: cheaper to add the bias to the columns
    a = work("looked up", T, B, n)
    columns = np.add(table.T, b, out=work("table + bias", m, n)) if few and b is not None else table.T
    np.take(columns, x, axis=0, out=a, mode="clip")  # "raise" would copy through a buffer
    if not few and b is not None:
        np.add(a, b, out=a)
    work.lap("look-up")

    def backward(da: Array, name: str) -> Gradient:
        da = da.reshape(T * B, n)
        if m <= ONE_HOT_UP_TO:
            one_hot = work("one_hot", T * B, m)
            one_hot.fill(0)
            one_hot[np.arange(T * B), x.ravel()] = 1
            dU = work.gradient(name, n, m, order="F")
            np.matmul(one_hot.T, da, out=dU.T)  # dU = Σ_t da_t x_t^T
            work.lap("weight gradients")
            return dU
        by_columns = sum_by_token(x.ravel(), da)
        work.lap("weight gradients")
        return by_columns

    return a, backward


def feed(U: Array, b_a: Array, h: Array, work: Workspace) -> tuple[Array, IntoLayer]:
    """Return a_t = U h_t + b_a and the backward pass, da -> dh, dU, db_a.

    U (k, d), h (T, B, d) -> a (T, B, k).
    """
    (T, B, d), k = h.shape, len(U)
    a = np.matmul(h.reshape(T * B, d), U.T, out=work("a", T * B, k))
    np.add(a, b_a, out=a)
    work.lap("layer inputs")

    def backward(da: Array) -> tuple[Array, Gradient, Array]:
        da = da.reshape(T * B, k)
        dU = np.matmul(da.T, h.reshape(T * B, d), out=work.gradient("U", k, d))  # dU = Σ_t da_t h_t^T
        work.lap("weight gradients")
        dh = np.matmul(da, U, out=work("dh", T * B, d))  # dh_t = U^T da_t
        work.lap("layer inputs")
        return dh.reshape(T, B, d), dU, np.add.reduce(da, axis=0, out=work.gradient("b_a", k))

    return a.reshape(T, B, k), backward
