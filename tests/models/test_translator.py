"""A model of pairs in memory and in its file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rnn_cli import LanguageModel, RnnError, storage
from rnn_cli.models.encoded.paired import LONGEST, MORE, Search, Sides, search
from rnn_cli.models.loading import load
from rnn_cli.models.translator import ROWS, Translator
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.rows import Rows
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import END, START, UNK, Vocabulary


def lexicon(tokens, tokenizer="char"):
    return Lexicon(TOKENIZERS[tokenizer], Vocabulary(tuple(tokens), (1,) * len(tokens)), Spelling({}))


@pytest.fixture
def model():
    """A model of random weights, which likes to write what it does not know and does not like to end."""
    source, target = lexicon("abcdefgh "), lexicon("wxyz")
    network = EncoderDecoder(
        Encoder(source.vocabulary.size, 6, "gru", 1, 5, True),
        Network(target.vocabulary.size, 8, "gru", embedding=8, tie=True),
    )
    p = network.initialise(np.random.default_rng(0), np.ones(7))
    for name in ("V_dec", "A", "K"):
        p[name] *= 6
    p["b_y_dec"][END] = 1
    return Translator(source, target, network, p, 1.5)


def texts(number):
    rng = np.random.default_rng(1)
    return ["".join(rng.choice(list("abcdefgh "), rng.integers(0, 20))) for _ in range(number)]


@pytest.mark.parametrize("beam", [1, 3])
def test_what_is_made_of_a_source_does_not_depend_on_those_beside_it(model, beam):
    lines = texts(2 * ROWS + 5)
    together = [*model.predict(lines, beam, beam)]
    alone = [next(model.predict([line], beam, beam)) for line in lines]
    for a, b in zip(together, alone, strict=True):
        assert [each.text for each in a.targets] == [each.text for each in b.targets]
        assert [each.log_p for each in a.targets] == pytest.approx([e.log_p for e in b.targets], abs=1e-4)


def test_the_probability_of_a_target_is_what_the_network_gives_it(model):
    (said,) = model.predict(["abcde"], 4, 4)
    assert len(said.targets) > 1
    x = Rows.of(np.array(model.source.vocabulary.encode("abcde")), np.array([5]))
    for target in said.targets:
        y = [*model.target.vocabulary.encode(target.tokens), END]
        pair = Sides(x, Rows.of(np.array(y), np.array([len(y)])))
        total, count = model.nats(pair, np.array([0]))
        assert count == len(y)
        assert target.log_p <= 0
        longest = np.ceil(model.growth * (5 + MORE))
        if len(y) < longest:
            assert -total == pytest.approx(target.log_p, abs=0.3)  # the search excludes START and UNK


def test_a_wider_beam_finds_targets_that_are_at_least_as_likely(model):
    lines = texts(30)
    for narrow, wide in zip(model.predict(lines, 1), model.predict(lines, 8, 8), strict=True):
        assert max(each.log_p for each in wide.targets) >= narrow.targets[0].log_p - 0.5


def test_an_empty_source_has_an_empty_target(model):
    for text in ("", "  "):
        (said,) = model.predict([text], 2, 2)
        assert [each.text for each in said.targets] == [""]
        assert said.is_unknown
        (cost,) = model.score([(text, "")]).nats
        assert said.targets[0].log_p == pytest.approx(-cost)
        assert cost > 0


def test_an_unknown_token_is_copied_and_only_where_the_source_has_one(model):
    model.p["b_y_dec"][UNK] = 30
    known, mixed, unknown = model.predict(["abc", "a漢c", "漢字"], 1)
    assert set(known.targets[0].text) <= set("wxyz")
    assert "漢" in mixed.targets[0].tokens
    assert set(mixed.targets[0].tokens) <= {"漢"}
    assert (known.is_unknown, mixed.is_unknown, unknown.is_unknown) == (False, False, True)
    assert set(unknown.targets[0].tokens) <= {"漢", "字"}


def test_alignments_are_shares_of_the_source_for_each_token(model):
    (said,) = model.predict(["abcde"], 2, 2, align=True)
    for target in said.targets:
        assert target.alignment.shape == (len(target.tokens), 5)
        assert target.alignment.sum(axis=1) == pytest.approx(np.ones(len(target.tokens)), abs=1e-5)
    assert said.source == tuple("abcde")
    (said,) = model.predict(["abcde"])
    assert said.targets[0].alignment is None


def test_a_source_is_read_up_to_a_length(model):
    long = "abcdefgh" * 100
    whole, cut = model.predict([long, long[:LONGEST]], 1)
    assert whole.targets == cut.targets


def test_targets_end_in_time(model):
    model.p["b_y_dec"][END] = -30
    x = np.array([[4], [5]])
    (found,) = search(model.network, model.p, x, np.ones((2, 1), np.float32), Search(2, 2), 1.5)
    assert {len(ids) for ids, _ in found} == {int(np.ceil(1.5 * (2 + MORE)))}


@pytest.mark.parametrize(("beam", "nbest"), [(0, 1), (2, 3), (1, 0)])
def test_numbers_that_make_no_search_are_refused(model, beam, nbest):
    with pytest.raises(ValueError, match="of a beam of"):
        [*model.predict(["a"], beam, nbest)]


def test_a_batch_has_the_target_shifted_beside_itself():
    sides = Sides(
        Rows.of(np.array([3, 4, 5]), np.array([2, 1])),
        Rows.of(np.array([6, END, 7, 8, END]), np.array([2, 3])),
    )
    batch = sides.batch(np.array([0, 1]))
    assert batch.x.T.tolist() == [[3, 4], [5, 0]]
    assert batch.real.T.tolist() == [[1, 1], [1, 0]]
    assert batch.given.T.tolist() == [[START, 6, END], [START, 7, 8]]
    assert batch.y.T.tolist() == [[6, END, END], [7, 8, END]]
    assert batch.weight.T.tolist() == [[1, 1, 0], [1, 1, 1]]
    assert sides.lengths.tolist() == [2, 3]
    assert sides.growth == pytest.approx(max(2 / (2 + MORE), 3 / (1 + MORE)))


def test_a_file_holds_all_of_it(model, tmp_path):
    model.save(tmp_path / "m.npz")
    for again in (Translator.load(tmp_path / "m.npz"), load(tmp_path / "m.npz")):
        assert isinstance(again, Translator)
        assert [*again.predict(texts(20), 2)] == [*model.predict(texts(20), 2)]
        assert again.facts() == model.facts()
        assert again.describe() == model.describe()


def test_a_model_of_another_task_names_the_command_that_reads_it(model, tmp_path):
    model.save(tmp_path / "m.npz")
    with pytest.raises(RnnError, match="a model of pairs: rnn predict, test and score read it"):
        LanguageModel.load(tmp_path / "m.npz")


def of_network(name, value, side="encoder"):
    def change(header):
        header["network"][side][name] = value

    return change


def put(*path):
    *names, last, value = path

    def change(header):
        for name in names:
            header = header[name]
        header[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        of_network("n", True),
        of_network("n", 7),
        of_network("layers", 10**9),
        of_network("bidirectional", 1),
        of_network("m", 5),
        of_network("embedding", -5),
        of_network("n", 9, "decoder"),
        of_network("layers", 10**9, "decoder"),
        of_network("tie", 1, "decoder"),
        of_network("tie", False, "decoder"),
        of_network("m", 8, "decoder"),
        of_network("output", "adaptive", "decoder"),
        put("network", "attention", "bahdanau"),
        put("network", "decoder", []),
        put("network", []),
        put("target", None),
        put("target", "vocabulary", []),
        put("growth", 0),
        put("growth", True),
        put("growth", "1"),
        put("growth", 1e9),
        put("history", []),
        put("version", True),
        lambda header: header.pop("growth"),
        lambda header: header.pop("target"),
    ],
)
def test_a_header_that_lies_is_damaged(model, tmp_path, change):
    arrays, header = model.pack()
    header = json.loads(json.dumps(header))
    change(header)
    storage.save(tmp_path / "m.npz", arrays, header)
    with pytest.raises(RnnError, match=r"m\.npz: damaged: "):
        Translator.load(tmp_path / "m.npz")


def test_arrays_that_are_not_finite_are_damaged(model, tmp_path):
    model.p["K"][0, 0] = np.nan
    model.save(tmp_path / "m.npz")
    with pytest.raises(RnnError, match=r"damaged: K holds values that are not finite"):
        Translator.load(tmp_path / "m.npz")


def test_a_state_that_overflows_is_an_error(model):
    model.p["K"][:] = np.nan
    with pytest.raises(RnnError, match="has overflowed while it wrote"):
        [*model.predict(["abc"])]
    assert np.isnan(model.nats(Sides(*[Rows.of(np.array([4]), np.array([1]))] * 2), np.array([0]))[0])


def test_kept_arrays_are_its_own(model):
    kept = model.kept()
    model.p["K"][:] = 0
    assert kept.p["K"].any()


def test_a_model_equals_what_its_file_holds(model, tmp_path):
    model.save(tmp_path / "m")
    assert Translator.load(tmp_path / "m") == model != replace(model, growth=2.5)
