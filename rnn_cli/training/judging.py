"""How the epochs of a run are judged: by their loss, or by another figure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rnn_cli.training.parallel.trainable import Windows
from rnn_cli.training.state import TrainingState

Figures = Mapping[str, float]  # by name


class Verdict(NamedTuple):
    """The result of an epoch. figure: the one that decides; None if the loss decides, or if it is missing."""

    loss: float
    figure: float | None = None


def _no_figures(at: TrainingState) -> Figures:
    return {}


def _nothing(at: TrainingState) -> None:
    pass


@dataclass(frozen=True)
class Judging:
    """How the epochs of a run are judged.

    windows: the validation windows; None: there are none, and the training loss decides.
    figures: returns the figures of a state's model other than its loss; the same on all ranks.
    fit: fits those parameters in at.p that have no gradient to the validation text, before an epoch is
        judged; the same on all ranks.
    metric: the figure that decides which epoch is the best; None: the loss.
    more_is_better: whether a higher figure is better.
    """

    windows: Windows | None = None
    figures: Callable[[TrainingState], Figures] = _no_figures
    fit: Callable[[TrainingState], None] = _nothing
    metric: str | None = None
    more_is_better: bool = True

    def verdict(self, loss: float, figures: Figures) -> Verdict:
        return Verdict(loss, None if self.metric is None else figures.get(self.metric))

    def is_better(self, new: Verdict, at: TrainingState) -> bool:
        """Return whether an epoch is the best so far. If figures are equal, the lower loss wins; an epoch
        without the deciding figure is never the best."""
        if self.metric is not None and new.figure is None:
            return False
        if at.best_loss is None:
            return True
        return self._rank(new) > self._rank(Verdict(at.best_loss, at.best_figure))

    def _rank(self, of: Verdict) -> tuple[float, float]:
        figure = 0.0 if of.figure is None else of.figure
        return (figure if self.more_is_better else -figure), -of.loss


BY_LOSS_OF_TRAINING = Judging()
