"""What commands print with --json: one object on one line, with the number of its schema."""

import json
import re

import numpy as np
import pytest

from rnn_cli import LanguageModel, Settings, Trainer
from rnn_cli.runs import paths
from rnn_cli.version import VERSION

EVERY = {
    "vocab": ["vocab", "corpus.txt", "-t", "char"],
    "vocab, cut": ["vocab", "corpus.txt", "-t", "char", "--cut", "a book"],
    "train": ["train", "corpus.txt", "-t", "char", "-n", "4", "-e", "1", "--model", "new.npz", "-q"],
    "plan": ["train", "corpus.txt", "-t", "char", "-n", "4", "--plan", "-q"],
    "sample": ["sample", "--model", "m.npz", "--seed", "1"],
    "next": ["next", "--model", "m.npz", "a"],
    "score": ["score", "--model", "m.npz", "corpus.txt"],
    "info": ["info", "m.npz"],
    "cache": ["cache"],
    "cache, cleared": ["cache", "--clear"],
    "gradcheck": ["gradcheck", "--cell", "tanh", "--layers", "1", "--embedding", "0", "--output", "softmax"],
    "bench": ["bench", "--hidden", "4", "--vocab", "9", "--seconds", "0.1"],
}


@pytest.fixture
def printed(rnn):
    """The one object that a command prints."""

    def call(*command, status=0):
        said = rnn(*command, "--json", status=status)
        assert re.fullmatch(r"\{.*\}\n", said.out)
        value = json.loads(said.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert value["schema"] == 1
        return value

    return call


@pytest.mark.parametrize("name", EVERY)
def test_every_command_with_figures_prints_one_object_with_its_schema(name, printed, corpus, models):
    LanguageModel.load(models["char"]).save("m.npz")
    assert len(printed(*EVERY[name])) > 1


def test_the_figures_of_vocab_are_those_of_its_table(printed, rnn, corpus, english):
    said, table = printed("vocab", corpus, "-t", "space"), rnn("vocab", corpus, "-t", "space").out
    words = [word for line in english for word in line.split()]
    assert (said["lines"], said["tokens"], said["types"]) == (len(english), len(words), len(set(words)))
    assert said["characters"] == sum(len(line) + 1 for line in english)
    assert said["m"] == said["vocabulary"] + 3
    assert f"{1 - said['unknown'] / said['tokens']:.2%}" in table
    for share, types in said["types_needed"].items():
        assert re.search(rf"^ *{share} % +{types}$", table, re.MULTILINE)


def test_a_text_is_cut_into_its_tokens(printed, corpus, english):
    said = printed("vocab", corpus, "-t", "char", "--cut", "a Q\nbo")
    occurs = "".join(english).count
    assert [[(row["token"], row["occurs"]) for row in unit] for unit in said["units"]] == [
        [("a", occurs("a")), (" ", occurs(" ")), ("Q", 0)],
        [("b", occurs("b")), ("o", occurs("o"))],
    ]
    assert said["units"][0][2]["id"] == 2


def test_the_cache_is_listed_and_cleared(printed, corpus, rnn, cache_folder):
    rnn("vocab", corpus, "-t", "char")
    (text,) = printed("cache")["texts"]
    assert (text["files"], text["tokenizer"]) == ([corpus], "char")
    folder = cache_folder / text["key"]
    assert text["bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    (folder / "header.json").write_text("damaged")
    (text,) = printed("cache")["texts"]
    assert (text["files"], text["tokenizer"]) == (None, None)
    assert printed("cache", "--clear") == {
        "schema": 1,
        "folder": str(cache_folder),
        "deleted_bytes": text["bytes"],
    }
    assert printed("cache")["texts"] == []


def test_each_row_of_gradcheck_is_there_and_its_verdict(printed, rnn, monkeypatch):
    command = EVERY["gradcheck"]
    said, table = printed(*command, "--arrays"), rnn(*command, "--arrays").out
    assert said["ok"] is True
    assert all(row["ok"] for row in said["rows"])
    rows = table.splitlines()[1:]
    assert [row.split()[6] for row in rows] == [row["array"] for row in said["rows"]]
    monkeypatch.setattr("rnn_cli.cli.commands.gradcheck.check_sequences", None)  # these are not of sequences
    monkeypatch.setattr("rnn_cli.network.gradcheck.TOLERANCE", 1e-30)
    assert printed(*command, status=1)["ok"] is False


def test_train_prints_what_it_came_to(printed, corpus, tiny, read_npz, read_log):
    command = ["train", corpus, *tiny, "--model", "m", "-q", "--log", "log.jsonl"]
    said = printed(*command)
    position, (end,) = read_npz("m.state.npz").header["position"], read_log("log.jsonl", "end")
    assert said["reason"] == end["reason"] == "done"
    assert (said["epochs"], said["steps"], said["tokens"]) == (2, position["step"], position["tokens"])
    assert (said["best_epoch"], said["best_loss"]) == (position["best_epoch"], position["best_loss"])
    assert (said["best_loss"], said["best_bpc"]) == (end["valid_loss"], end["valid_bpc"])
    assert [said["train_loss"], said["valid_loss"]] == position["curve"][-1]
    assert said["model"].endswith("m.npz")
    again = printed("train", "--resume", "--model", "m", "-q")
    assert again["reason"] == "nothing left to do"


def test_train_without_validation_has_no_figure_of_it(printed, corpus, tiny):
    said = printed("train", corpus, *tiny, "--valid-fraction", "0", "-q")
    assert (said["valid_loss"], said["best_bpc"]) == (None, None)
    assert said["best_loss"] > 0


def test_train_says_that_it_diverged(rnn, corpus):
    network = ["-t", "char", "--preset", "tanh", "-n", "8", "--cell", "relu", "--max-rollbacks", "0"]
    recipe = ["--lr", "1000", "--clip", "0", "--optimizer", "sgd", "--schedule", "constant", "--epochs", "3"]
    said = rnn("train", corpus, *network, *recipe, "--json", "-q", status=3)
    assert json.loads(said.out)["reason"] == "diverged"


def test_the_api_says_the_same_and_also_before_the_end(printed, corpus, tiny):
    settings = Settings(corpus=[corpus], tokenizer="char", preset="tanh", hidden=8, epochs=1, seed=0)
    trainer = Trainer.begin(settings, "m.npz")
    assert trainer.outcome()["reason"] == "nothing left to do"
    reasons = {trainer.outcome()["reason"] for _ in trainer}
    assert reasons == {"nothing left to do", "not ended", "done"}
    assert trainer.outcome()["model"] == str(paths.Path("m.npz").absolute())


# Which versions, and which text.


def test_models_and_states_say_their_versions_and_text_and_info_shows_them(
    printed, rnn, corpus, tiny, read_npz
):
    rnn("train", corpus, *tiny, "--model", "m.npz", "-q")
    history, state = printed("info", "m.npz")["history"], read_npz("m.state.npz").header
    assert history["rnn"] == state["rnn"] == VERSION
    assert history["libraries"] == state["libraries"] == {"numpy": np.__version__}
    assert history["text"] == state["fingerprint"]
    shown = rnn("info", "m.npz").out
    assert f"trained     by rnn {VERSION}, numpy {np.__version__}: " in shown
    assert f"text        hash {history['text']}\n" in shown


def test_the_texts_hash_is_of_its_content_and_of_how_it_is_read(printed, rnn, corpus, tiny, write, english):
    def hash_of(*options):
        rnn("train", *tiny, *options, "--model", "m.npz", "--force", "-q")
        return printed("info", "m.npz")["history"]["text"]

    first = hash_of(corpus)
    write("same.txt", english)
    write("valid.txt", english[:3])
    write("other.txt", [*english[:-1], english[-1] + "!"])
    assert hash_of("same.txt", "--seed", "3", "--no-cache") == first
    assert (
        len(
            {
                first,
                hash_of("other.txt"),
                hash_of(corpus, "--valid", "valid.txt"),
                hash_of(corpus, "-t", "space"),
            }
        )
        == 4
    )
