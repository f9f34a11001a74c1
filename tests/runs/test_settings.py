"""Settings: what a run takes, what it refuses, and how a training state holds it."""

import json
import math
import os
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from rnn_cli import RnnError, Settings, UsageError
from rnn_cli.errors import Unknown
from rnn_cli.runs.checks import FILES, absolute, flag
from rnn_cli.runs.settings import ABOUTS, TYPES, default_patience
from rnn_cli.training.optimizers import OPTIMIZERS

HUGE = 10**400
NUMBERS = [name for name, about in ABOUTS.items() if about.least is not None]
CHOICES = [name for name, about in ABOUTS.items() if about.choices]
TRUTHS = [name for name, kind in TYPES.items() if kind == bool | None]
TEXTS = [name for name, kind in TYPES.items() if kind == str | None]
WHOLE = [name for name, kind in TYPES.items() if kind == int | None]


def dashed(name):
    return f"--{name.replace('_', '-')}"


def test_nothing_is_given_by_default():
    assert Settings().given() == {}
    assert Settings() == Settings(corpus=[])
    assert {each.name for each in fields(Settings)} == ABOUTS.keys() == TYPES.keys()


def test_every_setting_has_a_sentence_about_it_and_a_group():
    for about in ABOUTS.values():
        assert about.help.endswith(".")
        assert about.group in ("Text", "Network", "Training", "Files")


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Settings().lr = 0.1


def test_a_setting_that_there_is_not_is_no_setting():
    with pytest.raises(TypeError, match="learning_rate"):
        Settings(learning_rate=0.1)
    with pytest.raises(TypeError):
        Settings(["corpus.txt"])


# The corpus and other files.


