"""The interface of a task to a run: how its runs begin and how they resume."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from rnn_cli.runs.budget import fitted_epochs, seconds_of
from rnn_cli.runs.memory import refuse_beyond
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.run import Run
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.init import Init, Origin, load_init
from rnn_cli.storage import Arrays
from rnn_cli.training.parallel.trainable import Trainable

Beginning = Generator[Notice | Reading, None, Run]


class Restored(NamedTuple):
    """The network and text that a training state describes.

    known: the tokens and labels that the run knows, as the task represents them.
    """

    network: Trainable
    known: Any


class Task(Protocol):
    """The interface of a task to a run."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        """Read the text of a new run, and decide what its settings leave open.

        limit: bytes of a long text that are enough. Raises UsageError or RnnError.
        """

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        """Return what the header of a training state describes. Raises one of several errors for a header
        that no run has written."""

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        """Read the text of a resumed run. Raises RnnError."""


def _as_it_is(run: Run, settings: Settings) -> Run:
    return run


@dataclass(frozen=True)
class OnPairs:
    """A task whose texts are pairs, held in memory.

    load: reads the pairs, given what a resumed model knows (None: determine it) and the model to begin from.
    decide: decides what the settings leave open. restored: implements `Task.restore`. run: the class of its
    runs. origin: how runs begin from its models. with_epochs: adapts a run whose epochs were fitted to a
    time, given the original settings.
    """

    load: Callable[[Settings, Resources, Any, Init | None], Generator[Notice | Reading, None, Any]]
    decide: Callable[[Path, Settings, Any, Init | None], Run]
    restored: Callable[[dict[str, Any], Arrays], Restored]
    run: type[Run]
    origin: Origin
    with_epochs: Callable[[Any, Settings], Run] = _as_it_is

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        init = load_init(settings, self.origin)
        data = yield from self.load(settings, resources, None, init)
        run = self.decide(model, settings, data, init)
        if init:
            run = replace(run, first=init.parameters(run))
        if seconds := seconds_of(settings):
            refuse_beyond(resources.max_memory, run.shape)  # before its speed is measured
            run = self.with_epochs(fitted_epochs(run, seconds), settings)
        return run

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        return self.restored(dict(header), arrays)

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        data = yield from self.load(settings, resources, saved.known, None)
        return self.run(model, settings, data, saved.network, window, zeros(saved.network))


def zeros(network: Trainable) -> dict[str, Any]:
    """Return parameters that are to be overwritten with saved ones."""
    return network.views({name: np.zeros(size, np.float32) for name, size in network.sizes.items()})
