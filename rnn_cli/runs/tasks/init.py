"""The model that a run on pairs begins from (--init): a language model, or a model of the same task.

From a language model a run takes the layers that read the text; everything above them is new. A model of the
same task is taken over whole.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models import file, loading
from rnn_cli.models.growing import above_old, first_of_rarest, grown_parameters
from rnn_cli.models.transfer import layers_into
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.layers import Layers
from rnn_cli.network.network import Network
from rnn_cli.runs.data import corpus_name, grown
from rnn_cli.runs.notices import Notice
from rnn_cli.runs.presets import Choices
from rnn_cli.runs.run import refuse_contradictions
from rnn_cli.runs.settings import Settings
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.vocabulary import SPECIAL, Vocabulary

LEAST_KNOWN = 0.5  # of a text's tokens: a model that knows fewer was trained on other kinds of tokens


class Origin(NamedTuple):
    """How a run of some task begins from a model.

    known: returns what a model knows, as the task's `Known`. layers: the layers of its network that read the
    text. facts: the settings that a model decides, in addition to its tokenizer and those layers. output: the
    vocabulary of what it writes; None if it writes no tokens. own_hidden: whether --hidden is the size of
    layers other than those taken from a language model.
    """

    known: Callable[[Any], Any]
    layers: Callable[[Any], Layers]
    facts: Callable[[Any], dict[str, Any]]
    output: Callable[[Any], Vocabulary | None] = lambda model: None
    own_hidden: bool = False


@dataclass(frozen=True)
class Init:
    """A model that a run begins from.

    path: its file. model: the loaded model (models/). known: what it knows, if it is of the same task; None
    for a language model.
    """

    path: str
    model: Any
    known: Any
    origin: Origin

    @property
    def lexicon(self) -> Lexicon:
        """How the model reads texts; for a translator, sources."""
        return self.model.lexicon

    @property
    def layers(self) -> Layers:
        """The model's layers that read the text."""
        return self.model.network if self.known is None else self.origin.layers(self.model.network)

    def encoder(self, usual: Encoder) -> Encoder:
        """Return the encoder of a run. usual: the encoder of a run without --init."""
        layers = self.layers
        if isinstance(layers, Encoder):
            return replace(layers, m=usual.m)
        n, cell, embedding = layers.n, layers.cell, layers.embedding
        return replace(usual, n=n, cell=cell, layers=layers.layers, embedding=embedding)

    def choices(self, usual: Choices) -> Choices:
        """Return the choices of a run: a preset's, overridden by the model's layers."""
        return replace(usual, **self._of_layers())

    def _of_layers(self) -> dict[str, Any]:
        layers = self.layers
        found = {"cell": layers.cell, "layers": layers.layers, "embedding": layers.embedding}
        is_apart = self.origin.own_hidden and self.known is None
        return found if is_apart else found | {"hidden": layers.n}

    def refuse_others(self, settings: Settings) -> None:
        """Raise UsageError for a setting that contradicts the model."""
        tokenizer = self.lexicon.tokenizer
        there = self._of_layers() | {"tokenizer": tokenizer.name, "unit": tokenizer.unit}
        if self.known is not None:
            there |= self.origin.facts(self.model)
        else:  # used only by the task that takes over all of a language model
            there |= {"tie": self.model.network.tie, "output": self.model.network.output}
        asked = {name: value for name, value in settings.given().items() if name in there}
        refuse_contradictions(asked, there, f"the model {self.path}")

    def read_with(
        self, lexicon: Lexicon, counts: Mapping[str, int], settings: Settings
    ) -> Generator[Notice, None, Lexicon]:
        """Return the lexicon that a run begins with: the model's, extended by the text's tokens that it lacks
        if it should grow.

        counts: how often each token occurs. Raises RnnError if the lexicon knows too few of them and should
        not grow.
        """
        if settings.grow:
            return (yield from grown(lexicon, counts, settings))
        ids = lexicon.vocabulary.ids
        known = sum(count for token, count in counts.items() if token in ids) / max(1, sum(counts.values()))
        if known < LEAST_KNOWN:
            what = f"knows {known:.0%} of the tokens of {corpus_name(settings)}"
            raise RnnError(f"{self.path}: {what}: --grow adds the others, if they are split as its own")
        return lexicon

    def parameters(self, run: Any) -> Parameters:
        """Return the initial parameters of a run (row_run.RowRun)."""
        network, model = run.network, self.model
        old = self.lexicon.vocabulary
        if self.known is None:
            layers = self.origin.layers(network)
            writes, rarest = isinstance(layers, Network), first_of_rarest(model.network)  # else it only reads
            above = above_old(run.output_counts, old, rarest) if writes else np.zeros(layers.m - old.size)
            language = replace(model.network, m=layers.m)
            p = grown_parameters(model.p, language.shapes, {old.size}, above, rarest)
            p = p if writes else layers_into(layers, language, p)
            return network.lay_out({**run.first_parameters(), **p})
        output = self.origin.output(model)
        sizes = {old.size, output.size if output else old.size}
        layers = self.origin.layers(network)
        rarest = first_of_rarest(layers) if isinstance(layers, Network) else SPECIAL
        above = above_old(run.output_counts, output, rarest) if output else np.zeros(0)
        return network.lay_out(grown_parameters(model.p, network.shapes, sizes, above, rarest))


def refuse_another_task(path: Path, task: str) -> None:
    """Raise RnnError for a model that is neither of the run's task nor a language model."""
    other = file.task_of(path)
    if other in file.USES and other not in (file.LANGUAGE, task):
        raise RnnError(f"{path}: a model of {file.USES[other][0]}: --init of --task {other} goes on with it")


def load_init(settings: Settings, origin: Origin) -> Init | None:
    """Return the model that the settings begin from; None if they name none. Raises RnnError for a model of
    another task, UsageError for settings that contradict the model."""
    if settings.init is None:
        return None
    path = file.model_path(settings.init)
    refuse_another_task(path, settings.task or "")
    is_own = file.task_of(path) == settings.task
    model = loading.load_one_of(path, [settings.task or "" if is_own else file.LANGUAGE])
    known = origin.known(model) if is_own else None
    init = Init(settings.init, model, known, origin)
    init.refuse_others(settings)
    return init


def lexicon_of(known: Any, init: Init | None) -> Lexicon | None:
    """Return the lexicon whose tokenizer splits the texts: that of a resumed run, or of the model to begin
    from; None if neither exists."""
    return known.lexicon if known else init.lexicon if init else None


def labels_of(known: Any, init: Init | None) -> Labels | None:
    """Return the labels of a resumed run, or of a model of the same task to begin from; None if neither
    exists."""
    base = known or (init.known if init else None)
    return base.labels if base else None
