"""A text that several ranks cut together is, file by file, the one that a single process writes."""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from threads import on_ranks

from rnn_cli.errors import RnnError
from rnn_cli.runs import together
from rnn_cli.runs.prepare import Resources, prepare
from rnn_cli.runs.splitting import Splitting
from rnn_cli.text.store import merging
from rnn_cli.text.store.cache import Cache
from rnn_cli.text.tokenizers import TOKENIZERS, make_tokenizer
from rnn_cli.training.parallel.world import Elsewhere

CHAR = Splitting(TOKENIZERS["char"], None, False)
WORDS = Splitting(TOKENIZERS["space"], None, False)
PARAGRAPHS = Splitting(make_tokenizer("char", {"unit": "paragraph"}), None, False)
LINES = [f"{k} times {k} is {k * k}, 第{k}回\r\n" for k in range(70)]
TEXTS = {
    "one file": (CHAR, ["".join(LINES)]),
    "with a mark": (WORDS, ["\ufeff" + "".join(LINES) + "\ufeff a mark inside"]),
    "marks inside": (WORDS, ["\ufeffa b\n" * 40]),
    "files": (WORDS, ["".join(LINES[:3]), "", "no line end", "".join(LINES[3:]), " \n\n"]),
    "a line": (CHAR, ["a line alone"]),
    "blank lines": (CHAR, ["\n \n" * 40 + "a\n" + "\t\n" * 60]),
    "paragraphs": (PARAGRAPHS, ["a\nb\n\nc\n", "d\n\n\ne", "f\n"]),
    "many tokens": (
        Splitting(TOKENIZERS["space"], None, True),
        ["".join(f"{k} {k}a\n" for k in range(35000))],
    ),
}


def written(folder, texts):
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"{number}.txt")
        paths[-1].write_bytes(text.encode())
    return [*map(str, paths)]


def prepared(finished, paths, splitting, cache, world=None):
    resources = Resources(cache and Cache(cache), processes=1)
    if world:
        resources = replace(resources, world=world)
    return finished(prepare(paths, splitting, resources))[1][0]


def in_cache(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("*/*")}


@pytest.mark.parametrize(
    ("name", "size"),
    [(name, size) for name in TEXTS for size in (2, 4) if (name, size) != ("many tokens", 4)],
)
def test_the_folder_is_that_of_a_single_process_byte_by_byte(name, size, finished, tmp_path, monkeypatch):
    monkeypatch.setattr(merging, "BLOCK", 7 if name != "many tokens" else 10_000)
    monkeypatch.setattr(together, "BLOCK", merging.BLOCK)
    splitting, texts = TEXTS[name]
    paths = written(tmp_path, texts)
    text = prepared(finished, paths, splitting, tmp_path / "alone")
    found = on_ranks(size, lambda world: prepared(finished, paths, splitting, tmp_path / "ranks", world))
    expected = in_cache(tmp_path / "alone")
    assert len(expected) > 3
    ours = in_cache(tmp_path / "ranks")
    assert {name: ours[name] for name in expected} == expected
    for each in found:
        assert each.fingerprint == text.fingerprint
        assert (each.types, each.counts.tolist()) == (text.types, text.counts.tolist())


def test_no_rank_reads_what_all_machines_have_kept(finished, tmp_path, monkeypatch):
    paths = written(tmp_path, ["".join(LINES)])
    read, written_of = [], together.mapped
    monkeypatch.setattr(together, "mapped", lambda folder: read.append(folder) or written_of(folder))

    def sizes(cache):
        def work(world):
            world.leaders, world.hosts = [0, 0, 2, 2], ["a", "a", "b", "b"]
            own = tmp_path / f"{cache}{world.leaders[world.rank]}"
            return prepared(finished, paths, CHAR, own, world).fingerprint

        read.clear()
        assert len(set(on_ranks(4, work))) == 1
        return sorted(folder.name for folder in read)

    kept = [next((tmp_path / f"cache{k}").glob("?" * 64)).name for k in (0, 2)] if sizes("cache") else []
    assert len(kept) == 2
    assert sizes("cache") == kept[:1] * 2  # the two ranks that do not look into the cache themselves


def test_without_a_cache_the_text_is_there_until_all_ranks_of_a_machine_have_mapped_it(
    finished, tmp_path, monkeypatch
):
    paths, mapped = written(tmp_path, ["".join(LINES)]), together.mapped

    def slowly(folder):
        if folder.name == together.WHOLE:
            time.sleep(0.05 * of_thread.rank)
        return mapped(folder)

    def work(world):
        of_thread.rank = world.rank
        return prepared(finished, paths, CHAR, None, world)

    of_thread = threading.local()
    monkeypatch.setattr(together, "mapped", slowly)
    found = on_ranks(3, work)
    assert len({text.corpus.ids.tobytes() for text in found}) == 1


def test_an_error_names_the_line_of_the_file_whichever_rank_meets_it(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("rnn_cli.text.decoding.BLOCK_BYTES", 256)  # as in a file whose head is good
    bad = "".join(LINES).encode() + b"\xff\n" + b"a\n" * 20
    (tmp_path / "t.txt").write_bytes(bad)
    with pytest.raises(RnnError) as alone:
        prepared(finished, [str(tmp_path / "t.txt")], CHAR, None)

    def work(world):
        try:
            prepared(finished, [str(tmp_path / "t.txt")], CHAR, None, world)
        except Elsewhere:
            return None
        except RnnError as error:
            world.meet(-1)
            return str(error)

    assert on_ranks(3, work) == [None, None, str(alone.value)]


@pytest.mark.parametrize("other", ["9 times 9 is 81\n", LINES[0][::-1] + "".join(LINES[1:])])
def test_ranks_with_other_texts_are_told(other, finished, tmp_path):
    for name, text in (("a", "".join(LINES)), ("b", other)):
        (tmp_path / name).mkdir()
        written(tmp_path / name, [text])

    def work(world):
        world.leaders, world.hosts = [0, 1], ["a", "b"]
        with pytest.raises(RnnError, match="rank 1 on b has read a different text from rank 0 on a"):
            prepared(finished, [str(tmp_path / world.hosts[world.rank] / "0.txt")], CHAR, None, world)
        return True

    assert on_ranks(2, work) == [True, True]
