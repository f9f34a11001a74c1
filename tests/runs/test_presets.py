"""Presets: what rnn train takes where the command line does not say. None of their values is known here:
they are tuned."""

import math
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from rnn_cli.network.cells import CELLS
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.runs import presets
from rnn_cli.runs.presets import (
    ABOUT,
    LETTERS,
    MOST_LETTERS,
    STEPS,
    UP_TO,
    WORDS,
    Choices,
    Preset,
    choices_of,
    highest_lr,
    load_preset,
    preset_files,
    preset_for,
)
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.schedules import SCHEDULES

KINDS = {LETTERS: MOST_LETTERS, WORDS: MOST_LETTERS + 1}  # the size of a vocabulary of each
BY_SIZE = ["tiny", "small", "medium", "large"]
NAMES = list(preset_files())
EVERY = [(name, m) for name in NAMES for m in KINDS.values()]
PLAIN = Choices(
    cell="tanh",
    hidden=12,
    layers=1,
    embedding=12,
    tie=True,
    output="softmax",
    batch=4,
    bptt=8,
    optimizer="adamw",
    lr=0.002,
    schedule="linear",
    clip=2.0,
    dropout=0.1,
    dropconnect=0.05,
    weight_decay=0.01,
)
SETTINGS = {field.name for field in fields(Choices)}


def network_of(choices, m):
    return choices.network(m, choices.cutoffs(np.ones(m)))


# The files.


def test_those_for_a_size_come_first_and_the_tutorials_is_one_of_the_others():
    assert NAMES[:4] == BY_SIZE
    assert "tanh" in NAMES[4:]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_what_it_is_about_and_has_a_table_for_letters_and_one_for_words(name):
    file = preset_files()[name]
    assert set(file) == {ABOUT, LETTERS, WORDS}
    assert file[ABOUT]
    for table in (file[LETTERS], file[WORDS]):
        assert set(table) - {UP_TO} == SETTINGS | {STEPS}
        assert (UP_TO in table) == (name in BY_SIZE)


@pytest.mark.parametrize(("name", "m"), EVERY)
def test_every_value_is_one_that_the_option_takes(name, m):
    steps, preset = load_preset(name, m).steps, load_preset(name, m).choices
    assert preset.cell in CELLS
    assert preset.output in OUTPUTS
    assert preset.optimizer in OPTIMIZERS
    assert preset.schedule in SCHEDULES
    whole = [preset.hidden, preset.layers, preset.batch, preset.bptt, steps]
    assert all(type(value) is int and value >= 1 for value in whole)
    assert type(preset.embedding) is int
    assert preset.embedding >= 0
    assert type(preset.tie) is bool
    assert 0 < preset.lr <= highest_lr()
    assert preset.clip >= 0
    assert 0 <= preset.dropout <= 0.9
    assert 0 <= preset.weight_decay * preset.lr < 1


@pytest.mark.parametrize(("name", "m"), EVERY)
def test_every_preset_makes_a_network(name, m):
    choices = load_preset(name, m).choices
    network = network_of(choices, m)
    assert network.m == m
    assert network.embedding == (network.n if network.tie else choices.embedding)
    assert choices_of(network).items() <= asdict(choices).items() | {("embedding", network.embedding)}


@pytest.mark.parametrize("m", KINDS.values(), ids=KINDS)
def test_tanh_is_the_tutorials_network(m):
    network = network_of(load_preset("tanh", m).choices, m)
    shapes = {name: len(shape) for name, shape in network.shapes.items()}
    assert network.cell == "tanh"
    assert shapes == {"U": 2, "W": 2, "b_a": 1, "V": 2, "b_y": 1}


# The choice.


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_of_the_text_chooses_and_a_border_belongs_to_the_smaller(kind):
    m = KINDS[kind]
    borders = [preset_files()[name][kind][UP_TO] for name in BY_SIZE]
    assert borders == sorted(set(borders))
    assert borders[-1] == math.inf
    assert preset_for(1, m) == "tiny"
    for border, name, following in zip(borders, BY_SIZE, BY_SIZE[1:], strict=False):
        assert preset_for(border, m) == name
        assert preset_for(border + 1, m) == following
    assert preset_for(10**15, m) == "large"


def test_the_size_of_the_vocabulary_chooses_the_table():
    for m, kind in [(MOST_LETTERS, LETTERS), (MOST_LETTERS + 1, WORDS)]:
        table = preset_files()["small"][kind]
        choices = Choices(**{name: table[name] for name in SETTINGS})
        assert load_preset("small", m) == Preset("small", choices, table[STEPS])


