"""How the epochs of a run are judged (training/judging.py): by its own figures, the same on all ranks."""

from rnn_cli.runs.metrics import METRICS
from rnn_cli.runs.run import Run
from rnn_cli.training.judging import Figures, Judging
from rnn_cli.training.parallel.world import World, meet
from rnn_cli.training.state import TrainingState


def judging_of(run: Run, world: World) -> Judging:
    """Return how the epochs of a run are judged. On several ranks rank 0 computes the figures."""

    def of_rank_0(at: TrainingState) -> Figures:
        found = run.figures(at) if world.rank == 0 else {}
        if not run.metrics:
            return found
        meet(world)  # it may take a while
        shared: Figures = world.share(found)
        return shared

    figures = run.figures if world.size == 1 else of_rank_0
    more_is_better = run.metric is None or METRICS[run.metric].more_is_better
    return Judging(run.valid_windows(), figures, run.metric, more_is_better)
