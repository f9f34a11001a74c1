"""When a run has gone astray: its losses, or their gradient, are not finite, or are high for long."""

import math

HIGH = 2.0  # times what is usual, and above ln m, which is what it costs to know nothing
LONG = 100  # steps
SHARE = 0.01  # of a loss in what is usual from then on


def not_finite(loss: float, norm: float) -> str | None:
    """Which of a loss and the norm of its gradient is not finite, if one is."""
    if not math.isfinite(loss):
        return "loss"
    return None if math.isfinite(norm) else "gradient"


def watch(loss: float, usual: float | None, high: int, m: int) -> tuple[float, int]:
    """A step's loss, in nats per token of m different ones: -> what is usual, and how many steps running
    now had a high loss, of what both were before.

    What is usual is a running mean that does not follow the high ones: else it would soon call them so.
    """
    if usual is None:
        return loss, 0
    if loss > max(HIGH * usual, math.log(m)):
        return usual, high + 1
    return usual + SHARE * (loss - usual), 0
