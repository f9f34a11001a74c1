"""How the epochs of a run are judged: by their loss, or by a figure beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rnn_cli.training.parallel.trainable import Windows
from rnn_cli.training.state import TrainingState

Figures = Mapping[str, float]  # by name


class Verdict(NamedTuple):
    """What an epoch has come to. figure: the one that decides; None where the loss does, or it is missing."""

    loss: float
    figure: float | None = None


def _no_figures(at: TrainingState) -> Figures:
    return {}


def _nothing(at: TrainingState) -> None:
    pass


@dataclass(frozen=True)
class Judging:
    """How the epochs of a run are judged.

    windows: of the text to validate on; None: there is none, and the loss is that of training.
    figures: of the model of a state, beside its loss; the same on all ranks.
    fit: fits what of at.p no gradient changes, to the text to validate on, before an epoch is judged; on all
        ranks the same.
    metric: the figure that decides which epoch is the best; None: the loss.
    more_is_better: whether an epoch with more of it is the better one.
    """

    windows: Windows | None = None
    figures: Callable[[TrainingState], Figures] = _no_figures
    fit: Callable[[TrainingState], None] = _nothing
    metric: str | None = None
    more_is_better: bool = True

    def verdict(self, loss: float, figures: Figures) -> Verdict:
        return Verdict(loss, None if self.metric is None else figures.get(self.metric))

    def is_better(self, new: Verdict, at: TrainingState) -> bool:
        """Return whether an epoch is the best so far. Of epochs with equal figures the one of the lower loss
        is better; one without the figure that decides is never the best."""
        if self.metric is not None and new.figure is None:
            return False
        if at.best_loss is None:
            return True
        return self._rank(new) > self._rank(Verdict(at.best_loss, at.best_figure))

    def _rank(self, of: Verdict) -> tuple[float, float]:
        figure = 0.0 if of.figure is None else of.figure
        return (figure if self.more_is_better else -figure), -of.loss


BY_LOSS_OF_TRAINING = Judging()
