"""The figures of an epoch in addition to its loss, and the choice of the one that decides which epoch is best
(--metric)."""

from collections.abc import Mapping
from typing import NamedTuple

from rnn_cli.errors import UsageError

LOSS = "loss"


class Metric(NamedTuple):
    """A figure of an epoch, as in `rnn test`.

    label: its name for people. tasks: the tasks that have it. digits: decimals shown.
    """

    label: str
    tasks: tuple[str, ...]
    digits: int = 4
    more_is_better: bool = True


METRICS = {
    "accuracy": Metric("accuracy", ("classify", "tag")),
    "macro_f1": Metric("macro-F1", ("classify",)),
    "micro_f1": Metric("micro-F1", ("classify",)),
    "correlation": Metric("correlation", ("rate",)),
    "mean_error": Metric("mean error", ("rate",), more_is_better=False),
    "span_f1": Metric("span F1", ("tag",)),
    "exact": Metric("exact match", ("translate",)),
    "bleu": Metric("BLEU", ("translate",), digits=1),
}


def shown(figures: Mapping[str, float]) -> dict[str, str]:
    """Return figures for people, by their labels."""
    rows = {METRICS[name]: value for name, value in figures.items()}
    return {metric.label: f"{value:.{metric.digits}f}" for metric, value in rows.items()}


def refuse_metric_of_another_task(metric: str, task: str) -> None:
    """Raise UsageError for a figure that a task's epochs do not have."""
    if metric != LOSS and task not in METRICS[metric].tasks:
        raise UsageError(f"--metric {metric} is for --task {' or '.join(METRICS[metric].tasks)}")


def refuse_missing_metric(metric: str | None, there: tuple[str, ...]) -> None:
    """Raise UsageError for a figure that a run's epochs do not have. there: those that they have."""
    if metric not in (None, LOSS, *there):
        raise UsageError(
            f"--metric {metric}: this text has no such figure: choose {', '.join((LOSS, *there))}"
        )
