"""What a run of translate leaves to its pairs: the network grows with them and with the time that it has."""

from dataclasses import replace

import pytest

from rnn_cli import Settings
from rnn_cli.network.inputs import ONE_HOT_UP_TO
from rnn_cli.runs.tasks.pair_choices import MOST_TIMES, USUAL_PAIRS, hidden_for, suited, usual_epochs

LETTERS = [f"{'abcd'[k % 4]} {'abcd'[k // 4]}\t{'abcd'[k // 4]} {'abcd'[k % 4]}" for k in range(16)]
WORDS = [f"w{k} w{k + 1}\tv{k} v{k + 1}" for k in range(ONE_HOT_UP_TO + 1)]


@pytest.fixture
def begun(trains):
    """Make a function from lines to the run that trains on them, which has done one step."""

    def call(lines, **settings):
        usual = {"task": "translate", "tokenizer": "space", "threads": 1, "valid_fraction": 0.0}
        return trains(**usual)(lines, stop_after=1, **settings).run

    return call


def test_the_hidden_size_grows_with_the_pairs_up_to_a_bound():
    sizes = [hidden_for(pairs, 128) for pairs in (100, USUAL_PAIRS, 2 * USUAL_PAIRS, 10**6, 10**8)]
    assert sizes == sorted(sizes)
    assert sizes[0] == sizes[1] == 128 < sizes[2] < sizes[3]
    assert sizes[3] == sizes[4] == MOST_TIMES * 128


def test_few_tokens_enter_as_they_are_and_many_through_embeddings(begun):
    letters, words = begun(LETTERS).network, begun(WORDS, min_count=1).network
    assert (letters.encoder.embedding, letters.decoder.embedding) == (0, 0)
    assert words.encoder.embedding > 0
    assert words.decoder.tie


def test_an_embedding_that_is_asked_for_is_there(begun):
    network = begun(LETTERS, embedding=8).network
    assert (network.encoder.embedding, network.decoder.tie) == (8, True)
    network = begun(WORDS, min_count=1, embedding=0, hidden=8).network
    assert (network.encoder.embedding, network.decoder.tie) == (0, False)


def test_much_time_makes_a_larger_network_and_little_a_smaller_one(begun):
    run = begun(LETTERS)
    asked = Settings(task="translate", corpus=["p.tsv"], tokenizer="space", threads=1, valid_fraction=0.0)
    usual = run.network.decoder.n
    sizes = {}
    for share in (1 / 16, 1, 16):
        fitted = suited(replace(run, planned=share * usual_epochs(run)), asked)
        sizes[share] = fitted.network.decoder.n
        assert fitted.settings.hidden == sizes[share]
        cost = fitted.recipe.epochs * fitted.flops
        assert cost == pytest.approx(share * usual_epochs(run) * run.flops)
    assert sizes == {1 / 16: usual // 2, 1: usual, 16: 2 * usual}
    asked = replace(asked, hidden=usual)
    assert suited(replace(run, planned=16.0 * usual_epochs(run)), asked).network.decoder.n == usual
