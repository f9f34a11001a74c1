"""Sums of lines and texts, and the texts of lines too long to be held."""

import tempfile

import numpy as np
import pytest

from rnn_cli.errors import RnnError
from rnn_cli.models.scores import chunks
from rnn_cli.models.scores.chunks import Reading, read_chunks
from rnn_cli.models.scores.tally import Scored, Tally
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary

LEXICON = Lexicon(TOKENIZERS["char"], Vocabulary((*"ab ",), (3, 2, 1)), Spelling.count(["dog"]))
TEXT = "ab\n\nabba abbax\nb\udcff\nxx\n" + "ab" * 40 + "\nb\n"


def scored(monkeypatch, chunk, longest, exact=True):
    monkeypatch.setattr(chunks, "CHUNK", chunk)
    monkeypatch.setattr(chunks, "LONGEST", longest)
    for one in read_chunks(LEXICON, [TEXT], Reading(carry_state=False, exact=exact)):
        yield Scored(one, np.full(len(one.ids), 0.5))


@pytest.mark.parametrize("keeps_texts", [False, True])
@pytest.mark.parametrize(("chunk", "longest"), [(1000, 1000), (4, 8), (3, 30), (7, 7)])
def test_lines_and_totals_are_the_same_however_the_text_is_read(chunk, longest, keeps_texts, monkeypatch):
    tally, total = Tally(keeps_texts), Tally()
    lines = []
    for each in scored(monkeypatch, chunk, longest):
        lines += [line._replace(parts="".join(line.parts)) for line in tally.add(each)]
        total.add_all(each)
    assert [line.number for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert [line.tokens for line in lines] == [3, 0, 11, 0, 3, 81, 2]
    assert [line.nats for line in lines] == [1.5, 0, 5.5, 0, 1.5, 40.5, 1]
    assert [line.unknown for line in lines] == [0, 0, 1, 0, 2, 0, 0]
    assert [line.decodes for line in lines] == [True, True, True, False, True, True, True]
    if keeps_texts:
        assert [line.parts for line in lines] == TEXT.replace("\udcff", "\ufffd").split("\n")[:-1]
    for one in (tally, total):
        assert (one.totals.lines, one.totals.tokens, one.totals.characters) == (5, 100, 100)
        assert one.totals.spelling_nats == pytest.approx(3 * LEXICON.spelling.nats("x"))
        assert (one.undecoded, one.first_undecoded) == (1, 4)


def test_a_long_lines_text_that_cannot_be_kept_names_the_folder(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    tally = Tally()
    read = (line for each in scored(monkeypatch, 4, 8) for line in tally.add(each))
    with pytest.raises(RnnError, match=r"No space left on device: .* \(TMPDIR names another folder\)"):
        list(read)
