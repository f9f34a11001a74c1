"""A large text is hashed once, and not at each start."""

import os

from rnn_cli.runs.prepare import Resources, prepare
from rnn_cli.runs.splitting import Splitting
from rnn_cli.text.store import hashes
from rnn_cli.text.store.cache import Cache
from rnn_cli.text.tokenizers import TOKENIZERS

LONG_AGO = 1e9


def test_a_large_text_is_found_in_the_cache_without_being_read(cache_folder, tmp_path, finished, monkeypatch):
    read, of_file = [], hashes._hash
    monkeypatch.setattr(hashes, "_hash", lambda path: read.append(path.name) or of_file(path))
    monkeypatch.setattr(hashes, "LARGE", 10)
    file = tmp_path / "t.txt"
    file.write_bytes(b"large enough")
    os.utime(file, (LONG_AGO, LONG_AGO))
    resources = Resources(Cache(cache_folder))
    arguments = [str(file)], Splitting(TOKENIZERS["char"], None, False), resources
    text = finished(prepare(*arguments))[1][0]
    for path in cache_folder.glob("*/*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    finished(prepare(*arguments))  # what was just written is hashed once more
    read.clear()
    again = finished(prepare(*arguments))[1][0]
    assert again.fingerprint == text.fingerprint
    assert not {"t.txt", "ids"} & {*read}
    ids = next(cache_folder.glob("*/ids"))
    ids.write_bytes(bytes(ids.stat().st_size))  # damaged
    events, (text, _) = finished(prepare(*arguments))
    assert "not what was written" in events[0].text
    assert text.fingerprint == again.fingerprint
    resources.cache.clear()
    assert list(cache_folder.iterdir()) == []
