"""--init: a run that begins from a model."""

import json

import numpy as np
import pytest


@pytest.fixture
def general(train, write, english):
    """general.npz: a model of other text, and new.txt, which it half knows."""
    write("general.txt", english)
    train("general.txt", "--cell", "gru", "--quiet", model="general.npz")
    write("new.txt", [line.replace("bread", "cheez") for line in english[:24]])
    return "general.npz"


def begin(rnn, *options, status=0):
    given = ["--init", "general.npz", "--model", "new.npz", "--epochs", "2", "--threads", "1"]
    return rnn("train", "new.txt", *given, *options, status=status)


def test_network_weights_and_reading_are_those_of_the_model(general, rnn, read_npz):
    old = read_npz(general)
    begin(rnn, "--lr", "0", "--weight-decay", "0", "--quiet")
    new = read_npz("new.npz")
    assert all(np.array_equal(new.arrays[name], array) for name, array in old.arrays.items())
    for name in ("tokenizer", "vocabulary", "spelling", "network", "carry_state"):
        assert new.header[name] == old.header[name]


def test_it_learns_the_new_text_and_the_model_that_it_began_from_stays(general, rnn, contents, write):
    write("valid.txt", ["Anna reads the cheez."] * 2)
    before = contents()
    begin(rnn, "--valid", "valid.txt", "--log", "log.jsonl", "--epochs", "9", "--quiet")
    nats = [
        rnn("score", "valid.txt", "-m", name, "--per-line").out.split()[0] for name in (general, "new.npz")
    ]
    assert float(nats[1]) < float(nats[0])
    assert contents().items() >= before.items()


def test_a_text_that_the_model_does_not_know_is_warned_of_without_options_that_would_be_refused(
    general, rnn, write, chinese
):
    write("new.txt", chinese)
    warning = next(line for line in begin(rnn).err.splitlines() if "of the text is unknown" in line)
    assert "--init" in warning
    assert "--min-count" not in warning


def test_unknown_tokens_of_the_new_text_are_counted_and_told(general, rnn, english):
    said = begin(rnn, "--valid-fraction", "0")
    assert "c" not in "".join(english)
    assert f", {2 * 8} of them unknown (" in said.err  # c and z, in a third of the lines


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--hidden", "64"], "--hidden 64 contradicts the model general.npz, which has --hidden 8"),
        (["--cell", "lstm"], "which has --cell gru"),
        (["--layers", "2"], "which has --layers 1"),
        (["--tie"], "which is without"),
        (["--embedding", "4"], "which has --embedding 0"),
        (["--output", "adaptive"], "which has --output softmax"),
        (["--tokenizer", "space"], "which has --tokenizer char"),
        (["--min-count", "2"], "--min-count and --init exclude each other"),
        (["--max-size", "20"], "--max-size and --init exclude each other"),
        (["--vocab", "v.vocab"], "--vocab and --init exclude each other"),
    ],
    ids=lambda value: "".join(value)[:20],
)
@pytest.mark.usefixtures("general")
def test_what_contradicts_the_model_is_refused(options, told, fails):
    given = ["new.txt", "--init", "general.npz", "--model", "new.npz"]
    assert told in fails(2, "train", *given, *options)


@pytest.mark.usefixtures("general")
def test_what_agrees_with_it_is_not(rnn):
    begin(rnn, "--hidden", "8", "--cell", "gru", "--tokenizer", "char", "--no-tie", "--quiet")


@pytest.mark.usefixtures("general")
def test_a_model_is_not_overwritten_by_what_begins_from_it(fails):
    for force in ([], ["--force"]):
        message = fails(2, "train", "new.txt", "--init", "general.npz", "--model", "./general.npz", *force)
        assert "name another file" in message


@pytest.mark.usefixtures("general")
def test_the_state_is_carried_as_the_model_has_it_unless_told_otherwise(rnn, read_npz):
    begin(rnn, "--quiet")
    assert read_npz("new.npz").header["carry_state"] is False
    begin(rnn, "--carry-state", "--force", "--quiet")
    assert read_npz("new.npz").header["carry_state"] is True
    rnn("train", "new.txt", "--init", "new.npz", "--model", "newer.npz", "--epochs", "1", "--quiet")
    assert read_npz("newer.npz").header["carry_state"] is True


@pytest.mark.usefixtures("general")
def test_a_run_that_began_from_a_model_goes_on_without_it(rnn, fails, folder, read_npz):
    begin(rnn, "--quiet")
    (folder / "general.npz").unlink()
    rnn("train", "--resume", "--epochs", "3", "--init", "general.npz", "--model", "new.npz", "--quiet")
    assert read_npz("new.state.npz").header["position"]["epoch"] == 3
    message = fails(2, "train", "--resume", "--init", "other.npz", "--model", "new.npz")
    assert "other.npz contradicts the run in new.state.npz, which has --init " in message


