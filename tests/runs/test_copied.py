"""At its end a run says what its samples copy from the text that it learned."""

import re

import numpy as np
import pytest

from rnn_cli import LanguageModel, Settings, Trainer
from rnn_cli.runs import copied
from rnn_cli.scoring.copying import CLAUSE
from tests.conftest import ENGLISH, TUTORIAL

LINES = [f"{line[:-1]}, and {other.lower()}" for line in ENGLISH for other in ENGLISH[::7]]


@pytest.fixture
def trained(folder, cache_folder):
    """Train on LINES; return the trainer, at its end."""

    def call(lines=LINES, **settings):
        (folder / "t.txt").write_text("\n".join(lines) + "\n")
        usual = {"tokenizer": "char", "preset": "tanh", "hidden": 16, "epochs": 6, "threads": 1}
        trainer = Trainer.begin(Settings(corpus=["t.txt"], **usual | settings), "m.npz")
        for _ in trainer:
            pass
        return trainer

    return call


@pytest.mark.parametrize("tokenizer", ["char", "jieba", "space"])
def test_it_is_what_a_search_in_the_text_finds(trained, tokenizer):
    """Counted here by `in`, on the text as it was written."""
    trainer = trained(tokenizer=tokenizer)
    found = trainer.copied()
    model = LanguageModel.load("m.npz")
    samples = model.sample(num=copied.SAMPLES, length=copied.TOKENS, seed=trainer.run.seed)
    held_out = {tuple(line) for line in lines_of(trainer.run.data.valid, trainer)}
    text = "".join(line + "\n" for line in LINES if tuple(line) not in held_out)
    clauses = [clause.strip() for sample in samples for clause in CLAUSE.findall(sample) if clause.strip()]
    runs = [s[a:b] for s in samples for a in range(len(s)) for b in range(a + 1, len(s) + 1)]
    assert found.clauses == len(clauses)
    assert found.copied == sum(clause in text for clause in clauses)
    assert len(found.run) == max(len(run) for run in runs if run in text)
    assert found.run in text


def lines_of(part, trainer):
    return copied._lines(trainer.run.data.lexicon, part)


def test_an_unknown_word_is_no_part_of_a_copy(trained):
    trainer = trained(tokenizer="space", lines=[*LINES, "Tom sees what nobody else has seen before"] * 2)
    part = trainer.run.data.train
    unknown = {token for line in lines_of(part, trainer) for token in line.split() if copied.NO_TEXT in token}
    assert bool(unknown) == (part.unknown > 0)
    assert all(copied.NO_TEXT not in sample for sample in LanguageModel.load("m.npz").sample(num=20, seed=1))


def test_of_a_long_text_the_first_part_is_compared(trained, monkeypatch):
    trainer = trained()
    all_of_it = trainer.copied()
    monkeypatch.setattr(copied, "COMPARED", 40)
    assert len(trainer.copied().run) <= 40
    assert trainer.copied().copied < all_of_it.copied


def test_of_a_tiny_text_there_is_nothing_to_say(trained):
    assert trained(lines=ENGLISH[:5]).copied() is None


def test_a_state_that_overflows_is_no_reason_to_fail(trained, monkeypatch):
    trainer = trained(cell="relu")
    model = LanguageModel.load("m.npz")
    model.p["W"][:] = np.eye(16, dtype=np.float32) * 1e20
    model.p["b_a"][:] = 1e20
    monkeypatch.setattr(LanguageModel, "load", lambda path: model)
    assert trainer.copied() is None


@pytest.mark.parametrize(("options", "is_said"), [((), True), (("--quiet",), False)])
def test_it_is_the_last_line_but_one_of_training(rnn, folder, options, is_said):
    (folder / "t.txt").write_text("\n".join(LINES) + "\n")
    said = rnn("train", "t.txt", "-t", "char", *TUTORIAL, "--hidden", 8, "--epochs", 1, *options).err
    copied = r"copied from the training text: [\d,]+ of [\d,]+ clauses?; the longest copy has \d+ char"
    line = rf"of 20 samples, {copied}.*: .*\n"
    assert bool(re.search(line + r"try: rnn sample --model model.npz\n\Z", said)) == is_said