@pytest.fixture
def borders(monkeypatch):
    """Move the borders of the presets, of letters."""

    def call(*up_to):
        for name, border in zip(BY_SIZE, up_to, strict=True):
            monkeypatch.setitem(preset_files()[name][LETTERS], UP_TO, border)

    return call


TINY = ["-t", "char", "-n", "4", "-e", "1", "--force"]


@pytest.mark.parametrize("valid", ["0", "0.5"])
def test_the_text_that_is_learned_is_what_chooses_and_the_choice_is_told_and_kept(
    valid, borders, rnn, write, read_npz, read_log
):
    write("corpus.txt", ["abcde"] * 20)  # of 100 tokens, or of 50 where half is held out
    learned = 100 if valid == "0" else 50
    for up_to, name in [((learned, 999), "small"), ((learned - 1, 999), "medium"), ((1, 2), "large")]:
        borders(0, *up_to, math.inf)
        options = [*TINY, "--valid-fraction", valid, "--log", "log.jsonl"]
        said = rnn("train", "corpus.txt", *options)
        assert f"preset: {name}\n" in said.err
        assert read_npz("model.npz").header["history"]["preset"] == name
        assert read_npz("model.state.npz").header["settings"]["preset"] == name
        assert read_log("log.jsonl", "start")[-1]["settings"]["preset"] == name


@pytest.mark.parametrize("name", NAMES)
def test_the_one_named_goes_before_the_size(name, rnn, corpus, read_npz):
    said = rnn("train", corpus, *TINY, "--preset", name)
    assert f"preset: {name}\n" in said.err
    assert read_npz("model.npz").header["history"]["preset"] == name


# What a preset decides, and what goes before it.


def settings_of(read_log):
    """The options of a run, under their names, as its log tells them."""
    settings = read_log("log.jsonl", "start")[-1]["settings"]
    network, recipe = settings["network"], settings["recipe"]
    told = network | recipe | settings | {"hidden": network["n"], "clip": recipe["clip"] or 0}
    return {name: told[name] for name in SETTINGS if name in told}


@pytest.mark.parametrize("name", ["small", "tanh"])
def test_what_is_not_given_is_the_presets(name, rnn, write, english, read_log, read_npz):
    write("corpus.txt", english * 4)
    rnn("train", "corpus.txt", "-t", "char", "-e", "1", "--preset", name, "--log", "log.jsonl", "--quiet")
    usual = asdict(load_preset(name, read_npz("model.npz").header["network"]["m"]).choices)
    told = settings_of(read_log)
    del (
        told["batch"],
        told["bptt"],
        told["embedding"],
    )  # may be less for so small a text; tied, the hidden size
    assert told == {key: usual[key] for key in told}
    assert {"cell", "hidden", "layers", "tie", "output", "optimizer", "lr", "schedule", "clip"} <= set(told)
    assert {"dropout", "weight_decay"} <= set(told)


GIVEN = {
    "cell": "relu",
    "hidden": 7,
    "layers": 2,
    "embedding": 3,
    "tie": False,
    "output": "adaptive",
    "batch": 3,
    "bptt": 11,
    "optimizer": "rmsprop",
    "lr": 0.0123,
    "schedule": "plateau",
    "clip": 0.77,
    "dropout": 0.33,
    "dropconnect": 0.11,
    "weight_decay": 0.0044,
}


@pytest.mark.parametrize("name", NAMES)
def test_every_option_goes_before_the_preset(name, rnn, corpus, read_log):
    flags = {key: f"--{key.replace('_', '-')}" for key in GIVEN}
    given = [word for key, value in GIVEN.items() if key != "tie" for word in (flags[key], value)]
    options = ["-t", "char", "-e", "1", "--log", "log.jsonl", "--quiet"]
    rnn("train", corpus, *options, "--preset", name, "--no-tie", *given)
    assert settings_of(read_log) == GIVEN


@pytest.mark.parametrize("zero", ["clip", "dropout", "weight_decay", "embedding", "lr"])
def test_a_zero_is_given_too(zero, rnn, corpus, read_log):
    option = f"--{zero.replace('_', '-')}"
    rnn("train", corpus, *TINY, option, "0", "--log", "log.jsonl", "--quiet")
    assert settings_of(read_log)[zero] == 0


def test_another_optimizer_brings_its_own_learning_rate_and_no_weight_decay():
    """Those of a preset are of its optimizer: a decay of AdamW is too much as part of a gradient."""
    for name, optimizer in OPTIMIZERS.items():
        preset = PLAIN.given({"optimizer": name})
        same = name == PLAIN.optimizer
        assert preset.lr == (PLAIN.lr if same else optimizer.lr)
        assert preset.weight_decay == (PLAIN.weight_decay if same else 0)
        assert PLAIN.given({"optimizer": name, "lr": 0.5, "weight_decay": 0.3}).lr == 0.5
        assert PLAIN.given({"optimizer": name, "lr": 0.5, "weight_decay": 0.3}).weight_decay == 0.3