def test_a_model_to_begin_from_that_is_not_there_is_named(fails, corpus):
    assert "no.npz" in fails(1, "train", corpus, "--init", "no.npz", "--model", "new.npz")


# A vocabulary that grows.


def test_a_grown_vocabulary_holds_the_new_tokens_after_the_old(general, rnn, read_npz):
    old = read_npz(general)
    said = begin(rnn, "--grow", "--lr", "1e-9", "--weight-decay", "0")
    new = read_npz("new.npz")
    tokens = [token for token, _ in old.header["vocabulary"]]
    grown = [token for token, _ in new.header["vocabulary"]]
    assert grown == [*tokens, "z", "c"] or grown == [*tokens, "c", "z"]
    assert new.header["grown"] == [3 + len(tokens)]
    assert new.header["network"]["m"] == old.header["network"]["m"] + 2
    ids = f"ids {3 + len(tokens)} to {4 + len(tokens)}"
    assert f"the vocabulary of general.npz grows by 2 tokens: {ids}" in said.err
    assert " 0 of them unknown" in said.err
    shown = rnn("info", "new.npz").out
    assert f"grown       by 2 tokens, {ids}\n" in shown
    assert json.loads(rnn("info", "new.npz", "--json").out)["grown"] == [3 + len(tokens)]
    for name, array in old.arrays.items():
        kept = new.arrays[name][tuple(slice(length) for length in array.shape)]
        assert np.allclose(kept, array, atol=1e-5), name


def test_growing_learns_the_new_tokens(general, rnn, write):
    write("valid.txt", ["Anna reads the cheez."] * 2)
    given = ["--valid", "valid.txt", "--epochs", "9", "--quiet"]
    begin(rnn, *given)
    begin(rnn, "--grow", *given, "--force")
    score = json.loads(rnn("score", "valid.txt", "-m", "new.npz", "--json").out)
    assert score["unknown"] == 0


def test_rare_tokens_stay_unknown_and_the_size_is_bounded(general, rnn, read_npz, write):
    old = len(read_npz(general).header["vocabulary"])
    write("new.txt", ["Anna reads xxxx", "Ben sees zz", "Mia buys q"] * 2 + ["ü"])
    given = ["--grow", "--valid-fraction", "0", "--quiet", "--force"]
    begin(rnn, *given, "--min-count", "2")
    assert {token for token, _ in read_npz("new.npz").header["vocabulary"][old:]} == {"x", "z", "q"}
    begin(rnn, *given, "--max-size", "1")
    assert [*read_npz("new.npz").header["vocabulary"][old:]] == [["x", 8]]


@pytest.mark.usefixtures("general")
def test_a_grown_run_goes_on_without_growing_again(rnn, read_npz, folder):
    given = ["--grow", "--max-size", "1", "--schedule", "constant", "--quiet"]  # one token stays unknown
    begin(rnn, *given, "--epochs", "3")
    straight = read_npz("new.npz")
    begin(rnn, *given, "--force")
    (folder / "general.npz").unlink()
    rnn("train", "--resume", "--model", "new.npz", "--epochs", "3", "--quiet")
    resumed = read_npz("new.npz")
    for name in ("grown", "vocabulary", "spelling", "network"):
        assert resumed.header[name] == straight.header[name]


@pytest.mark.usefixtures("general")
def test_a_grown_model_grows_again(rnn, read_npz, write):
    begin(rnn, "--grow", "--quiet")
    write("newer.txt", ["Anna reads ñññ", "Ben sees ñ"] * 3)
    rnn(
        "train",
        "newer.txt",
        "--init",
        "new.npz",
        "--grow",
        "--model",
        "newer.npz",
        "--epochs",
        "1",
        "--quiet",
    )
    sizes = read_npz("newer.npz").header["grown"]
    assert len(sizes) == 2
    assert rnn("info", "newer.npz").out.count("grown ") == 2


@pytest.mark.usefixtures("general")
def test_a_text_without_new_tokens_adds_none(rnn, read_npz, english, write):
    write("new.txt", english)
    assert "grows by 0 tokens" in begin(rnn, "--grow").err
    assert "grown" not in read_npz("new.npz").header


@pytest.mark.usefixtures("general")
def test_growing_needs_a_model(fails):
    assert "--init" in fails(2, "train", "new.txt", "--grow", "--model", "new.npz")
    given = ["new.txt", "--init", "general.npz", "--model", "new.npz", "--grow"]
    for options in (["--normalize", "nfc"], ["--vocab", "v.vocab"]):
        assert f"{options[0]} and --init exclude" in fails(2, "train", *given, *options)


@pytest.mark.usefixtures("general")
def test_the_plan_of_a_run_that_grows_has_the_grown_vocabulary(rnn, read_npz):
    begin(rnn, "--grow", "--quiet")
    m = read_npz("new.npz").header["network"]["m"]
    assert f"vocabulary  {m}; 0.0% of the tokens unknown" in begin(rnn, "--grow", "--plan").out
