"""Repeated products W s of the same W with a few rows of s: at every step of a window, or of a sample.

Before each product, a BLAS library copies W into the order in which its kernel reads it. For few rows, that
takes as long as the product itself. Here W is copied once, into panels small enough for OpenBLAS to read in
place, if it has kernels for that: with AVX-512 this is up to twice as fast, with AVX2 neither faster nor
slower (tests/benchmarks/README.md).
"""

from collections.abc import Callable

import numpy as np

from rnn_cli.network.arrays import Array
from rnn_cli.network.fast.workspace import Workspace

SMALL = 1_000_000  # multiplications: the limit in OpenBLAS 0.3.31 (sgemm_small_kernel_permit, SkylakeX)
WIDTHS = (64, 32)  # rows of W in a panel, the best first
TILE = 32  # rows of W copied at a time, so that source and target stay in the cache; divides WIDTHS
PARTS = 8  # the most parts into which a row of W is divided
FEW = 64  # rows of s; with more, the copy made by a large product is worth its time
GAP = 16  # numbers, a cache line: columns a power of two apart would compete for a few cache sets

Product = Callable[[Array], Array]  # s (B, d) -> W s of each row, (B, k)


def plain(W: Array) -> Product:
    """Return the plain NumPy product. As rows are sequences, W s is s @ W.T."""
    return lambda s: s @ W.T


def for_steps(B: int) -> Callable[[Array], Product]:
    """Return a function from W to its product with B rows, for many steps. Each product has its own
    memory."""
    return lambda W: times(W, B, Workspace(W.dtype))


def times(W: Array, B: int, work: Workspace) -> Product:
    """Return the product of W (k, d), as it is now, with at most B rows. The result of a product is an array
    of the workspace, valid until the next product."""
    k, d = W.shape
    if B == 1:  # W is read only once per product
        z_1 = work("products", 1, k)
        return lambda s: np.matmul(s, W.T, out=z_1)
    whole = B > FEW or work.threads > 1  # small products run on one thread
    parts, width = (1, k + GAP) if whole else panel_of(k, d, B)
    count = -(-k // width)
    panels = work("panels", parts, count, d // parts, width)
    panels[:, -1, :, k - count * width :] = 0
    for first in range(0, k, TILE):
        rows = W[first : first + TILE].reshape(-1, parts, d // parts)
        panel, within = divmod(first, width)
        np.copyto(panels[:, panel, :, within : within + len(rows)], rows.transpose(1, 2, 0))
    z = work("products", parts, B, count * width)
    by_panel = z.reshape(parts, B, count, width).swapaxes(1, 2)

    def product(s: Array) -> Array:
        R = len(s)
        s_parts = s if parts == 1 else s.reshape(R, parts, 1, d // parts).transpose(1, 2, 0, 3)
        np.matmul(s_parts, panels, out=by_panel[:, :, :R])
        total, *others = z[:, :R]
        for other in others:
            np.add(total, other, out=total)
        return total[:, :k]

    return product


def panel_of(k: int, d: int, B: int) -> tuple[int, int]:
    """Return the number of parts into which each row of W is divided, and the number of rows in a panel."""
    for parts in range(1, PARTS + 1):
        for width in WIDTHS:
            if d % parts == 0 and width * d // parts * B <= SMALL:
                return parts, width
    return 1, k + GAP
