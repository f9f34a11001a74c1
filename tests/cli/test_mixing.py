"""Mixtures from the command line: `rnn score`, `next` and `sample` with several models and n-grams."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from rnn_cli.models.language_model import LanguageModel

TEXT = ["Anna reads the book.", "Mia likes the bread.", "Tom reads."]


@pytest.fixture
def two(models, folder, write):
    """The options that name two models of one vocabulary; and texts."""
    one = LanguageModel.load(models["char"])
    rng = np.random.default_rng(0)
    other = {
        name: array + rng.normal(0, 0.5, array.shape).astype(np.float32) for name, array in one.p.items()
    }
    one.save("one.npz")
    replace(one, p=other).save("other.npz")
    write("text.txt", TEXT)
    return ["--model", "one.npz", "--model", "other.npz"]


def scored(rnn, *arguments):
    return json.loads(rnn("score", "text.txt", *arguments, "--json").out)


def test_a_mixture_stands_before_its_parts(rnn, two):
    parts = [scored(rnn, "--model", name) for name in ("one.npz", "other.npz")]
    said = rnn("score", "text.txt", *two, "--mix", "--weights", "3,1")
    assert "mixture: 0.750 one.npz, 0.250 other.npz" in said.err
    head, nats = (line.split() for line in said.out.splitlines()[4:6])
    assert head == ["mixture", "one.npz", "other.npz"]
    assert nats[2:] == [f"{part['nats']:,.3f}" for part in parts]
    mixed = scored(rnn, *two, "--mix", "--weights", "3,1")
    assert float(nats[1].replace(",", "")) == pytest.approx(mixed["nats"], abs=1e-3)
    assert [row["weight"] for row in mixed["mixture"]] == [0.75, 0.25]
    assert mixed["nats"] < 0.75 * parts[0]["nats"] + 0.25 * parts[1]["nats"]  # as -log is convex


def test_a_token_of_a_mixture_has_the_mean_of_its_probabilities(rnn, two):
    def nats(*models):
        rows = rnn("score", "text.txt", *models, "--per-token", "--json").out.splitlines()
        return [json.loads(row)["nats"] for row in rows]

    one, other = nats("--model", "one.npz"), nats("--model", "other.npz")
    expected = [-math.log((math.exp(-a) + math.exp(-b)) / 2) for a, b in zip(one, other, strict=True)]
    assert nats(*two, "--mix") == pytest.approx(expected)


def test_weights_are_found_on_a_text(rnn, two):
    one = scored(rnn, "--model", "one.npz")
    mixed = scored(rnn, *two, "--mix", "--valid", "text.txt", "--baseline", "text.txt")
    names, weights = zip(*((row["name"], row["weight"]) for row in mixed["mixture"]), strict=True)
    assert names == ("one.npz", "other.npz", "Kneser-Ney, order 5")
    assert sum(weights) == pytest.approx(1)
    assert mixed["nats"] <= min(one["nats"], mixed["baseline"]["nats"]) + 1e-3


def test_next_and_sample_take_a_mixture(rnn, two):
    said = rnn("next", "Ann", *two, "--mix", "--weights", "0,1", "--top", "3")
    assert said.out == rnn("next", "Ann", "--model", "other.npz", "--top", "3").out
    said = rnn(
        "sample", *two, "--mix", "--baseline", "text.txt", "--weights", "0,0,1", "--num", "5", "--seed", "1"
    )
    assert "Mia likes the" in said.out  # the n-grams know no other way to begin so


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--model", "other.npz"], "several --model need --mix"),
        (["--mix"], "--mix needs something to mix with"),
        (["--weights", "1,1"], "--weights needs --mix"),
        (["--model", "one.npz", "--mix"], "named twice"),
        (["--model", "other.npz", "--mix", "--weights", "1"], "it has 1, but 2 predictions are mixed"),
        (["--model", "other.npz", "--mix", "--weights", "1,2", "--valid", "text.txt"], "exclude each other"),
        (["--model", "other.npz", "--mix", "--compare", "other.npz"], "exclude each other"),
    ],
)
def test_what_is_no_mixture_is_refused(fails, two, options, told):
    assert told in fails(2, "score", "text.txt", "--model", "one.npz", *options)


def test_models_of_other_vocabularies_are_refused(fails, two, models):
    assert "its vocabulary differs" in fails(
        1, "score", "text.txt", "--model", "one.npz", "--model", models["gru"], "--mix"
    )
    assert "splits text differently" in fails(
        1, "next", "a", "--model", "one.npz", "--model", models["space"], "--mix"
    )
