"""Texts of a sentence, of five, of one line train at the first try; and a run goes on with another text."""

import itertools
import re

import pytest

SENTENCE = ["我 昨天 上学 迟到 了"]
FIVE = [
    *SENTENCE,
    "我 今天 上学 没有 迟到",
    "他 昨天 上班 迟到 了",
    "曾经 有 一份 真挚 的 感情",
    "妈妈 喜欢 我",
]
HOW = [(), ("-t", "space"), ("-t", "char")]


def losses(said):
    return [float(loss) for loss in re.findall(r"train (\d+\.\d+)", said.err)]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("lines", [SENTENCE, FIVE])
def test_some_sentences_are_learned_at_the_first_try(lines, how, rnn, write, read_npz):
    write("text.txt", lines)
    said = rnn("train", "text.txt", *how)
    assert "0 of them unknown" in said.err
    assert "a text this small is only memorized" in said.err
    found = losses(said)
    lowest = found[-1]
    assert lowest < 0.4
    assert all(later <= sooner + 0.02 for sooner, later in itertools.pairwise(found[3:])), found
    assert len(found) <= 30  # of hundreds of epochs
    assert sum(array.size for array in read_npz("model.npz").arrays.values()) < 25_000
    drawn = rnn("sample", "--num", "20", "--seed", "1").out.splitlines()
    assert set(drawn) <= set(lines)


MANY = ["The kettle is behind the blue door.", "Saturday is for sharpening knives.", "Mia counts the keys."]


@pytest.mark.parametrize("task", [None, "classify"])
@pytest.mark.parametrize(
    ("rows", "options", "holds_out"),
    [(40, [], False), (50, [], True), (40, ["--valid-fraction", "0.2"], True)],
    ids=["few", "enough", "asked for"],
)
def test_of_few_lines_some_are_held_out_only_where_that_is_asked_for(
    task, rows, options, holds_out, rnn, write
):
    """Two lines would choose the epoch that is kept by chance."""
    lines = [f"{MANY[k % 3]} {k}" for k in range(rows)]
    write("text.txt", [f"{line}\t{'yn'[k % 2]}" for k, line in enumerate(lines)] if task else lines)
    given = ["--hidden", "4", "--epochs", "1", *(["--task", task] if task else [])]
    assert ("to validate on" in rnn("train", "text.txt", *given, *options).err) == holds_out


def test_a_line_without_an_end_is_parted_to_validate_on_a_stretch_of_it(rnn, folder, read_npz):
    line = "the cat sees a dog and the dog sees a cat near the long road " * 60
    (folder / "line.txt").write_text(line, encoding="utf-8")
    said = rnn("train", "line.txt", "-t", "char", "--epochs", "3", "--hidden", "16", "--log", "log.jsonl")
    sizes = re.search(r"1 lines?, ([\d,]+) tokens.*\nand ([\d,]+) tokens to validate on", said.err)
    assert "memorized" not in said.err
    learned, validated = (int(size.replace(",", "")) for size in sizes.groups())
    assert learned + validated == len(line)
    assert 0.08 < validated / len(line) < 0.12
    assert read_npz("model.npz").header["history"]["epochs"][0]["valid_loss"] > 0
    assert rnn("score", "line.txt", "--json").out


def test_a_line_is_resumed_as_any_text(rnn, folder, read_npz):
    (folder / "line.txt").write_text("a stitch in time saves nine, " * 80, encoding="utf-8")
    tiny = ("--tokenizer", "char", "--hidden", "8", "--quiet")
    rnn("train", "line.txt", *tiny, "--epochs", "4", "--model", "whole.npz")
    rnn("train", "line.txt", *tiny, "--epochs", "2", "--schedule", "constant", "--model", "a.npz")
    rnn("train", "line.txt", *tiny, "--epochs", "3", "--schedule", "constant", "--model", "b.npz")
    rnn("train", "--resume", "--model", "a.npz", "--epochs", "3", "--quiet")
    ours, theirs = (read_npz(name).arrays for name in ("a.npz", "b.npz"))
    assert ours.keys() == theirs.keys()


EASY = ["the cat sat"] * 60
PLAIN = ["dogs and roads near quiet houses", "some roads lead to long houses", "quiet dogs sleep"] * 20


def test_what_is_learned_of_another_text_is_kept_though_its_loss_is_higher(rnn, write, read_npz):
    """The best loss on the old text is no measure for the new one, nor is its patience."""
    write("easy.txt", EASY)
    write("plain.txt", PLAIN)
    recipe = ("-t", "char", "--preset", "tanh", "--hidden", "24", "--model", "m.npz")
    rnn("train", "easy.txt", *recipe, "--epochs", "12", "--quiet")
    easy = read_npz("m.npz")
    said = rnn("train", "plain.txt", "--resume", "--force", "--epochs", "30", "--model", "m.npz")
    assert "not the text" in said.err
    assert "done after" in said.err
    plain = read_npz("m.npz")
    assert plain.header["history"]["loss"] > easy.header["history"]["loss"]
    assert plain.header["history"]["epoch"] > 12
    assert any((plain.arrays[name] != easy.arrays[name]).any() for name in easy.arrays)


def test_a_place_in_the_epoch_of_another_text_is_forgotten(rnn, write, read_log):
    write("easy.txt", EASY)
    write("short.txt", ["a cat sat"] * 20)
    recipe = (
        "-t",
        "char",
        "--preset",
        "tanh",
        "--hidden",
        "8",
        "--batch",
        "2",
        "--bptt",
        "8",
        "--model",
        "m.npz",
    )
    rnn("train", "easy.txt", *recipe, "--epochs", "2", "--quiet")
    rnn(
        "train",
        "short.txt",
        "--resume",
        "--force",
        "--epochs",
        "3",
        "--model",
        "m.npz",
        "--log",
        "l.jsonl",
        "-q",
    )
    [row] = read_log("l.jsonl", "valid")
    assert row["epoch"] == 3
    assert 0 < row["train_loss"] < 10
