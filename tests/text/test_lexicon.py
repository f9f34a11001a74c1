"""A lexicon comes back from its JSON as it was, and the JSON is that of model files."""

import copy
import json

import pytest

from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.text.vocabulary import Vocabulary

SETTINGS = {"normalize": "nfkc", "user_dict": [["云计算", None], ["C++", 5]], "user_dict_sha256": "a" * 64}
VOCABULARY = Vocabulary(("中", "b"), (2, 1))
PLAIN = Lexicon(TOKENIZERS["char"], VOCABULARY, Spelling.count(["a"]))
WITH_SETTINGS = Lexicon(make_tokenizer("jieba", SETTINGS), VOCABULARY, Spelling.count(["a", "\0"]))


@pytest.mark.parametrize("lexicon", [PLAIN, WITH_SETTINGS, Lexicon(*PLAIN[:2], Spelling.count([]))])
def test_a_lexicon_comes_back_from_its_json(lexicon):
    header = json.loads(json.dumps(lexicon.to_json(), ensure_ascii=False))
    assert Lexicon.from_json(header) == lexicon
    assert Lexicon.from_json({"format": "rnn model", "version": 2, **header}) == lexicon


def test_the_json_is_what_model_files_hold():
    assert json.loads(json.dumps(PLAIN.to_json())) == {
        "tokenizer": {"name": "char"},
        "vocabulary": [["中", 2], ["b", 1]],
        "spelling": {"": {"a": 1}, "a": {"": 1}},
    }
    assert list(PLAIN.to_json()) == ["tokenizer", "vocabulary", "spelling"], "in this order, byte for byte"
    assert WITH_SETTINGS.to_json()["tokenizer"] == {"name": "jieba", **SETTINGS}


def test_the_header_stays_as_it_was():
    header = json.loads(json.dumps(WITH_SETTINGS.to_json()))
    before = copy.deepcopy(header)
    Lexicon.from_json(header)
    assert header == before


def test_a_header_without_a_spelling_has_one_without_counts():
    """As files of version 1 do."""
    header = PLAIN.to_json()
    del header["spelling"]
    assert Lexicon.from_json(json.loads(json.dumps(header))).spelling == Spelling.count([])


@pytest.mark.parametrize(
    "change",
    [
        *(
            {"tokenizer": None},
            {"tokenizer": {}},
            {"tokenizer": "char"},
            {"tokenizer": {"name": "none such"}},
        ),
        *({"tokenizer": {"name": "char", "normalize": "NFC"}}, {"tokenizer": {"name": ["char"]}}),
        *({"vocabulary": None}, {"vocabulary": {"a": 1}}, {"vocabulary": [["a", 1], ["a", 2]]}),
        *({"vocabulary": [["", 1]]}, {"vocabulary": [["a", -1]]}, {"vocabulary": [["a", True]]}),
        *({"spelling": None}, {"spelling": {"a": {}}}),
    ],
)
def test_what_is_no_lexicon_is_refused(change):
    header = json.loads(json.dumps(PLAIN.to_json())) | change
    with pytest.raises((KeyError, TypeError, ValueError)):
        Lexicon.from_json(header)


@pytest.mark.parametrize("missing", ["tokenizer", "vocabulary"])
def test_a_header_that_lacks_an_entry_is_refused(missing):
    header = PLAIN.to_json()
    del header[missing]
    with pytest.raises(KeyError, match=missing):
        Lexicon.from_json(header)
