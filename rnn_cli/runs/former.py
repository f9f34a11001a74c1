"""What a training state says of its run."""

import codecs
from dataclasses import dataclass
from typing import Any, get_type_hints

from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import reading_from_json
from rnn_cli.network.network import Network
from rnn_cli.runs.contradictions import Options
from rnn_cli.runs.json_types import check_types
from rnn_cli.runs.run import Run
from rnn_cli.runs.saving import Every, Saved
from rnn_cli.runs.texts import Reading, TextOptions
from rnn_cli.storage import PARTNER
from rnn_cli.training.loop import Recipe
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.schedules import SCHEDULES

OPTIONS = {"log": str | None, "patience": int | None, "save_every": str | None, "valid": str | None}
REPORT = {"nats": float, "tokens": float, "seconds": float, "log": dict | None}
PLACE = {"path": str, "length": int}  # in a log


@dataclass(frozen=True)
class Former:
    options: Options
    settings: dict[str, Any]  # Run.settings
    network: Network
    recipe: Recipe
    text_options: TextOptions
    reading: Reading
    fingerprint: str

    @classmethod
    def of(cls, saved: Saved) -> "Former":
        """Raises RnnError for a header that no run has written."""
        try:
            _check(saved)
            header, settings = saved.header, saved.header["run"]
            former = cls(
                options=header["options"],
                settings=settings,
                network=Network(**settings["network"]),
                recipe=Recipe(**settings["recipe"]),
                text_options=TextOptions(**header["text"]),
                reading=Reading(*reading_from_json(header)),
                fingerprint=header["fingerprint"],
            )
            if former.network.m != former.reading.vocabulary.size:
                raise ValueError("the vocabulary is not of the network's size")
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise RnnError(f"{saved.path}: damaged: {error}") from error
        return former


def _check(saved: Saved) -> None:
    """Raises one of several errors for a header that is not of the form that a run writes."""
    header, run = saved.header, saved.header["run"]
    options, text, report = header["options"], header["text"], header["report"]
    check_types(get_type_hints(Recipe), run["recipe"])
    check_types(get_type_hints(Network), run["network"])
    check_types(get_type_hints(TextOptions), text)
    names = ("preset", "batch", "bptt", "carry_state", "seed", "patience", "threads")
    check_types(get_type_hints(Run), {name: run[name] for name in names})
    check_types(OPTIONS, {name: options.get(name) for name in OPTIONS})
    check_types(REPORT, {name: report[name] for name in REPORT})
    if report["log"] is not None:
        check_types(PLACE, {name: report["log"][name] for name in PLACE})
    if 0 in (run["batch"], run["bptt"], run["threads"], run["recipe"]["epochs"]):
        raise ValueError("a size is 0")
    if run["network"]["layers"] > len(saved.arrays):  # before a list is made of so many
        raise ValueError("holds too few arrays for its layers")
    if run["recipe"]["optimizer"] not in OPTIMIZERS or run["recipe"]["schedule"] not in SCHEDULES:
        raise ValueError("it names no optimizer or schedule of this rnn")
    if not isinstance(text["paths"], list) or not all(isinstance(path, str) for path in text["paths"]):
        raise ValueError(f"paths is {text['paths']!r}")
    codecs.lookup(text["encoding"] or "utf-8")
    Every.parse(options.get("save_every") or "1")
    for name in ("epoch", "best_epoch", "best_loss", "good"):
        _ = saved.position[name]
    _ = header[PARTNER]
