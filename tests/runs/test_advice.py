"""What a person is told of a text before a model is trained on it: only what is so, and can be taken."""

import shlex
from itertools import product

import pytest

WORDS = ["我", "你", "他们", "昨天", "今天", "上学", "迟到", "看书", "喜欢"]
FRENCH = ["le chat est sur la table", "le chien dort bien"] * 12


def warnings(said):
    return [line.removeprefix("rnn: warning: ") for line in said.err.splitlines() if "warning" in line]


@pytest.fixture
def look(rnn):
    """Train for one epoch, and nothing said but warnings; -> those."""

    def call(*arguments):
        return warnings(rnn("train", *arguments, "--hidden", "8", "--epochs", "1", "--quiet"))

    return call


def test_a_text_of_which_all_is_well_is_not_spoken_of(look, corpus, write, chinese):
    assert look(corpus) == []
    write("chinese.txt", chinese)
    assert look("chinese.txt", "--model", "c.npz") == []


def test_words_that_leave_much_unknown_are_told_with_the_command_that_reads_characters(look, rnn, write):
    lines = [f"w{k} w{k + 1} w{k + 2}" for k in range(0, 900, 3)]
    write("rare.txt", [*lines, *["common words here"] * 60])
    [warning] = look("rare.txt", "--seed", "3", "--model", "some model.npz")
    what, _, command = warning.partition(" is: ")
    assert "text is unknown; split into characters, less of it" in what
    assert "--tokenizer char" in command
    assert "--seed 3" in command
    assert command.startswith("rnn train rare.txt ")
    assert warnings(rnn(*shlex.split(command)[1:], "--quiet")) == []  # it can be given as it stands


def test_a_text_that_is_split_already_is_told_with_the_command_that_reads_it_so(look, rnn, write):
    write("split.txt", [" ".join(words) for words in product(WORDS, repeat=3)])
    [warning] = look("split.txt")
    what, _, command = warning.partition(", with spaces: ")
    assert what == "the text looks split into words already"
    assert "--tokenizer space" in command
    assert warnings(rnn(*shlex.split(command)[1:], "--quiet")) == []


def test_a_validation_text_in_another_language_is_told_as_that(look, corpus, write):
    write("french.txt", FRENCH)
    [warning] = look(corpus, "--valid", "french.txt")
    what, _, why = warning.partition(": ")
    assert what == "100% of french.txt is unknown, and 0% of corpus.txt"
    assert why == "it seems to be in another language, or in another encoding"


@pytest.mark.parametrize(
    ("options", "way", "no_way"),
    [
        (["-t", "char", "--min-count", "30"], "--min-count 1", "--tokenizer char --tokenizer"),
        (["-t", "char", "--max-size", "5"], "--max-size 100000", "--min-count"),
        (["-t", "space", "--min-count", "13"], "--tokenizer char", "--max-size"),
    ],
)
def test_the_way_out_is_one_that_helps(options, way, no_way, look, corpus):
    [warning] = look(corpus, *options)
    assert way in warning
    assert no_way not in warning


def test_there_is_no_way_out_where_there_is_none(look, corpus, write):
    write("kana.txt", ["あいうえお" * 4 + "Anna sees the bread." * 3])
    [warning] = look(corpus, "-t", "char", "--valid", "kana.txt")
    assert "does not occur in the training text" in warning
    assert "--" not in warning


def test_a_text_that_the_model_to_begin_from_does_not_know_is_told_with_the_command_that_adds_it(
    look, rnn, corpus, write
):
    look(corpus, "-t", "char", "--model", "first.npz")
    write("chinese.txt", ["我喜欢看书。"] * 30)
    [warning] = look("chinese.txt", "--init", "first.npz", "--model", "second.npz")
    what, _, command = warning.partition(" by ")
    assert what.endswith("% of the text is unknown; its tokens are added to the vocabulary")
    assert command.startswith("rnn train chinese.txt ")
    assert "--grow" in command
    assert warnings(rnn(*shlex.split(command)[1:], "--quiet")) == []


def test_what_growing_does_not_help_is_told_with_a_vocabulary_of_its_own(look, corpus, write):
    look(corpus, "-t", "char", "--model", "first.npz")
    write("chinese.txt", ["我喜欢看书。"] * 30)
    begun = ("--init", "first.npz", "--model", "second.npz")
    [grown_too_little] = look("chinese.txt", *begun, "--grow", "--max-size", "1")
    [only_validation] = look(corpus, *begun, "--valid", "chinese.txt", "--force")
    assert "without --init the model has a vocabulary of its own" in grown_too_little
    assert "--grow" not in grown_too_little
    assert "--grow" not in only_validation


def test_a_learning_rate_of_nothing_is_spoken_of(look, corpus):
    [warning] = look(corpus, "-t", "char", "--lr", "0")
    assert "nothing is learned" in warning
