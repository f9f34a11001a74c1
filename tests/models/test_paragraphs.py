"""A model of paragraphs: one sample is one of them, with its lines."""

import pytest

from rnn_cli.models.language_model import LanguageModel
from rnn_cli.text.vocabulary import START

POEMS = ["Roses are red,\nviolets blue.", "Sugar is sweet,\nand so are you,\nand so am I."]


@pytest.fixture(params=["char", "jieba", "space"])
def model(request, folder, cache_folder, rnn):
    (folder / "poems.txt").write_text("\n\n".join(POEMS * 3), "utf-8")
    rnn("train", "poems.txt", "-t", request.param, "--unit", "paragraph", "--epochs", "60", "--quiet")
    return LanguageModel.load("model.npz")


def test_samples_are_paragraphs_with_a_blank_line_between(model, rnn):
    written = rnn("sample", "--num", "12", "--seed", "1", "--temperature", "0.3").out
    samples = written.removesuffix("\n").split("\n\n")
    assert len(samples) == 12
    learned = sum(sample in POEMS for sample in samples)
    assert learned >= 9, samples
    assert rnn("sample", "--seed", "1", "--temperature", "0").out.removesuffix("\n") in POEMS


def test_a_prompt_of_several_lines_is_the_beginning_of_one_paragraph(model):
    tokens = model.lexicon.tokenizer.split(POEMS[0])
    assert model.encode(POEMS[0]).tolist() == [START, *model.lexicon.vocabulary.encode(tokens)]
    assert (model.encode("Sugar\n\nRoses") == START).sum() == 2
    first, _ = POEMS[0].split("\n")
    assert model.sample(f"{first}\n", temperature=0.0) == [POEMS[0]]
    assert "\n" in dict(model.next(first, top=2))
