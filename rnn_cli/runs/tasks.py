"""What can be learned. A task is a row of TASKS: how its run begins, and how one that was saved goes on."""

import codecs
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from rnn_cli.models import conditional, tagger, translator
from rnn_cli.models.classifier import network_of
from rnn_cli.models.growing import grown_model
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.classifier import Classifier
from rnn_cli.network.conditional import Conditional
from rnn_cli.network.encoder_decoder import EncoderDecoder
from rnn_cli.network.network import Network
from rnn_cli.network.tagger import Tagger
from rnn_cli.runs.advice import advice
from rnn_cli.runs.budget import fitted, fitted_epochs, seconds_of
from rnn_cli.runs.checks import refuse_of_other_tasks
from rnn_cli.runs.data import load_data
from rnn_cli.runs.generate_data import Known as KnownTexts
from rnn_cli.runs.generate_data import load_labelled
from rnn_cli.runs.generating import GenerateRun
from rnn_cli.runs.generating import decide as decide_generated
from rnn_cli.runs.label_data import Known, load_pairs
from rnn_cli.runs.labelling import LabelRun
from rnn_cli.runs.labelling import decide as decide_labels
from rnn_cli.runs.language import LanguageRun, decide, refuse_another_model
from rnn_cli.runs.memory import refuse_beyond
from rnn_cli.runs.notices import Notice, Reading
from rnn_cli.runs.pair_choices import decide as decide_pairs
from rnn_cli.runs.pair_choices import with_dropout
from rnn_cli.runs.pair_data import Known as KnownPairs
from rnn_cli.runs.pair_data import load_pairs as load_translations
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.presets import Choices
from rnn_cli.runs.run import Run
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tag_data import Known as KnownTags
from rnn_cli.runs.tag_data import load_tagged
from rnn_cli.runs.tagging import TagRun
from rnn_cli.runs.tagging import decide as decide_tags
from rnn_cli.runs.translating import PairRun
from rnn_cli.storage import Arrays
from rnn_cli.text.features import Affixes, Grams
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.kinds import LABEL
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.training.parallel.trainable import Trainable

HEAD = 1 << 13  # bytes of a file in which fastText's labels are looked for
LITTLE = 0.5  # epochs: of a text of which less is read little is learned
Beginning = Generator[Notice | Reading, None, Run]


class Restored(NamedTuple):
    """What a training state holds of a run's network and text.

    known: the tokens and labels that it knows, as the task has them.
    """

    network: Trainable
    known: Any


class Task(Protocol):
    """What a task is to a run."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        """Read the text of a new run, and decide what its settings leave open.

        limit: bytes that are enough of a long text. Raises UsageError or RnnError.
        """

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        """Return what the header of a training state says. Raises one of several errors for a header that no
        run has written."""

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        """Read the text of a run that goes on. Raises RnnError."""


class Language:
    """The next token of a text."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        init = LanguageModel.load(settings.init) if settings.init else None
        if init:
            refuse_another_model(settings, init)
            settings = settings.filled(carry_state=init.carry_state)
        lexicon = init.lexicon if init else None
        data = yield from load_data(settings, resources, lexicon, limit, grow=bool(settings.grow))
        if init and settings.grow:
            init = grown_model(init, data.lexicon, data.counts)
        run = decide(model, settings, data, init)
        yield from advice(settings, run)
        if seconds := seconds_of(settings):
            refuse_beyond(resources.max_memory, run.shape)  # before it is measured
            run = fitted(settings, run, seconds)
            if run.recipe.epochs < LITTLE:
                what = f"--time {settings.time}: there is time for {run.recipe.epochs:.0%} of the text only"
                yield Notice(f"{what}: give more time, a shorter text, or --tokenizer char", is_warning=True)
        return run

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        choices = Choices.of(vars(settings))
        if choices.layers > len(arrays):  # before a list is made of so many
            raise ValueError("holds too few arrays for its layers")
        lexicon = Lexicon.from_json(dict(header))
        return Restored(choices.network(lexicon.vocabulary.size, tuple(header["cutoffs"])), lexicon)

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        assert isinstance(saved.network, Network)
        data = yield from load_data(settings, resources, saved.known)
        return LanguageRun(model, settings, data, saved.network, window, zeros(saved.network))


