"""The options: what each refuses, with status 2, one line, and no file touched."""

import hashlib

import pytest
import typer

from rnn_cli import Settings
from rnn_cli.cli.options.common import bytes_of
from rnn_cli.errors import UsageError
from rnn_cli.text.tokenizers import TOKENIZERS, load_tokenizer

NO_NUMBER = ["nan", "inf", "-inf", "1e400", "-1", "", "many"]
WHOLE = [*NO_NUMBER, "1.5", "1e3"]
HUGE = str(10**23)
REFUSED = {
    "vocab": {"--min-count": [*WHOLE, "0"], "--max-size": [*WHOLE, "0"]},
    "train": {
        "--valid-fraction": [*NO_NUMBER, "0.95", "1", HUGE],
        "--min-count": [*WHOLE, "0"],
        "--max-size": [*WHOLE, "0"],
        "--hidden": [*WHOLE, "0", HUGE],
        "--batch": [*WHOLE, "0", HUGE],
        "--bptt": [*WHOLE, "0", HUGE],
        "--epochs": [*WHOLE, "0", HUGE],
        "--lr": [*NO_NUMBER, HUGE],
        "--layers": [*WHOLE, "0", "65", HUGE],
        "--embedding": [*WHOLE, HUGE],
        "--clip": NO_NUMBER,
        "--dropout": [*NO_NUMBER, "0.95", "1"],
        "--weight-decay": [*NO_NUMBER, HUGE],
        "--patience": [*WHOLE, "0", HUGE],
        "--seed": [*WHOLE, str(2**64), HUGE],
        "--threads": [*WHOLE, "0", HUGE],
    },
    "sample": {
        "--num": [*WHOLE, "0", HUGE],
        "--length": [*WHOLE, "0"],
        "--temperature": [*NO_NUMBER, HUGE],
        "--top-k": [*WHOLE, "0"],
        "--top-p": [*NO_NUMBER, "1.1", HUGE],
        "--seed": [*WHOLE, str(2**64), HUGE],
    },
    "score": {"--dynamic-lr": [*NO_NUMBER, HUGE], "--baseline-order": [*WHOLE, "0", "10", HUGE]},
    "bench": {
        "--vocab": [*WHOLE, "4", HUGE],
        "--hidden": [*WHOLE, "0", HUGE],
        "--seconds": [*NO_NUMBER, "0"],
    },
    "gradcheck": {"--hidden": [*WHOLE, "0", HUGE], "--seed": [*WHOLE, str(2**64), HUGE]},
}
CASES = [
    (command, option, value)
    for command, options in REFUSED.items()
    for option, values in options.items()
    for value in values
]


@pytest.mark.parametrize(("command", "option", "value"), CASES)
def test_a_number_out_of_range_is_refused_and_its_option_named(command, option, value, fails):
    message = fails(2, command, option, value)
    assert option in message
    assert f"rnn {command} --help" in message


@pytest.mark.parametrize(
    "options",
    [
        ["--max-size", HUGE],
        ["--seed", str(2**64 - 1)],
        ["--seed", "0"],
        ["--clip", "0"],
        ["--clip", "1e30"],
        ["--lr", "1e-30"],
        ["--valid-fraction", "0"],
        ["--valid-fraction", "0.9"],
        ["--batch", "65536"],
        ["--bptt", "65536"],
        ["--threads", "1"],
        ["--threads", "64"],
        ["--batch", "1", "--bptt", "1", "--hidden", "1"],
        ["--layers", "64", "--hidden", "1"],
        ["--embedding", "0"],
        ["--embedding", "1"],
        ["--dropout", "0.9"],
        ["--weight-decay", "100"],
        ["--patience", "1000000"],
    ],
    ids=" ".join,
)
def test_train_takes_the_numbers_at_the_ends_of_a_range(options, train, corpus, models, rnn):
    train(corpus, *options, "--quiet")
    assert rnn("sample", "--model", "m.npz", "--seed", "1").err == ""


@pytest.mark.parametrize(
    "options",
    [
        ["--length", HUGE],
        ["--length", "1"],
        ["--top-k", HUGE],
        ["--top-k", "1"],
        ["--top-p", "0"],
        ["--top-p", "1"],
        ["--top-p", "1e-300"],
        ["--temperature", "0"],
        ["--temperature", "1e-300"],
        ["--temperature", "1e-320"],
        ["--temperature", "100"],
        ["--seed", str(2**64 - 1)],
    ],
    ids=" ".join,
)
def test_sample_takes_the_numbers_at_the_ends_of_a_range(options, rnn, models, english):
    said = rnn("sample", "--model", models["char"], "--num", "5", "--seed", "1", *options)
    assert said.err == ""
    assert set(said.out) <= {*"".join(english), "\n"}
    assert len(said.out.splitlines()) == 5


