"""Models of tags, of translations and of text from labels, step by step."""

import numpy as np
import pytest

from rnn_cli.errors import UsageError
from rnn_cli.models.conditional import Conditional
from rnn_cli.models.encoded.sentences import LONGEST
from rnn_cli.models.looking.language import Asked
from rnn_cli.models.looking.look import look
from rnn_cli.models.tagger import Tagger
from rnn_cli.models.translator import Translator
from rnn_cli.network.conditional import Conditional as ConditionalNetwork
from rnn_cli.network.conditional import Guided
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder
from rnn_cli.network.network import Network
from rnn_cli.network.tagger import Tagger as TaggerNetwork
from rnn_cli.text.features import Affixes
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.pairs.labels import Labels
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary


def lexicon(tokens, tokenizer="char"):
    return Lexicon(TOKENIZERS[tokenizer], Vocabulary(tuple(tokens), (1,) * len(tokens)), Spelling({}))


def tagger():
    affixes, words = Affixes(2, 64), lexicon(("the", "cat", "sees"), "space")
    network = TaggerNetwork(Encoder(6, 4, "gru", 1, 5, True, beside=4), 3, affixes.buckets, affixes.count)
    p = network.initialise(np.random.default_rng(0), np.ones(3))
    return Tagger(words, network, p, Labels(("N", "V", "D"), (1, 1, 1)), affixes)


def test_tags_are_shown_with_their_probabilities():
    model = tagger()
    text = "the cat " * (LONGEST // 2 + 5) + "sees me"  # read in two parts
    (part,), (said,) = look(model, text), model.predict([text])
    assert (part.tokens, part.targets) == (said.tokens, said.tags)
    assert [row.likeliest[0] for row in part.rows()] == [
        (tag, pytest.approx(p, rel=1e-5)) for tag, p in zip(said.tags, said.p, strict=True)
    ]
    assert part.ids[-2:] == [5, 2]
    assert {s.shape for s in part.states.values()} == {(len(said.tokens), 4)}
    assert part.cost is None
    (first,) = look(model, " ".join(text.split()[: len(said.tokens) // 2]))  # its first part alone
    for name, s in first.states.items():
        np.testing.assert_allclose(part.states[name][: len(s)], s, rtol=1e-4, atol=1e-6)


def test_a_translation_is_shown_as_it_is_read_and_written():
    source, target = lexicon("abcd "), lexicon("wxyz")
    decoder = Network(target.vocabulary.size, 8, "lstm", embedding=8, tie=True)
    network = EncoderDecoder(Encoder(source.vocabulary.size, 6, "gru", 1, 5, True), decoder)
    p = network.initialise(np.random.default_rng(5), np.ones(target.vocabulary.size))
    for name in ("V_dec", "A", "K"):  # so that it writes until it may not be longer
        p[name] *= 6
    model = Translator(source, target, network, p, 1.5)
    of_source, of_target = look(model, "abca")
    (said,) = model.predict(["abca"], align=True)
    assert (of_source.name, of_source.tokens) == ("source", list("abca"))
    assert len({*said.targets[0].tokens}) > 1
    assert of_target.tokens == ["<start>", *said.targets[0].tokens]
    assert of_target.nats[:-1].sum() == pytest.approx(-said.targets[0].log_p, rel=1e-4)
    np.testing.assert_allclose(of_target.attention[:-1], said.targets[0].alignment, rtol=1e-4)
    assert [len(row.attention) for row in of_target.rows()] == [4] * len(of_target.tokens)
    assert len([*look(model, "ab\n\ncd")]) == 4
    assert [*look(model, "")] == []


def test_a_text_of_a_label_is_read_from_its_own_first_state():
    network = ConditionalNetwork(Guided(7, 4, "gru", beside=3), 2)
    p = network.initialise(np.random.default_rng(0), np.ones(7))
    model = Conditional(lexicon("abcd"), network, p, Labels(("x", "y"), (1, 1)))
    found = {}
    for label in "xy":
        (part,) = look(model, "abc", Asked(gradients=True, numbers=True, label=label))
        assert part.nats == pytest.approx(model.of(label).score(["abc"]).lines[0].nats, rel=1e-5)
        found[label] = part.nats.sum()
    assert found["x"] != found["y"]
    with pytest.raises(UsageError, match="--label"):
        look(model, "abc")
