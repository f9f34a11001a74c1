"""How the epochs of a run are judged (training/judging.py): by its own figures, the same on all ranks."""

from collections.abc import Callable
from typing import TypeVar

from rnn_cli.runs.metrics import METRICS
from rnn_cli.runs.run import Run
from rnn_cli.training.judging import Judging
from rnn_cli.training.parallel.world import World, meet
from rnn_cli.training.state import TrainingState

Found = TypeVar("Found")


def judging_of(run: Run, world: World) -> Judging:
    """Return how the epochs of a run are judged. On several ranks rank 0 computes the figures, and what is
    fitted."""

    def of_rank_0(compute: Callable[[TrainingState], Found], at: TrainingState) -> Found | None:
        found = compute(at) if world.rank == 0 else None
        if world.size == 1:
            return found
        meet(world)  # it may take a while
        shared: Found = world.share(found)
        return shared

    def figures(at: TrainingState) -> dict[str, float]:
        return (of_rank_0(run.figures, at) if run.metrics else None) or {}

    def fit(at: TrainingState) -> None:
        for name, value in ((of_rank_0(run.fitted, at) if run.has_fitted else None) or {}).items():
            at.p[name][...] = value

    more_is_better = run.metric is None or METRICS[run.metric].more_is_better
    return Judging(run.valid_windows(), figures, fit, run.metric, more_is_better)