def test_a_count_that_no_token_reaches_is_one_line_that_names_the_option(fails, corpus):
    for command in ("vocab", "train"):
        assert "--min-count" in fails(1, command, corpus, "--tokenizer", "char", "--min-count", HUGE)


@pytest.mark.parametrize(
    ("command", "option", "choices"),
    [
        ("train", "--preset", ["small", "medium", "large", "tanh"]),
        ("train", "--cell", ["tanh", "relu", "gru", "lstm"]),
        ("train", "--output", ["softmax", "classes", "adaptive"]),
        ("train", "--optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]),
        ("train", "--schedule", ["constant", "linear", "cosine", "plateau"]),
        ("bench", "--cell", ["tanh", "relu", "gru", "lstm"]),
        ("train", "--tokenizer", ["jieba", "char", "space"]),
        ("vocab", "--tokenizer", ["jieba", "char", "space"]),
        ("gradcheck", "--cell", ["tanh", "relu", "gru", "lstm"]),
    ],
)
@pytest.mark.parametrize("value", ["qrnn", "", "TANH", "tanh\nrelu"])
def test_an_unknown_choice_is_refused_and_the_choices_named(command, option, choices, value, fails):
    message = fails(2, command, option, value)
    assert option in message
    assert all(choice in message for choice in choices)


@pytest.mark.parametrize("command", ["vocab", "train", "score"])
@pytest.mark.parametrize("name", ["", "utf-9", "rot13", "hex", "undefined", "no such\ncodec"])
def test_an_encoding_that_is_none_is_refused(command, name, fails, corpus):
    assert "--encoding" in fails(2, command, corpus, "--encoding", name)


def test_options_that_contradict_each_other_are_refused_and_named(fails, corpus, write):
    write("valid.txt", ["Anna reads."])
    write("vocab.txt", ["{}"])
    for first, second in [
        (["--valid", "valid.txt"], ["--valid-fraction", "0.2"]),
        (["--valid", "valid.txt"], ["--valid-fraction", "0"]),
        (["--vocab", "vocab.txt"], ["--min-count", "1"]),
        (["--vocab", "vocab.txt"], ["--max-size", "100"]),
    ]:
        message = fails(2, "train", corpus, *first, *second)
        assert first[0] in message
        assert second[0] in message


def test_settings_of_a_tokenizer_are_what_differs_from_the_default(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("云计算 5 n\n学\n", "utf-8")
    assert load_tokenizer("char", None, None) == load_tokenizer("char", "none", None) == TOKENIZERS["char"]
    assert load_tokenizer("space", "nfc", None).settings == {"normalize": "nfc"}
    settings = load_tokenizer("jieba", None, str(path)).settings
    assert settings["user_dict"] == [["云计算", 5], ["学", None]]
    assert settings["user_dict_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "normalize" not in settings


def test_words_are_refused_where_the_tokenizer_has_no_use_for_them(fails, write, corpus):
    write("words.txt", ["云计算"])
    assert Settings(user_dict="words.txt").user_dict == "words.txt"
    assert Settings(tokenizer="jieba", user_dict="words.txt").user_dict == "words.txt"
    for name in ("char", "space"):
        with pytest.raises(UsageError, match=f"--user-dict .* --tokenizer {name}"):
            Settings(tokenizer=name, user_dict="words.txt")
        for command in ("vocab", "train"):
            message = fails(2, command, corpus, "--tokenizer", name, "--user-dict", "words.txt")
            assert "--user-dict" in message
            assert f"--tokenizer {name}" in message


@pytest.mark.parametrize(
    ("size", "count"),
    [("1", 1), ("500M", 500 << 20), ("2G", 2 << 30), ("0.5g", 1 << 29), ("3k", 3072), ("1T", 1 << 40)],
)
def test_a_size_of_memory_is_a_number_with_a_unit(size, count):
    assert bytes_of(size) == count


@pytest.mark.parametrize("size", ["", "0", "-1", "M", "nan", "infG", "1e400", "2 GB", "9" * 50, "0.5"])
def test_what_is_no_size_of_memory_is_refused(size, fails):
    with pytest.raises(typer.BadParameter, match="not a memory size"):
        bytes_of(size)
    assert "--max-memory" in fails(2, "train", f"--max-memory={size}")


def test_no_size_of_memory_is_no_limit():
    assert bytes_of(None) is None
