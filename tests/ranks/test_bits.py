"""A run on several ranks has the bits of one with as many threads, and the vocabulary of a single process."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from launch import Scene, arrays, assert_same_bits, played, playing, seen

from rnn_cli import storage

WORDS = ("bird", "book", "river", "lamp", "friend", "reads", "finds", "likes", "has", "a", "the")
SMALL = ["--batch", 19, "--seed", 5, "--epochs", 1, "--hidden", 12, "--force", "--no-cache", "--quiet"]
WAYS = {
    "characters": (3, "t.txt -t char --cell gru --dropout 0.2 --dropconnect 0.2 --batch 24"),
    "carried": (4, "t.txt -t char --cell lstm --layers 2 --carry-state --dropout 0.1 --variational"),
    "words": (2, "t.txt -t space --cell tanh --no-tie --embedding 0 --optimizer sgd --lr 0.5"),
    "large": (2, "many.txt -t space --cell relu --no-tie --embedding 0 --min-count 1 --batch 33"),
    "embedded": (3, "many.txt -t space --cell gru --embedding 10 --min-count 1 --output adaptive --batch 24"),
    "labels": (2, "pairs.tsv --task classify --class-weight balanced -t space --metric accuracy"),
}
VOCAB = ["vocab", "many.txt", "t.txt", "-t", "space", "--no-cache", "-o"]
IN_PARTS = ("characters", "embedded")
IN_16_BITS = ("words", "large")


def command(way, model, *more):
    return [*SMALL, *WAYS[way][1].split(), "--model", model, *more]


def on_ranks(size):
    """What so many ranks do in one start."""
    ways = [way for way, (P, _) in WAYS.items() if size == P]
    scenes = {way: Scene(command(way, f"{way}-ranks", "--threads", 1)) for way in ways}
    for way in set(ways) & set(IN_16_BITS):
        scenes[f"{way} of 16"] = Scene(
            [*SMALL[:-1], *WAYS[way][1].split(), "--model", f"{way}-16", "--threads", 1, "--sum-bits", 16]
        )
    if size != 3:
        scenes[f"vocab {size}"] = Scene([*VOCAB, f"v{size}.txt"])
    return scenes


def alone():
    scenes = {way: Scene(command(way, f"{way}-threads", "--threads", P)) for way, (P, _) in WAYS.items()}
    for way in IN_PARTS:
        parts = ["--batch", 8, "--accumulate", 3, "--threads", 1]
        scenes[f"{way} in parts"] = Scene(command(way, f"{way}-parts", *parts))
    return scenes | {"vocab 1": Scene([*VOCAB, "v1.txt"])}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What came of all scenes. The models are in the working folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("bits"))
        patch.setenv("XDG_CACHE_HOME", str(Path.cwd() / "cache"))
        write_texts()
        of_one = alone()
        single, found = playing(1, of_one), {}
        for size in (2, 3, 4):
            found |= played(size, on_ranks(size))
        found |= seen(single, of_one)
        assert {name: each.status for name, each in found.items()} == dict.fromkeys(found, 0), found
        yield found


def write_texts():
    words = random.Random(0)
    ends = ["", "", "s", *"äöü"]
    lines = [" ".join(words.choice(WORDS) + words.choice(ends) for _ in range(7)) for _ in range(90)]
    rare = [f"{k}er {k}en {k}e" for k in range(700)]
    Path("t.txt").write_text("".join(f"{line}\n" for line in lines))
    Path("many.txt").write_text("".join(f"{line}\n" for line in lines + rare))
    Path("pairs.tsv").write_text("".join(f"{line}\t{'yes' if 'bird' in line else 'no'}\n" for line in lines))


@pytest.mark.parametrize("way", WAYS)
def test_the_same_bits_as_with_threads(way, said):
    assert_same_bits(f"{way}-ranks", f"{way}-threads")


def test_all_ranks_have_rows(said):
    """Else ranks would agree that have nothing to sum. A warning says it, in spite of --quiet."""
    assert [name for name, each in said.items() if "ranks will have rows" in each.said] == []


@pytest.mark.parametrize("way", IN_PARTS)
def test_windows_that_are_accumulated_are_a_batch_of_as_many_times_the_rows(way, said):
    """And the sum of its parts in their order: as of so many threads."""
    assert_same_bits(f"{way}-threads", f"{way}-parts")


@pytest.mark.parametrize("size", [2, 4])
def test_the_vocabulary_is_byte_by_byte_that_of_a_single_process(size, said):
    assert Path(f"v{size}.txt").read_bytes() == Path("v1.txt").read_bytes()
    assert said[f"vocab {size}"].said.count("wrote v") == 1


@pytest.mark.parametrize("way", IN_16_BITS)
def test_sums_of_16_bits_are_said_and_change_the_loss_little(way, said):
    """That ranks have the same weights is checked at each save, by rnn itself."""
    assert said[f"{way} of 16"].said.count("gradients travel in 16 bits") == 1
    losses = [
        storage.load(Path(f"{way}-{bits}.state.npz"))[1]["position"]["curve"] for bits in ("16", "ranks")
    ]
    ours, exact = (curve[-1][0] for curve in losses)
    assert ours != exact
    assert ours == pytest.approx(exact, rel=1e-3)
    assert arrays(f"{way}-16.npz") != arrays(f"{way}-ranks.npz")
