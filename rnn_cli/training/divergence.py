"""Signs of divergence: a loss or a gradient that is not finite, or a loss that stays high."""

import math

HIGH = 2.0  # times the usual loss; a high loss is also above ln m, the loss of a model that knows nothing
LONG = 100  # steps
SHARE = 0.01  # the weight of one loss in the running mean


def not_finite(loss: float, norm: float) -> str | None:
    """Return which is not finite, the loss or the norm of its gradient; None if both are finite."""
    if not math.isfinite(loss):
        return "loss"
    return None if math.isfinite(norm) else "gradient"


def watch(loss: float, usual: float | None, high: int, m: int) -> tuple[float, int]:
    """Return the usual loss and the number of high losses in a row, after a step with the given loss.

    loss: nats per token, of m classes. usual, high: the result for the step before; None and 0 at first. The
    usual loss is a running mean that leaves out high losses, as it would soon follow them otherwise.
    """
    if usual is None:
        return loss, 0
    if loss > max(HIGH * usual, math.log(m)):
        return usual, high + 1
    return usual + SHARE * (loss - usual), 0
