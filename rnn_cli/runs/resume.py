"""From a training state, and the options that change something, to the run that goes on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli import storage
from rnn_cli.cli.console import UsageError, say, warn
from rnn_cli.errors import RnnError
from rnn_cli.runs.contradictions import Options, refuse_contradictions, with_absolute_paths
from rnn_cli.runs.defaults import default_patience
from rnn_cli.runs.former import Former
from rnn_cli.runs.plan import refuse_no_weights, threads_to_use
from rnn_cli.runs.prepare import Means
from rnn_cli.runs.run import Run
from rnn_cli.runs.saving import Saved
from rnn_cli.runs.texts import TextOptions, Texts, read_texts
from rnn_cli.storage import PARTNER
from rnn_cli.training.loop import Recipe

# The options that may change when a run goes on, and hold from there; any other is to be as it was.
OF_RECIPE = ("epochs", "lr", "schedule", "clip", "dropout", "variational", "weight_decay", "max_rollbacks")
OF_SESSION = ("patience", "threads", "save_every", "log")
# Where the text is, and how its bytes are read: it is known again by its content.
OF_FILES = ("corpus", "valid", "encoding")


def resume(model_path: Path, given: Options, means: Means, force: bool) -> tuple[Run, Saved] | None:
    """The run that a training state holds, with the options given; None where it is over.

    Raises UsageError for options that contradict it, and RnnError where there is none, or where its files
    or its text are no longer the same, unless forced.
    """
    saved = Saved.load(model_path)
    former = Former.of(saved)
    given = with_absolute_paths(given)
    _refuse_what_cannot_change(given, former, saved)
    _look_for_model(model_path, saved, force)
    recipe = _changed_recipe(given, former, saved)
    patience = given.get("patience") or former.options.get("patience")
    patience = patience or default_patience(recipe.epochs)
    if over := _is_over(given, former, recipe.epochs, patience, saved.position):
        if not means.quiet:
            say(f"{model_path}: {over}")
        return None
    text_options = _text_options(given, former)
    texts = read_texts(text_options, means, former.reading)
    if texts.fingerprint != former.fingerprint:
        _tell_of_another_text(text_options, saved, force)
    run = _run(model_path, given, former, recipe, patience, text_options, texts)
    return run, saved


def _refuse_what_cannot_change(given: Options, former: Former, saved: Saved) -> None:
    fixed = {name: value for name, value in given.items() if name not in (*OF_RECIPE, *OF_SESSION, *OF_FILES)}
    if not former.options.get("valid"):  # else it may have moved
        fixed |= {name: value for name, value in given.items() if name == "valid"}
    refuse_contradictions(fixed, former.options, f"the run in {saved.path}")


def _look_for_model(model_path: Path, saved: Saved, force: bool) -> None:
    """The model that a state goes with holds the best of its run. Forced to go on without it, the run has
    no best yet."""
    if model_path.exists() and storage.digest(model_path) == saved.header[PARTNER]:
        return
    if not force:
        raise RnnError(
            f"{model_path}: not the model that {saved.path} goes with (deleted, or another since): put it "
            "back, or --force to go on and write another"
        )
    saved.header[PARTNER] = None
    saved.position.update(best_loss=None, best_epoch=0)


def _changed_recipe(given: Options, former: Former, saved: Saved) -> Recipe:
    """A learning rate that is another than before holds as it is: what rollbacks and the schedule had made
    of the old one is forgotten."""
    changes = {name: given[name] for name in OF_RECIPE if name in given}
    if "clip" in changes:
        changes["clip"] = changes["clip"] or None
    recipe = replace(former.recipe, **changes)
    refuse_no_weights(recipe.lr, recipe.weight_decay)
    if recipe.lr != former.recipe.lr:
        saved.position.update(rollbacks=0, lr_factor=1.0)
        if saved.position["good"]:
            saved.position["good"]["lr_factor"] = 1.0
    return recipe


def _is_over(
    given: Options, former: Former, epochs: int, patience: int, position: dict[str, Any]
) -> str | None:
    """Why there is nothing to go on with, if there is not. Raises UsageError where more is asked for and
    patience stands in its way."""
    done, no_better = position["epoch"], position["epoch"] - position["best_epoch"]
    if done >= epochs:
        return f"finished, after {done} epochs: --epochs takes it further"
    if no_better < patience:
        return None
    if epochs != former.recipe.epochs:
        raise UsageError(
            f"--epochs {epochs}: the run stopped, no better for {no_better} epochs: "
            f"give --patience too (now {patience})"
        )
    return f"stopped, no better for {no_better} epochs: a --patience above that takes it further"


def _text_options(given: Options, former: Former) -> TextOptions:
    """Where the text was, or is now."""
    changes: Options = {name: given[name] for name in ("valid", "encoding") if name in given}
    if "corpus" in given:
        changes["paths"] = given["corpus"]
    return replace(former.text_options, **changes)


def _tell_of_another_text(options: TextOptions, saved: Saved, force: bool) -> None:
    another = f"{options.name}: not the text that the run in {saved.path} has read: its content is another"
    if not force:
        raise RnnError(f"{another} (name the right one, or --force to go on with this)")
    warn(another)


def _run(
    model_path: Path,
    given: Options,
    former: Former,
    recipe: Recipe,
    patience: int,
    text_options: TextOptions,
    texts: Texts,
) -> Run:
    settings, network = former.settings, former.network
    batch, bptt, threads = settings["batch"], settings["bptt"], settings["threads"]
    if "threads" in given:
        threads = threads_to_use(network, texts, recipe, batch, bptt, given["threads"])
    return Run(
        model_path=model_path,
        options=former.options | {name: value for name, value in given.items() if name != "corpus"},
        text_options=text_options,
        texts=texts,
        preset=settings["preset"],
        network=network,
        recipe=recipe,
        batch=batch,
        bptt=bptt,
        carry_state=settings["carry_state"],
        seed=settings["seed"],
        patience=patience,
        threads=threads,
        first={name: network.view(name, np.zeros(size, np.float32)) for name, size in network.sizes.items()},
    )
