"""rnn train: the main job, from a text to a model that writes."""

import itertools
import json

import numpy as np
import pytest

from rnn_cli.network.cells import CELLS
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.schedules import SCHEDULES


def test_a_text_is_learned_and_the_model_writes_in_its_letters(train, rnn, corpus, english):
    train(corpus)
    said = rnn("sample", "--model", "m.npz", "--num", "20", "--seed", "1")
    assert set(said.out) <= {*"".join(english), "\n"}
    assert len(said.out) > 100
    assert said.err == ""


@pytest.mark.parametrize("cell", CELLS)
def test_training_learns_a_text_that_can_be_known_by_heart(cell, train, rnn, write):
    write("corpus.txt", ["the cat sat on the mat"] * 40)
    train("corpus.txt", "--cell", cell, "-n", "32", "-e", "60", "--lr", "0.01", "--quiet")
    assert rnn("sample", "-m", "m.npz", "--temperature", "0", "--seed", "1") == (
        "the cat sat on the mat\n",
        "",
    )


def test_train_and_then_sample_work_without_any_file_named(rnn, folder):
    rnn("train", "--hidden", "4", "--epochs", "1", "--quiet")
    assert sorted(path.name for path in folder.iterdir()) == ["model.npz", "model.state.npz"]
    said = rnn("sample", "--num", "20", "--temperature", "1", "--seed", "1")
    assert said.err == ""
    assert len(said.out) > 100


def test_talk_goes_to_standard_error_and_nothing_to_standard_output(train, corpus):
    said = train(corpus)
    assert said.out == ""
    assert "48" not in said.err.split("lines")[0]  # the text to learn is without what is held out
    assert "43 lines" in said.err
    assert "5 lines to validate" in said.err
    assert "hidden 8" in said.err
    assert "rnn sample --model m.npz" in said.err


def test_quiet_says_nothing(train, corpus):
    assert train(corpus, "--quiet") == ("", "")
    assert train(corpus, "-q", "--force") == ("", "")


def test_the_size_told_is_the_size_of_the_file(train, corpus, read_npz):
    said = train(corpus)
    parameters = sum(array.size for array in read_npz("m.npz").arrays.values())
    assert f"{parameters:,} parameters" in said.err


def test_the_model_file_opens_in_numpy_with_the_tutorials_names_and_shapes(train, corpus, read_npz, english):
    train(corpus, "--valid-fraction", "0", "--quiet")
    model = read_npz("m.npz")
    m, n = len({*"".join(english)}) + 3, 8
    shapes = {name: array.shape for name, array in model.arrays.items()}
    assert shapes == {"U": (n, m), "W": (n, n), "V": (m, n), "b_a": (n,), "b_y": (m,)}
    assert {array.dtype for array in model.arrays.values()} == {np.dtype("float32")}
    assert model.header["tokenizer"]["name"] == "char"
    network = {"m": m, "n": n, "cell": "tanh", "output": "softmax"}
    plain = {"layers": 1, "embedding": 0, "tie": False, "cutoffs": []}
    assert model.header["network"] == network | plain
    assert model.header["carry_state"] is False


@pytest.mark.parametrize(
    "extra",
    [
        (),
        ("--carry-state",),
        ("--cell", "relu"),
        ("--cell", "lstm", "--layers", "2", "--dropout", "0.2"),
        ("--cell", "gru", "--embedding", "5", "--output", "adaptive"),
        ("--optimizer", "sgd"),
    ],
    ids=" ".join,
)
def test_one_seed_gives_one_model_and_another_seed_another(extra, train, corpus, read_npz):
    train(corpus, *extra, "--seed", "7", "--quiet", model="a.npz")
    train(corpus, *extra, "--seed", "7", "--quiet", model="b.npz")
    train(corpus, *extra, "--seed", "8", "--quiet", model="c.npz")
    a, b, c = (read_npz(name).arrays for name in ("a.npz", "b.npz", "c.npz"))
    assert all(a[name].tobytes() == b[name].tobytes() for name in a)
    assert not np.array_equal(a["W"], c["W"])