@pytest.mark.parametrize(
    ("corpus", "held"),
    [
        ("a.txt", ("a.txt",)),
        (Path("a.txt"), ("a.txt",)),
        (["a.txt", Path("b") / "c.txt"], ("a.txt", os.path.join("b", "c.txt"))),
        (("-",), ("-",)),
        (b"a.txt", ("a.txt",)),
        ((name for name in "ab"), ("a", "b")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_corpus_is_one_path_or_several(corpus, held):
    if isinstance(corpus, bytes):
        corpus = [corpus]
    assert Settings(corpus=corpus).corpus == held


@pytest.mark.parametrize("corpus", [5, None, [5], [None], [["a.txt"]], True])
def test_a_corpus_that_is_none_is_refused(corpus):
    with pytest.raises(UsageError, match=r"^corpus: a list of files is needed$"):
        Settings(corpus=corpus)


@pytest.mark.parametrize("name", FILES)
def test_a_file_may_be_a_path(name):
    options = {"tokenizer": "jieba"} if name == "user_dict" else {}
    assert getattr(Settings(**{name: Path("f")}, **options), name) == "f"


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_a_name_is_refused(name):
    with pytest.raises(UsageError, match=f"^{dashed(name)} needs the name of a file$"):
        Settings(**{name: ""})


# Types, bounds and choices.


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", [1.0, "1", True, [1], math.nan, -1])
def test_a_whole_number_is_needed_where_one_is(name, value):
    with pytest.raises(UsageError, match=f"^{dashed(name)}: a whole number, 0 or more, is needed$"):
        Settings(**{name: value})


@pytest.mark.parametrize("name", [name for name in NUMBERS if name not in WHOLE])
@pytest.mark.parametrize("value", ["1", True, math.nan, math.inf, -0.1, HUGE], ids=lambda v: str(v)[:5])
def test_a_finite_number_is_needed_where_one_is(name, value):
    with pytest.raises(UsageError, match=f"^{dashed(name)}[: ]"):
        Settings(**{name: value})


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("value", [0, 1, "yes"])
def test_true_or_false_is_needed_where_it_is(name, value):
    with pytest.raises(UsageError, match=f"^{dashed(name)}: true or false is needed$"):
        Settings(**{name: value})


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", [1, True, b"x", ["x"]])
def test_a_text_is_needed_where_one_is(name, value):
    with pytest.raises(UsageError, match=f"^{dashed(name)}: a text is needed$"):
        Settings(**{name: value})


@pytest.mark.parametrize("name", NUMBERS)
def test_a_bound_is_within_and_what_is_beyond_it_is_refused(name):
    about = ABOUTS[name]
    beside = {"optimizer": "sgd", "lr": 0.0} if name == "weight_decay" else {}
    for bound in (about.least, about.most):
        if bound is not None:
            assert getattr(Settings(**{name: bound}, **beside), name) == bound
    beyond = [about.least - 1] if about.least else []
    beyond += [about.most * 2] if about.most is not None else []
    assert about.least == 0 or beyond
    for value in beyond:
        with pytest.raises(
            UsageError, match=f"^{dashed(name)} {value}: out of range, {about.least:g}".replace("+", r"\+")
        ):
            Settings(**{name: value})


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_is_one_of_those_named(name):
    for value in ABOUTS[name].choices:
        assert getattr(Settings(**{name: value}), name) == value
    with pytest.raises(UsageError) as refused:
        Settings(**{name: "strange"})
    assert str(refused.value) == f"{dashed(name)} strange: not one of {', '.join(ABOUTS[name].choices)}"


@pytest.mark.parametrize("name", ["utf-8", "gb18030", "UTF_16", "latin-1"])
def test_an_encoding_is_one_that_python_has(name):
    assert Settings(encoding=name).encoding == name


@pytest.mark.parametrize("name", ["", "klingon", "rot13", "zlib", "utf-8\0"])
def test_what_is_no_encoding_of_text_is_refused(name):
    with pytest.raises(UsageError, match=r"^--encoding "):
        Settings(encoding=name)


@pytest.mark.parametrize("interval", ["", "0", "often", "5d", "-3"])
def test_what_is_no_interval_is_refused(interval):
    with pytest.raises(UsageError, match=r"^--save-every: .* is neither a time"):
        Settings(save_every=interval)


# What excludes each other.


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"valid": "v.txt", "valid_fraction": 0.1}, "--valid and --valid-fraction exclude each other"),
        ({"valid": "v.txt", "valid_fraction": 0}, "--valid and --valid-fraction exclude each other"),
        ({"tie": True, "output": "adaptive"}, "--tie needs --output softmax"),
        ({"tie": True, "embedding": 4}, "--tie: the embedding has the hidden size"),
        ({"tie": True, "embedding": 4, "hidden": 5}, "--tie: the embedding has the hidden size"),
        ({"tie": True, "embedding": 0}, "--tie: the embedding has the hidden size"),
        ({"lr": 1.0, "weight_decay": 1.0}, "--weight-decay times the learning rate is 1 or more"),
        ({"optimizer": "sgd", "weight_decay": 100}, "--weight-decay times the learning rate is 1 or more"),
        ({"log": "-"}, "--log needs the name of a file"),
        ({"user_dict": "u.txt", "tokenizer": "char"}, "--user-dict is of no use with --tokenizer char"),
        ({"user_dict": "u.txt", "tokenizer": "space"}, "--user-dict is of no use with --tokenizer space"),
        ({"vocab": "v", "normalize": "nfc"}, "--vocab says how a line is split: drop"),
        ({"vocab": "v", "user_dict": "u"}, "--vocab says how a line is split: drop"),
        ({"vocab": "v", "min_count": 1}, "--vocab already fixes the vocabulary: drop"),
        ({"vocab": "v", "max_size": 1}, "--vocab already fixes the vocabulary: drop"),
        ({"init": "m", "min_count": 2}, "--min-count and --init exclude each other"),
        ({"init": "m", "max_size": 2}, "--max-size and --init exclude each other"),
        ({"init": "m", "vocab": "v"}, "--vocab and --init exclude each other"),
        ({"init": "m", "normalize": "nfc"}, "--normalize and --init exclude each other"),
        ({"init": "m", "user_dict": "u"}, "--user-dict and --init exclude each other"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_settings_that_exclude_each_other_are_refused(settings, told):
    with pytest.raises(UsageError) as refused:
        Settings(**settings)
    assert str(refused.value).startswith(told)
    assert isinstance(refused.value, RnnError)


@pytest.mark.parametrize(
    "settings",
    [
        {"tie": True, "embedding": 4, "hidden": 4},
        {"tie": True, "output": "softmax"},
        {"tie": False, "output": "adaptive", "embedding": 3},
        {"user_dict": "u.txt"},
        {"user_dict": "u.txt", "tokenizer": "jieba"},
        {"vocab": "v", "tokenizer": "char"},
        {"init": "m", "hidden": 8, "tokenizer": "char"},
        {"lr": 0.001, "weight_decay": 100},
    ],
)
def test_what_goes_together_is_taken(settings):
    assert Settings(**settings).given() == settings


def test_the_rate_of_an_optimizer_is_the_one_that_counts_where_none_is_given():
    rate = OPTIMIZERS["sgd"].lr
    Settings(optimizer="sgd", weight_decay=0.99 / rate)
    with pytest.raises(UsageError, match=r"^--weight-decay times"):
        Settings(optimizer="sgd", weight_decay=1.01 / rate)


# JSON.

EVERY = {
    "corpus": ["/a.txt", "-"],
    "valid": "/v.txt",
    "tokenizer": "jieba",
    "normalize": "nfc",
    "user_dict": "/u.txt",
    "encoding": "gb18030",
    "min_count": 3,
    "max_size": 99,
    "carry_state": True,
    "preset": "tanh",
    "cell": "gru",
    "hidden": 8,
    "layers": 2,
    "embedding": 8,
    "tie": True,
    "output": "softmax",
    "batch": 4,
    "bptt": 9,
    "epochs": 3,
    "optimizer": "sgd",
    "lr": 0.25,
    "schedule": "plateau",
    "clip": 0,
    "dropout": 0.5,
    "variational": False,
    "weight_decay": 1e-3,
    "patience": 4,
    "max_rollbacks": 0,
    "seed": 2**64 - 1,
    "threads": 1,
    "log": "/l.jsonl",
    "save_every": "30s",
}


@pytest.mark.parametrize("said", [{}, EVERY, {"init": "/m.npz", "valid_fraction": 0.25}, {"vocab": "/v"}])
def test_settings_come_back_from_json(said):
    settings = Settings(**said)
    as_json = json.loads(json.dumps(settings.to_json()))
    assert as_json.keys() == ABOUTS.keys()
    assert Settings.from_json(as_json) == settings


def test_in_json_files_are_where_they_are_seen_from_any_folder():
    here = os.getcwd()
    settings = Settings(corpus=["a.txt", "-"], valid="-", init="m.npz", log=Path("sub") / "l.jsonl")
    said = settings.to_json()
    assert said["corpus"] == [os.path.join(here, "a.txt"), "-"]
    assert said["valid"] == "-"
    assert said["init"] == os.path.join(here, "m.npz")
    assert said["log"] == os.path.join(here, "sub", "l.jsonl")
    assert said["vocab"] is None


@pytest.mark.parametrize(
    "said", [{"stranger": 1}, {"hidden": "8"}, {"hidden": 0}, {"corpus": 1}, {"tie": 1}, [], None, "x", 3]
)
def test_json_that_is_no_settings_is_refused(said):
    with pytest.raises((TypeError, Unknown, UsageError)):
        Settings.from_json(said)


# The rest.


def test_what_is_left_open_is_filled_and_what_is_given_stays():
    settings = Settings(lr=0.0, tie=False, corpus="a.txt")
    filled = settings.filled(lr=0.5, tie=True, epochs=3)
    assert (filled.lr, filled.tie, filled.epochs) == (0.0, False, 3)
    assert filled.corpus == ("a.txt",)
    assert settings.epochs is None


def test_what_is_given_may_be_nought_or_false():
    assert Settings(lr=0, tie=False, clip=0.0).given() == {"lr": 0, "tie": False, "clip": 0.0}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("weight_decay", 0.1, "--weight-decay 0.1"),
        ("tie", True, "--tie"),
        ("carry_state", False, "--no-carry-state"),
        ("corpus", ("a.txt", "b.txt"), "a.txt b.txt"),
    ],
)
def test_a_setting_is_said_as_the_command_line_says_it(name, value, said):
    assert flag(name, value) == said


def test_standard_input_is_nowhere():
    assert absolute("-") == "-"
    assert absolute("a") == os.path.join(os.getcwd(), "a")


@pytest.mark.parametrize(("epochs", "patience"), [(1, 4), (16, 4), (19, 4), (20, 5), (200, 50)])
def test_patience_is_a_quarter_of_the_epochs_but_not_less_than_a_few(epochs, patience):
    assert default_patience(epochs) == patience


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"grow": True}, "--grow needs --init"),
        ({"carry_state": True, "unit": "paragraph"}, "--carry-state and --unit paragraph exclude each other"),
        ({"column": ""}, "--column needs the name of a column"),
        ({"init": "m.npz", "min_count": 2}, "--min-count and --init exclude each other"),
        ({"init": "m.npz", "grow": False, "max_size": 2}, "--max-size and --init exclude each other"),
    ],
)
def test_units_columns_and_growth_have_their_conditions(given, told):
    with pytest.raises(UsageError, match=f"^{told}"):
        Settings(**given)


def test_what_goes_with_growth_paragraphs_and_columns_is_taken():
    Settings(init="m.npz", grow=True, min_count=2, max_size=5)
    Settings(carry_state=False, unit="paragraph", column="text")
    Settings(carry_state=True, unit="line")
