"""The task tag: a tag for each token."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnn_cli.models import tagger
from rnn_cli.network.tagger import Tagger
from rnn_cli.runs.prepare import Resources
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.tag_data import Known as KnownTags
from rnn_cli.runs.tasks.tag_data import load_tagged
from rnn_cli.runs.tasks.tag_run import TagRun
from rnn_cli.runs.tasks.tag_run import decide as decide_tags
from rnn_cli.runs.tasks.task import Beginning, Restored, zeros
from rnn_cli.storage import Arrays
from rnn_cli.text.features import Affixes
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels


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
