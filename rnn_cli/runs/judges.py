"""How the epochs of a run are judged (training/judging.py): by the run's own figures, the same on all
ranks."""

from collections.abc import Callable

from rnn_cli.runs.metrics import METRICS
from rnn_cli.runs.run import Run
from rnn_cli.training.judging import Judging
from rnn_cli.training.parallel.world import World, meet
from rnn_cli.training.state import TrainingState

Numbers = dict[str, float]  # by name


def judging_of(run: Run, world: World) -> Judging:
    """Return how the epochs of a run are judged. With several ranks, rank 0 computes the figures and the
    fitted parameters."""

    def of_rank_0(compute: Callable[[TrainingState], Numbers], at: TrainingState) -> Numbers:
        found = compute(at) if world.rank == 0 else {}
        if world.size > 1:
            meet(world)  # rank 0 may take a while
            found = world.share(found)
        return found

    def figures(at: TrainingState) -> Numbers:
        return of_rank_0(run.figures, at) if run.metrics else {}

    def fit(at: TrainingState) -> None:
        fitted = of_rank_0(run.fitted, at) if run.has_fitted else {}
        for name, value in fitted.items():
            at.p[name][...] = value

    more_is_better = run.metric is None or METRICS[run.metric].more_is_better
    return Judging(run.valid_windows(), figures, fit, run.metric, more_is_better)