def zeros(network: Trainable) -> dict[str, Any]:
    """Return parameters to be overwritten with saved ones."""
    return network.views({name: np.zeros(size, np.float32) for name, size in network.sizes.items()})


class Labelled:
    """Labels of texts, or a score."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        data = yield from load_pairs(settings, resources)
        return decide_labels(model, settings, data)

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        labels = Labels.from_json(header["labels"]) if header["labels"] else None
        grams = Grams.from_json(header["grams"]) if header["grams"] else None
        scale = tuple(header["scale"]) if header["scale"] else None
        lexicon = Lexicon.from_json(dict(header))
        network = network_of(header["network"])
        if network.encoder.layers > len(arrays):  # before a list is made of so many
            raise ValueError("holds too few arrays for its layers")
        return Restored(network, Known(lexicon, labels, scale, grams))

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        assert isinstance(saved.network, Classifier)
        data = yield from load_pairs(settings, resources, saved.known)
        return LabelRun(model, settings, data, saved.network, window, zeros(saved.network))


class Tagging:
    """A tag for each token."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        data = yield from load_tagged(settings, resources)
        return decide_tags(model, settings, data)

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        affixes = Affixes.from_json(header["affixes"]) if header["affixes"] else None
        tags, is_legal = Labels.from_json(header["tags"]), header["legal"] is True
        lexicon = Lexicon.from_json(dict(header))
        network = tagger.network_of(header["network"])
        if network.encoder.layers > len(arrays):  # before a list is made of so many
            raise ValueError("holds too few arrays for its layers")
        tagger.check_fit(network, lexicon, tags, affixes)
        return Restored(network, KnownTags(lexicon, tags, affixes, is_legal))

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        assert isinstance(saved.network, Tagger)
        data = yield from load_tagged(settings, resources, saved.known)
        return TagRun(model, settings, data, saved.network, window, zeros(saved.network))


class Paired:
    """A target of each source."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        data = yield from load_translations(settings, resources)
        run = decide_pairs(model, settings, data)
        if seconds := seconds_of(settings):
            refuse_beyond(resources.max_memory, run.shape)  # before it is measured
            run = with_dropout(fitted_epochs(run, seconds), settings)
        return run

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        known = KnownPairs(*translator.sides_of(dict(header)), translator.growth_of(dict(header)))
        return Restored(translator.network_of(header["network"], len(arrays)), known)

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        assert isinstance(saved.network, EncoderDecoder)
        data = yield from load_translations(settings, resources, saved.known)
        return PairRun(model, settings, data, saved.network, window, zeros(saved.network))


class Generating:
    """Text from a label."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        data = yield from load_labelled(settings, resources)
        return decide_generated(model, settings, data)

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        lexicon, labels = Lexicon.from_json(dict(header)), Labels.from_json(header["labels"])
        network = conditional.network_of(header["network"])
        if network.language.layers > len(arrays):  # before a list is made of so many
            raise ValueError("holds too few arrays for its layers")
        conditional.check_fit(network, lexicon, labels)
        return Restored(network, KnownTexts(lexicon, labels))

    def resume(
        self,
        model: Path,
        settings: Settings,
        saved: Restored,
        window: tuple[int, int],
        resources: Resources,
    ) -> Beginning:
        assert isinstance(saved.network, Conditional)
        data = yield from load_labelled(settings, resources, saved.known)
        return GenerateRun(model, settings, data, saved.network, window, zeros(saved.network))


TASKS: dict[str, Task] = {
    "language": Language(),
    "classify": Labelled(),
    "rate": Labelled(),
    "tag": Tagging(),
    "generate": Generating(),
    "translate": Paired(),
}


def task_of(settings: Settings) -> Task:
    """Return the task of some settings."""
    return TASKS[settings.task or "language"]


def with_task(settings: Settings) -> Settings:
    """Return settings with the task of fastText's lines where no task is given: classify."""
    if settings.task is None and has_lines_with(settings.corpus, LABEL):
        settings = replace(settings, task="classify")
        refuse_of_other_tasks(settings.given())
    return settings


def has_lines_with(paths: Sequence[str], start: str) -> bool:
    """Return whether one of the first lines of some files begins so, if the first can be read again."""
    try:
        path = Path(paths[0])
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            lines = file.read(HEAD).removeprefix(codecs.BOM_UTF8).splitlines()
        return any(line.startswith(start.encode()) for line in lines)
    except (IndexError, OSError, ValueError):
        return False
