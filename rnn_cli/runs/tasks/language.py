"""The task language: predicting the next token of a text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnn_cli.models.file import LANGUAGE, check_count, model_path
from rnn_cli.models.growing import grown_model
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.network import Network
from rnn_cli.runs.advice import advice
from rnn_cli.runs.budget import fitted, seconds_of
from rnn_cli.runs.data import load_data
from rnn_cli.runs.memory import refuse_beyond
from rnn_cli.runs.notices import Notice
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.presets import Choices
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.init import refuse_another_task
from rnn_cli.runs.tasks.language_run import LanguageRun, decide, refuse_another_model
from rnn_cli.runs.tasks.task import Beginning, Restored, zeros
from rnn_cli.storage import Arrays
from rnn_cli.text.lexicon import Lexicon

LITTLE = 0.5  # epochs: less than this teaches little


class Language:
    """Predicting the next token of a text."""

    def begin(self, model: Path, settings: Settings, resources: Resources, limit: int | None) -> Beginning:
        if settings.init:
            refuse_another_task(model_path(settings.init), LANGUAGE)
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
            refuse_beyond(resources.max_memory, run.shape)  # before its speed is measured
            run = fitted(settings, run, seconds)
            if run.recipe.epochs < LITTLE:
                what = f"--time {settings.time}: there is time for {run.recipe.epochs:.0%} of the text only"
                yield Notice(f"{what}: give more time, a shorter text, or --tokenizer char", is_warning=True)
        return run

    def restore(self, settings: Settings, header: Mapping[str, Any], arrays: Arrays) -> Restored:
        choices = Choices.of(vars(settings))
        check_count(choices.layers, len(arrays))
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
