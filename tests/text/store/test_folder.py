"""Texts on disk: the same as in memory, and never taken for what they are not."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli.text.store import corpus
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.corpus import Text, hold_out, in_memory
from rnn_cli.text.store.cutting import Cut
from rnn_cli.text.vocabulary import SPECIAL
from rnn_cli.text.windows import windows_of

START, END, UNK = 0, 1, 2
FILES = ["ids", "starts", "characters", "header.json"]
blocks = st.lists(st.lists(st.sampled_from(["a", "b", "中", "\udcff", None, END]), max_size=8), max_size=6)


def cuts_of(blocks) -> list[Cut]:
    """Blocks of tokens and line ends (END), the last of which ends its line."""
    cuts = []
    for block in [*blocks, [END]]:
        number = {END: END, None: UNK}
        for token in block:
            number.setdefault(token, SPECIAL + len(number) - 2)
        ids = np.array([number[token] for token in block], np.int32)
        places = np.flatnonzero(ids == END) + 1
        lengths = np.diff([0, *places, len(ids)])
        cuts.append(Cut(tuple(list(number)[2:]), ids, lengths))
    return cuts


def numbered(first: int, end: int) -> Cut:
    """One line of tokens that nothing else spells so."""
    types = tuple(map(str, range(first, end)))
    return Cut(
        types, np.append(np.arange(SPECIAL, SPECIAL + len(types)), END).astype(np.int32), np.array([9, 0])
    )


def same(a: Text, b: Text) -> bool:
    arrays = zip(
        (*a.corpus.__dict__.values(), a.counts), (*b.corpus.__dict__.values(), b.counts), strict=True
    )
    rest = [(text.types, text.characters, text.longest) for text in (a, b)]
    return all(map(np.array_equal, *zip(*arrays, strict=True))) and rest[0] == rest[1]


def write(folder: Path, cuts, about=()) -> Path:
    folder.mkdir()
    with stored.Writer(folder, dict(about)) as writer:
        for cut in cuts:
            writer.add(cut)
    return folder


@settings(max_examples=30, deadline=None)
@given(blocks)
def test_a_text_that_was_stored_is_the_text_in_memory(tmp_path_factory, blocks):
    folder = write(tmp_path_factory.mktemp("stored") / "text", cuts_of(blocks))
    text = stored.load(folder)
    assert same(text, in_memory(cuts_of(blocks)))
    assert text.corpus.ids.itemsize == 2


def test_an_empty_text_can_be_stored(tmp_path):
    text = stored.load(write(tmp_path / "text", []))
    assert same(text, in_memory([]))


@pytest.mark.parametrize(("types", "bytes_of_id"), [(65_532, 2), (65_534, 4), (70_000, 4)])
@pytest.mark.parametrize("before", [0, 65_530])
def test_ids_take_two_bytes_until_there_are_too_many_for_them(
    types, bytes_of_id, before, tmp_path, monkeypatch
):
    """The ids that were written before are rewritten, from the end, some at a time."""
    monkeypatch.setattr(stored, "COPIED", 1 << 12)
    cuts = [numbered(0, before)] * 2 + [numbered(before, types), numbered(0, 5)]
    text = stored.load(write(tmp_path / "text", cuts))
    assert same(text, in_memory(cuts))
    assert text.corpus.ids.itemsize == bytes_of_id
    assert text.corpus.ids.max() == SPECIAL + types - 1


def test_what_is_said_about_a_text_stands_in_its_header(tmp_path):
    about = {"text": ["诗.txt", "\udcff.txt"], "bytes": 12}
    folder = write(tmp_path / "text", cuts_of([["a"]]), about)
    assert about.items() <= stored.read_header(folder).items()


def test_the_fingerprint_is_of_the_text_alone(tmp_path):
    texts = {
        "one": [["a", "b"]],
        "renamed": [["a", "b"]],
        "spelled": [["a", "中"]],
        "longer": [["a", "b", "b"]],
    }
    prints = {
        name: stored.load(write(tmp_path / name, cuts_of(blocks), {"text": name})).fingerprint
        for name, blocks in texts.items()
    }
    assert prints["one"] == prints["renamed"]
    assert len(set(prints.values())) == 3


# Writing


def test_the_ids_are_on_disk_while_a_text_is_written_and_the_header_only_at_its_end(tmp_path):
    with stored.Writer(tmp_path, {}) as writer:
        for cut in cuts_of([["a", END], ["b"]]):
            writer.add(cut)
        assert {path.name for path in tmp_path.iterdir()} == {"ids", "starts", "characters"}
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    assert same(stored.load(tmp_path), in_memory(cuts_of([["a", END], ["b"]])))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_a_text_that_was_not_written_to_its_end_has_no_header_and_is_no_text(error, tmp_path):
    def fail():
        with stored.Writer(tmp_path, {}) as writer:
            writer.add(*cuts_of([]))
            raise error

    with pytest.raises(error):
        fail()
    with pytest.raises(stored.Damaged, match=r"^header\.json is missing$"):
        stored.load(tmp_path)


def test_the_files_are_closed_however_the_writing_ends(tmp_path):
    writer = stored.Writer(tmp_path, {})
    with pytest.raises(RuntimeError), writer:
        raise RuntimeError
    with pytest.raises(ValueError, match="closed file"):
        writer.add(*cuts_of([]))


def test_a_text_cannot_be_written_where_there_is_no_folder(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        stored.Writer(tmp_path / "nowhere", {})


def test_the_files_are_the_arrays_as_they_lie_in_memory_and_a_sealed_header(tmp_path):
    folder = write(tmp_path / "text", cuts_of([["b", "a", END, "中", "a"]]), {"text": ["a.txt"]})
    numbers = np.dtype("<i8")
    assert np.frombuffer((folder / "ids").read_bytes(), "<u2").tolist() == [3, 4, END, 5, 4, END]
    assert np.frombuffer((folder / "starts").read_bytes(), numbers).tolist() == [0, 3, 6]
    assert np.frombuffer((folder / "characters").read_bytes(), numbers).tolist() == [3, 3]
    content = (folder / "header.json").read_bytes()
    header = json.loads(content)
    seal = header.pop("header_sha256")
    assert seal == hashlib.sha256(content.partition(b', "header_sha256"')[0]).hexdigest()
    assert header == {
        "text": ["a.txt"],
        "dtypes": {"ids": "<u2", "starts": "<i8", "characters": "<i8"},
        "types": ["b", "a", "中"],
        "counts": [0, 2, 0, 1, 2, 1],
        "characters": 6,
        "longest": 3,
        "sha256": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("ids", "starts", "characters")
        },
    }


# Damage


@pytest.fixture
def folder(tmp_path):
    return write(
        tmp_path / "text", [numbered(0, 300), *cuts_of([["a", "b", END], ["中"]])], {"text": ["a.txt"]}
    )


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_another_byte_is_damaged(name, folder):
    content = bytearray((folder / name).read_bytes())
    for place in range(0, len(content), 1 + len(content) // 50):
        for flip in (1, 0x10):
            content[place] ^= flip
            (folder / name).write_bytes(content)
            with pytest.raises(stored.Damaged):
                stored.load(folder)
            content[place] ^= flip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b + b"\0"]
)
def test_a_file_that_is_cut_short_or_longer_is_damaged(name, change, folder):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(change(content))
    with pytest.raises(stored.Damaged):
        stored.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name, folder):
    (folder / name).unlink()
    with pytest.raises(stored.Damaged, match=f"^{name} is missing$"):
        stored.load(folder)


@pytest.mark.parametrize(
    "content", ["", "text", "[]", "3", "null", "{}", '{"types": []}', "[" * 100_000, "\udcff"]
)
def test_a_header_that_is_something_else_is_damaged(content, folder):
    (folder / "header.json").write_bytes(content.encode(errors="surrogateescape"))
    for read in (stored.load, stored.read_header):
        with pytest.raises(stored.Damaged, match=r"^header\.json "):
            read(folder)


@pytest.mark.parametrize(
    "key", ["dtypes", "types", "counts", "characters", "longest", "sha256", "header_sha256"]
)
@pytest.mark.parametrize("change", [None, "3", 3, [], {}, [None], {"ids": "<u2"}])
def test_a_header_with_other_values_is_damaged(key, change, folder):
    header = json.loads((folder / "header.json").read_text())
    header[key] = change
    (folder / "header.json").write_text(json.dumps(header))
    with pytest.raises(stored.Damaged):
        stored.load(folder)
    del header[key]
    (folder / "header.json").write_text(json.dumps(header))
    with pytest.raises(stored.Damaged):
        stored.load(folder)


# Memory

SMAPS = Path("/proc/self/smaps")
linux = pytest.mark.skipif(not SMAPS.exists(), reason="only Linux says how much of a file is in memory")


def resident(folder: Path) -> int:
    """Bytes of a folder's files that this process has in its memory."""
    mapped, found = False, 0
    for line in SMAPS.read_text().splitlines():
        name, _, rest = line.partition(":")
        if " " in name:
            mapped = str(folder) in line
        elif mapped and name == "Rss":
            found += 1024 * int(rest.split()[0])
    return found


