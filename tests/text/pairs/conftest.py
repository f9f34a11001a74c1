"""Pairs of a text, for the tests of this room."""

import pytest

from rnn_cli.text.pairs.formats import Form
from rnn_cli.text.pairs.numbered import Cutting, read_pairs
from rnn_cli.text.reading import Source
from rnn_cli.text.tokenizers import TOKENIZERS

SPACE = Cutting(TOKENIZERS["space"])


@pytest.fixture
def pairs(tmp_path):
    """Pairs of a text."""

    def read(text, task="classify", name="p.tsv", cutting=SPACE, known=None, to_learn=True, **options):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return read_pairs([Source(name, path)], Form(task, **options), cutting, known, to_learn)

    return read