def test_without_a_seed_the_model_is_that_of_seed_0(train, corpus, read_npz):
    train(corpus, "--quiet", model="a.npz")
    train(corpus, "--seed", "0", "--quiet", model="b.npz")
    assert np.array_equal(read_npz("a.npz").arrays["W"], read_npz("b.npz").arrays["W"])


def test_the_seed_decides_what_is_held_out(train, write, english, read_npz):
    write("corpus.txt", [f"{line} {chr(0x4E00 + number)}" for number, line in enumerate(english)])
    held = []
    for seed in (1, 2):
        train("corpus.txt", "--seed", seed, "--quiet", "--force")
        held.append({chr(0x4E00 + number) for number in range(48)} - set(read_npz("m.npz").tokens))
    assert [len(characters) for characters in held] == [5, 5]
    assert held[0] != held[1]


def test_where_the_state_is_carried_one_stretch_of_the_text_is_held_out(train, write, english, read_npz):
    write("corpus.txt", [f"{line} {chr(0x4E00 + number)}" for number, line in enumerate(english)])
    train("corpus.txt", "--carry-state", "--valid-fraction", "0.2", "--quiet")
    held = [n for n in range(48) if chr(0x4E00 + n) not in read_npz("m.npz").tokens]
    assert held == list(range(held[0], held[0] + 10))


def test_the_options_decide_the_network(train, corpus, read_npz):
    options = ["--cell", "relu", "--carry-state", "-n", "5", "-b", "2", "--bptt", "7", "-s", "3"]
    train(corpus, *options, "--lr", "0.01", "--optimizer", "sgd", "-e", "1", "--quiet")
    header = read_npz("m.npz").header
    assert (header["network"]["cell"], header["network"]["n"], header["carry_state"]) == ("relu", 5, True)
    training = header["history"]["training"]
    told = {name: training[name] for name in ("batch", "bptt", "seed", "lr", "optimizer", "epochs")}
    assert told == {"batch": 2, "bptt": 7, "seed": 3, "lr": 0.01, "optimizer": "sgd", "epochs": 1}


def test_valid_fraction_0_learns_the_whole_text_and_validates_on_nothing(train, corpus, read_log):
    said = train(corpus, "--valid-fraction", "0", "--log", "log.jsonl")
    assert "48 lines" in said.err
    assert "no validation data" in said.err
    assert " valid " not in said.err
    assert "perplexity" in said.err
    rows = read_log("log.jsonl", "valid")
    assert len(rows) == 2
    assert all(row["valid_loss"] is None and row["valid_bpc"] is None for row in rows)
    assert all(row["train_loss"] > 0 for row in rows)


def test_with_a_validation_file_the_whole_corpus_is_learned(train, corpus, write):
    write("valid.txt", ["Mia reads two birds.", "Tom likes the book."])
    said = train(corpus, "--valid", "valid.txt")
    assert "48 lines" in said.err
    assert "2 lines to validate" in said.err


@pytest.mark.parametrize("fraction", ["0.0001", "0.25", "0.9"])
def test_a_share_of_the_lines_is_held_out_and_at_least_one(fraction, train, corpus):
    held = max(1, round(float(fraction) * 48))
    said = train(corpus, "--valid-fraction", fraction)
    assert f"{held} line{'s' * (held > 1)} to validate" in said.err
    assert f"{48 - held} lines," in said.err


def test_blank_lines_are_skipped_where_lines_are_independent_and_kept_in_a_book(train, write, english):
    write("corpus.txt", [*english[:24], "", "  ", *english[24:]])
    assert "48 lines" in train("corpus.txt", "--valid-fraction", "0").err
    assert "50 lines" in train("corpus.txt", "--valid-fraction", "0", "--carry-state", "--force").err