@linux
@pytest.mark.parametrize("carry_state", [False, True])
def test_a_stored_text_is_not_held_in_memory(carry_state, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "BLOCK", 1 << 16)
    rng = np.random.default_rng(1)
    ids = rng.integers(SPECIAL, SPECIAL + 50, 1 << 19).astype(np.int32)
    ids[7::8] = END
    line = np.append(np.full(len(ids) // 8, 8), 0)
    folder = write(tmp_path / "text", [Cut(tuple(map(str, range(50))), ids, line)] * 4)
    text = stored.load(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert resident(folder) < size / 8
    for part in hold_out(text, 0.1, 1, carry_state):
        assert resident(folder) < size / 8
        windows_of(part, 8, 64, carry_state, (1,))
        assert resident(folder) < size / 8


def test_a_stored_text_cannot_be_written_to(folder):
    text = stored.load(folder)
    for array in (text.corpus.ids, text.corpus.starts, text.corpus.characters):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@linux
def test_a_text_stays_when_its_folder_goes(folder):
    """As it does where nothing is to be kept, and when another run clears the cache."""
    text = stored.load(folder)
    before = [array.tolist() for array in (text.corpus.ids, text.corpus.starts, text.corpus.characters)]
    shutil.rmtree(folder)
    assert [
        array.tolist() for array in (text.corpus.ids, text.corpus.starts, text.corpus.characters)
    ] == before
    for part in hold_out(text, 0.5, 1, carry_state=False):
        assert sum(window.weight.sum() for window in windows_of(part, 2, 8, False, (1,))) == part.targets
