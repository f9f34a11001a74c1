"""A run on several ranks has the bits of one with as many threads."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from launch import assert_same_bits, ended, start

WORDS = ("bird", "book", "river", "lamp", "friend", "reads", "finds", "likes", "has", "a", "the")
SMALL = ["--seed", "5", "--epochs", "1", "--hidden", "12", "--batch", "19", "--force"]
WAYS = {
    "characters": "t.txt -t char --cell gru --dropout 0.2",
    "carried": "t.txt -t char --cell lstm --layers 2 --carry-state --dropout 0.1 --variational",
    "words": "t.txt -t space --cell tanh --no-tie --embedding 0 --optimizer sgd --lr 0.5",
    "large": "many.txt -t space --cell relu --no-tie --embedding 0 --min-count 1 --batch 33",
    "embedded": "many.txt -t space --cell gru --embedding 10 --min-count 1 --output adaptive",
    "labels": "pairs.tsv --task classify --class-weight balanced -t space",
}
RANKS = {"characters": 3, "carried": 4, "words": 2, "large": 3, "embedded": 3, "labels": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the models of all ways, by ranks and by threads: a process of Python trains several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("bits"))
        write_texts()
        commands = [
            [*words.split(), *SMALL, "--quiet", "--model", f"{way}-ranks", "--threads", 1]
            for way, words in WAYS.items()
        ]
        for size in (2, 3, 4):
            of_size = [words for words, (way, P) in zip(commands, RANKS.items(), strict=True) if size == P]
            assert "error" not in ended(start(size, *of_size))[0]
        threads = [
            [*words[:-3], f"{way}-threads", "--threads", P]
            for words, (way, P) in zip(commands, RANKS.items(), strict=True)
        ]
        assert "error" not in ended(start(1, *threads))[0]
        yield Path.cwd()


def write_texts():
    words = random.Random(0)
    ends = ["", "", "s", *"äöü"]
    lines = [" ".join(words.choice(WORDS) + words.choice(ends) for _ in range(7)) for _ in range(90)]
    rare = [f"{k}er {k}en {k}e" for k in range(700)]
    Path("t.txt").write_text("".join(f"{line}\n" for line in lines))
    Path("many.txt").write_text("".join(f"{line}\n" for line in lines + rare))
    Path("pairs.tsv").write_text("".join(f"{line}\t{'yes' if 'bird' in line else 'no'}\n" for line in lines))


@pytest.mark.parametrize("way", WAYS)
def test_the_same_bits_as_with_threads(way, folder):
    assert_same_bits(folder / f"{way}-ranks", folder / f"{way}-threads")


@pytest.mark.parametrize("way", ["characters", "embedded"])
def test_windows_that_are_accumulated_are_a_batch_of_as_many_times_the_rows(way, folder, monkeypatch):
    """And the sum of its parts in their order: as of so many threads."""
    monkeypatch.chdir(folder)
    words = [*WAYS[way].split(), *SMALL[:-3], "--force", "--quiet"]
    once = [*words, "--batch", 24, "--threads", 3, "--model", "once"]
    parts = [*words, "--batch", 8, "--accumulate", 3, "--threads", 1, "--model", "parts"]
    ended(start(1, once, parts))
    assert_same_bits("once", "parts")