def test_much_unknown_text_is_warned_of_in_one_line(train, corpus):
    said = train(corpus, "--max-size", "5")
    warnings = [line for line in said.err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert warnings[0].startswith("rnn: warning: ")
    assert "--max-size" in warnings[0]
    assert "warning" not in train(corpus, "--force").err


def test_a_network_beyond_the_memory_is_refused(fails, corpus):
    message = fails(1, "train", corpus, "-t", "char", "--hidden", "1000000")
    assert "GiB" in message
    assert "--hidden" in message


def test_a_batch_beyond_the_text_asks_for_no_more_memory_than_the_text(train, corpus):
    train(corpus, "--batch", "65536", "--bptt", "65536", "--quiet")


def test_with_a_learning_rate_of_0_the_first_loss_stays(train, corpus, english, read_npz, read_log):
    """The loss of training is the mean over every token of the text, END too, however it is cut."""
    for number, cut in enumerate([["--batch", "1"], ["--batch", "3", "--bptt", "5"], ["--bptt", "1000"]]):
        options = ["--lr", "0", "--valid-fraction", "0", "--log", f"{number}.jsonl", "--force", "--quiet"]
        train(corpus, *options, *cut)
        naive = read_npz("m.npz").measure(english)
        for row in read_log(f"{number}.jsonl", "valid"):
            assert row["train_loss"] == pytest.approx(naive.loss, rel=1e-5)
        assert read_log(f"{number}.jsonl", "end")[0]["tokens"] == 2 * naive.tokens


def test_what_is_asked_for_goes_before_the_default(rnn, write, english, read_log):
    write("small.txt", english)
    options = ["-t", "char", "--epochs", "1", "--hidden", "64", "--dropout", "0.1", "--weight-decay", "0"]
    said = rnn("train", "small.txt", *options, "--log", "log.jsonl")
    recipe = read_log("log.jsonl", "start")[0]["settings"]["recipe"]
    assert (recipe["dropout"], recipe["weight_decay"]) == (0.1, 0)
    assert "dropout 0.1, weight decay 0" in said.err


def test_a_text_without_unknown_tokens_still_teaches_what_one_is_like(train, write, english, read_log):
    """Of a text to validate on, unknown characters cost no more than rare ones."""
    write("train.txt", english * 4 + ["åß∂ƒ©˙∆˚¬…æ≈ç√∫µ≤≥÷"])  # once each
    losses = []
    for name, lines in [("with", [*english[:20], "ØÅÎ"]), ("without", english[:20])]:
        write("valid.txt", lines)
        options = ["--valid", "valid.txt", "-n", "32", "-e", "20", "--quiet", "--log", f"{name}.jsonl"]
        train("train.txt", *options, model=f"{name}.npz")
        losses.append(min(row["valid_loss"] for row in read_log(f"{name}.jsonl", "valid")))
    characters = sum(len(line) + 1 for line in english[:20])
    each = (losses[0] * (characters + 4) - losses[1] * characters) / 4
    assert each < 11


def test_bits_per_character_hold_the_spelling_of_unknown_words(train, write, english, read_log, read_npz):
    """Else a vocabulary of few words would look like a good model."""
    write("valid.txt", ["Anna weaves a carpet.", "Tom reads a book."])
    options = ["--valid", "valid.txt", "--tokenizer", "space", "--min-count", "1"]
    write("corpus.txt", english)
    train("corpus.txt", *options, "--log", "log.jsonl", "--quiet", "--epochs", "1")
    naive = read_npz("m.npz").measure(["Anna weaves a carpet.", "Tom reads a book."])
    (row,) = read_log("log.jsonl", "valid")
    assert naive.unknown == 2
    assert naive.spelling > 20
    assert row["valid_loss"] == pytest.approx(naive.nats / naive.tokens, rel=1e-5)
    assert row["valid_bpc"] == pytest.approx(naive.bits_per_character, rel=1e-5)


def test_variational_dropout_is_another_and_none_without_a_dropout(train, corpus, read_npz):
    weights = {}
    for dropout in ("0.3", "0"):
        for way in ([], ["--variational"]):
            train(corpus, "--dropout", dropout, *way, "--force", "--quiet")
            model = read_npz("m.npz")
            assert model.header["history"]["training"]["variational"] == bool(way)
            weights[dropout, bool(way)] = model.arrays["W"]
    assert not np.array_equal(weights["0.3", True], weights["0.3", False])
    assert np.array_equal(weights["0", True], weights["0", False])


def test_a_weight_decay_that_leaves_nothing_is_refused(fails):
    assert "--weight-decay" in fails(2, "train", "--lr", "10", "--weight-decay", "0.1")
    assert "--weight-decay" in fails(2, "train", "--optimizer", "sgd", "--weight-decay", "1")


# One tiny run for each choice that a flag names: of the network with each cell; of the steps, which do not
# know what cell they train, with one.

OF_THE_NETWORK = [
    ["--layers", "2"],
    ["--embedding", "5"],
    ["--tie"],
    ["--output", "adaptive"],
    ["--dropout", "0.3", "--variational"],
]
OF_THE_STEPS = [
    *(["--optimizer", name] for name in OPTIMIZERS),
    *(["--schedule", name] for name in SCHEDULES),
]
WAYS = [
    *itertools.product(CELLS, OF_THE_NETWORK),
    *zip(itertools.cycle(CELLS), OF_THE_STEPS, strict=False),
]


@pytest.mark.parametrize(("cell", "way"), WAYS, ids=lambda value: " ".join(np.atleast_1d(value)))
def test_every_choice_trains_a_model_that_writes_and_scores(cell, way, rnn, corpus, english, read_log):
    options = ["-t", "char", "--preset", "tanh", "-n", "8", "-b", "8", "--bptt", "16", "-e", "4"]
    rates = [] if "--optimizer" in way else ["--lr", "0.006", "--weight-decay", "0"]  # or its own
    rnn("train", corpus, *options, "--cell", cell, *rates, *way, "--log", "log.jsonl", "--quiet")
    first, *_, last = (row["train_loss"] for row in read_log("log.jsonl", "valid"))
    assert last < first - 0.01
    said = rnn("sample", "--num", "5", "--seed", "1", "--temperature", "1", "--length", "20")
    assert said.err == ""
    assert set(said.out) <= {*"".join(english), "\n"}
    said = rnn("score", corpus, "--json")
    assert said.err == ""
    assert 1 < json.loads(said.out)["perplexity"] < 26  # fewer than there are characters


ODD_TEXTS = {
    "the same line": ["the same line"] * 60,
    "one very long line": ["".join(chr(97 + number * number % 23) for number in range(2000))],
    "noise": [
        "".join(map(chr, line)).translate({10: 46, 13: 46})
        for line in np.random.default_rng(0).integers(1, 256, (30, 40))
    ],
}


@pytest.mark.parametrize("lines", ODD_TEXTS.values(), ids=ODD_TEXTS)
@pytest.mark.parametrize("network", [("--cell", "relu"), ("--preset", "tanh")], ids=" ".join)
def test_simple_cells_do_not_diverge_by_default_on_odd_texts(network, lines, rnn, write, read_log):
    write("odd.txt", lines)
    options = ["-t", "char", *network, "--carry-state", "--valid-fraction", "0", "--threads", "1", "-e", "8"]
    rnn("train", "odd.txt", *options, "--patience", "99", "--log", "log.jsonl", "--quiet")
    losses = [row["train_loss"] for row in read_log("log.jsonl", "valid")]
    assert np.isfinite(losses).all()
    assert losses[-1] < np.log(256)  # not even noise is worse than that in the end


def test_even_a_short_run_has_a_warm_up_of_some_steps(train, corpus, read_log):
    train(corpus, "--epochs", "40", "--batch", "4", "--log", "log.jsonl", "--patience", "100")
    rates = [row["lr"] for row in read_log("log.jsonl") if row["event"] == "step"]
    assert rates[0] == pytest.approx(rates[1] / 2)  # of steps 10 and 20, still on the way up
    assert max(rates) > rates[1]
