"""Growing: old tokens keep ids and weights; new ones begin as their mean."""

import numpy as np
import pytest

from rnn_cli.models.growing import grown_lexicon, grown_model
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import SPECIAL, UNK, Vocabulary

TOKENS = tuple("abcdefgh")
OLD = Lexicon(TOKENIZERS["char"], Vocabulary(TOKENS, tuple(range(9, 1, -1))), Spelling.count(["q"]))
TYPES = {"a": 50, "x": 3, "y": 7, "z": 1, "b": 2}
NETWORKS = {
    "one-hot": {},
    "gru of two layers": {"cell": "gru", "layers": 2},
    "embedding": {"embedding": 4},
    "tied": {"embedding": 6, "tie": True},
    "adaptive": {"output": "adaptive", "cutoffs": (5, 8), "cell": "lstm"},
    "adaptive, embedding": {"output": "adaptive", "cutoffs": (6,), "embedding": 4},
    "classes": {"output": "classes", "cutoffs": (5, 8)},
    "classes, tied": {"output": "classes", "cutoffs": (6,), "embedding": 6, "tie": True, "cell": "gru"},
}


@pytest.fixture(params=NETWORKS)
def model(request):
    network = Network(m=OLD.vocabulary.size, n=6, **NETWORKS[request.param])
    rng = np.random.default_rng(1)
    p = {name: rng.normal(size=shape) for name, shape in network.shapes.items()}
    return LanguageModel(OLD, network, network.lay_out(p), True, {"step": 5})


def grow(model, types=TYPES, min_count=2, max_size=100):
    lexicon = grown_lexicon(model.lexicon, types, min_count, max_size)
    counts = np.zeros(lexicon.vocabulary.size, np.int64)
    for token, count in types.items():
        counts[lexicon.vocabulary.ids.get(token, UNK)] += count
    return grown_model(model, lexicon, counts)


def test_new_tokens_come_after_the_old_by_falling_count():
    grown = grown_lexicon(OLD, TYPES, 2, 100)
    assert grown.vocabulary == Vocabulary((*TOKENS, "y", "x"), (*OLD.vocabulary.counts, 7, 3))
    assert grown.grown == (OLD.vocabulary.size,)
    assert grown_lexicon(OLD, TYPES, 1, 1).vocabulary.tokens == (*TOKENS, "y")
    again = grown_lexicon(grown, {"w": 4}, 2, 100)
    assert again.grown == (OLD.vocabulary.size, grown.vocabulary.size)


def test_what_stays_unknown_is_added_to_the_spelling():
    grown = grown_lexicon(OLD, TYPES, 2, 100)
    assert grown.spelling == Spelling.count(["q", "z"])
    assert OLD.spelling == Spelling.count(["q"])


def test_without_a_new_token_nothing_changes(model):
    grown = grow(model, {"a": 5, "z": 1})
    assert grown.lexicon == model.lexicon  # its spelling too: what it costs to spell z stays
    assert all(np.array_equal(grown.p[name], array) for name, array in model.p.items())


def test_a_grown_lexicon_comes_back_from_its_json():
    grown = grown_lexicon(OLD, TYPES, 2, 100)
    assert Lexicon.from_json(grown.to_json()) == grown
    assert "grown" not in OLD.to_json()
    for bad in ([13], [3], [2], [12, 11], [True], ["9"], [1.5], 5, "9"):
        with pytest.raises((TypeError, ValueError)):
            Lexicon.from_json(grown.to_json() | {"grown": bad})


def test_old_tokens_keep_their_weights_and_memory_order(model):
    grown = grow(model)
    for name, old in model.p.items():
        new = grown.p[name]
        kept = new[tuple(slice(length) for length in old.shape)]
        assert np.array_equal(kept, old), name
        assert (new.dtype, new.flags.f_contiguous) == (old.dtype, old.flags.f_contiguous), name
    assert grown.network.m == model.network.m + 2
    assert (grown.carry_state, grown.history) == (model.carry_state, model.history)


def test_a_new_token_enters_as_the_mean_of_the_old(model):
    grown, network = grow(model), model.network
    a = grown.network.input.step(grown.p, np.arange(SPECIAL, SPECIAL + 10))
    first = network.cutoffs[-1] - SPECIAL if network.tie and network.cutoffs else 0  # of the last class
    assert np.allclose(a[8], a[first:8].mean(0), atol=1e-5)
    assert np.allclose(a[9], a[first:8].mean(0), atol=1e-5)


def logits(model, s):
    return OUTPUTS[model.network.output].logits(model.p, s)


def test_a_new_token_is_expected_as_the_mean_of_the_old_and_by_its_frequency(model):
    grown = grow(model)
    s = np.random.default_rng(2).normal(size=(5, 6)).astype(np.float32)
    before, after = logits(model, s), logits(grown, s)
    y, x = after[:, SPECIAL + 8], after[:, SPECIAL + 9]
    assert np.allclose(y - x, np.log(8 / 4), atol=1e-5)
    first = model.network.cutoffs[-1] if model.network.cutoffs else SPECIAL
    old = after[:, first : SPECIAL + 8]
    usual = np.log((np.array(OLD.vocabulary.counts) + 1) / (sum(OLD.vocabulary.counts) + 8))[
        first - SPECIAL :
    ]
    total = sum(TYPES.values()) + 3 + 10
    assert np.allclose(y - old.mean(1), np.log((7 + 1) / total) - usual.mean(), atol=1e-5)
    if not model.network.cutoffs:
        assert np.array_equal(after[:, : SPECIAL + 8], before)


def test_a_grown_model_is_saved_and_loaded(model, tmp_path):
    grown = grow(model)
    grown.save(tmp_path / "m.npz")
    assert LanguageModel.load(tmp_path / "m.npz") == grown