def test_epochs_are_as_many_as_make_the_presets_steps_but_neither_too_few_nor_too_many():
    preset = Preset("plain", PLAIN, steps=100)
    assert preset.epochs(steps_an_epoch=10) == 10
    assert preset.epochs(steps_an_epoch=9) == 11
    assert preset.epochs(steps_an_epoch=10**6) == presets.LEAST_EPOCHS
    assert replace(preset, steps=10**6).epochs(steps_an_epoch=1) == presets.MOST_EPOCHS


def test_a_small_text_gets_more_epochs_than_a_large_one(rnn, write, english, read_log, read_npz):
    epochs = {}
    for name, copies in [("small", 5), ("large", 20)]:
        write(f"{name}.txt", english * copies)
        soon_over = ["--lr", "0", "--patience", "1", "-n", "2", "--batch", "4", "--bptt", "8"]
        files = ["--model", f"{name}.npz", "--log", f"{name}.jsonl"]
        options = ["-t", "char", "--carry-state", *soon_over, *files]
        rnn("train", f"{name}.txt", *options, "--quiet")
        epochs[name] = read_log(f"{name}.jsonl", "start")[0]["settings"]["recipe"]["epochs"]
        steps = read_log(f"{name}.jsonl", "valid")[0]["step"]
        header = read_npz(f"{name}.npz").header
        usual = load_preset(header["history"]["preset"], header["network"]["m"])
        assert epochs[name] == usual.epochs(steps)
    assert epochs["small"] > epochs["large"]


# Ties.


def test_what_does_not_go_with_a_tie_unties_it():
    assert PLAIN.given({}).tie
    assert network_of(PLAIN.given({"hidden": 30}), 50).embedding == 30
    for options in ({"output": "adaptive"}, {"embedding": 5}, {"embedding": 0}, {"tie": False}):
        untied = PLAIN.given(options)
        assert not untied.tie
        assert network_of(untied, 50).embedding == options.get("embedding", PLAIN.embedding)


@pytest.mark.parametrize("options", [["--output", "adaptive"], ["--embedding", "3"], ["--no-tie"]])
def test_a_preset_that_ties_is_untied_on_the_command_line(options, rnn, corpus, monkeypatch, read_npz):
    for name in BY_SIZE:
        monkeypatch.setitem(preset_files()[name][LETTERS], "tie", True)
    rnn("train", corpus, *TINY, "--quiet")
    assert read_npz("model.npz").header["network"]["tie"] is True
    rnn("train", corpus, *TINY, *options, "--quiet")
    network = read_npz("model.npz").header["network"]
    assert network["tie"] is False
    if options[0] == "--embedding":
        assert network["embedding"] == 3


@pytest.mark.parametrize(
    "options",
    [
        ["--output", "adaptive"],
        ["--embedding", "3"],
        ["--embedding", "0"],
        ["--embedding", "3", "--hidden", "4"],
        ["--hidden", "4", "--output", "adaptive"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("command", ["train", "bench"])
def test_a_tie_asked_for_beside_what_it_does_not_go_with_is_refused_first_of_all(command, options, fails):
    """No text is there: what is wrong with the options comes first."""
    text = ["nowhere.txt"] if command == "train" else []
    message = fails(2, command, *text, "--tie", *options)
    way_out = "--output softmax or classes" if "adaptive" in options else "give --hidden alone"
    assert "--tie" in message
    assert way_out in message


def test_a_tie_asked_for_is_made(rnn, corpus, read_npz):
    for options in ([], ["--embedding", "4"], ["--output", "softmax"]):
        rnn("train", corpus, *TINY, "--preset", "tanh", "--tie", *options, "--quiet")
        model = read_npz("model.npz")
        assert model.header["network"]["tie"] is True
        assert model.header["network"]["embedding"] == 4
        assert "C" not in model.arrays


# Help.


def test_the_help_lists_the_presets_and_what_each_is_about(rnn, monkeypatch):
    monkeypatch.setenv("TERMINAL_WIDTH", "300")
    monkeypatch.setenv("COLUMNS", "300")
    text = " ".join(rnn("train", "--help").out.replace("│", " ").split())
    for name, file in preset_files().items():
        assert f"{name}, {file[ABOUT]}" in text
    assert "|".join(preset_files()) in text


def test_a_preset_that_is_none_is_refused_and_the_choices_named(fails):
    message = fails(2, "train", "--preset", "huge")
    assert "--preset" in message
    assert all(name in message for name in preset_files())
