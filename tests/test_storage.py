import hashlib
import io
import json
import os
import random
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.replacing import temporary_path

HEADER = {"format": "a test", "text": "词 é\n\0", "numbers": [1, 2.5, None, -1e300]}
ARRAYS = {
    "W": np.arange(6, dtype=np.float32).reshape(2, 3),
    "U": np.asfortranarray(np.arange(6.0).reshape(3, 2)),
    "b": np.array([-1, 2**40]),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.npz"


@pytest.fixture
def file(path):
    storage.save(path, ARRAYS, HEADER)
    return path


def same(loaded):
    arrays, header = loaded
    return (
        header == HEADER
        and arrays.keys() == ARRAYS.keys()
        and all(arrays[name].dtype == ARRAYS[name].dtype for name in ARRAYS)
        and all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS)
    )


THREE = np.zeros(3, np.float32)


def refused(path):
    """The message for a file that cannot be loaded: one line, which begins with its name."""
    with pytest.raises(RnnError) as caught:
        storage.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def npy_that_says(description, body=bytes(12)):
    """An .npy file with this text for its header, which no check sum will find fault with."""
    text = description.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def says(shape="(3,)", descr="'<f4'", fortran="False"):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


def write_zip(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a duplicate name
        for name, data in members:
            file.writestr(name, data)


def crafted(path, changed, array=THREE, method=zipfile.ZIP_STORED):
    """A whole file with `array` as W, opened and zipped again with these members changed or added."""
    storage.save(path, {"W": array}, {"a": 1})
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    write_zip(path, (members | changed).items(), method)


def test_crafted_files_load_where_nothing_is_wrong_with_them(path):
    crafted(path, {})
    assert storage.load(path)[1] == {"a": 1}
    crafted(path, {"W.npy": npy_that_says(says())})
    assert storage.load(path)[0]["W"].tolist() == [0, 0, 0]


# What goes in comes out.


def test_arrays_and_header_come_back_as_they_were(file):
    arrays, header = storage.load(file)
    assert same((arrays, header))
    assert list(header) == list(HEADER)
    assert arrays["W"].flags.c_contiguous
    assert arrays["U"].flags.f_contiguous
    assert not arrays["U"].flags.c_contiguous


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    shape=st.lists(st.integers(0, 4), max_size=3),
    dtype=st.sampled_from(storage.DTYPES),
    order=st.sampled_from("CF"),
    header=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
            st.lists,
        ),
        max_size=3,
    ).filter(lambda header: not header.keys() & {storage.SEAL, storage.HASHES}),  # whose places are taken
)
def test_any_array_and_any_header_come_back(tmp_path_factory, shape, dtype, order, header):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    array = np.frombuffer(random.Random(0).randbytes(size), dtype).reshape(shape, order=order)
    storage.save(path, {"p.a": array}, header)
    arrays, found = storage.load(path)
    assert found == header
    assert arrays["p.a"].shape == array.shape
    assert arrays["p.a"].dtype == array.dtype
    assert arrays["p.a"].tobytes("A") == array.tobytes("A")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(4, 6)[1:, ::2],
        np.arange(24.0).reshape(6, 4).T[1:, ::2],
        np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
        np.arange(6.0)[::-1],
        np.broadcast_to(np.float32(3), (2, 2)),
        np.array(3.0),
    ],
    ids=["slice", "slice by columns", "axes permuted", "backwards", "broadcast", "scalar"],
)
def test_a_view_comes_back_however_it_lies_in_memory(path, array):
    storage.save(path, {"a": array}, {})
    np.testing.assert_array_equal(storage.load(path)[0]["a"], array)


def test_a_file_opens_with_numpy_alone(file):
    with np.load(file, allow_pickle=False) as opened:
        assert sorted(opened.files) == ["U", "W", "b", "header"]
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(opened[name], array)
        header = json.loads(bytes(opened["header"]))
        assert header | HEADER == header


def test_the_name_is_used_as_it_stands(tmp_path):
    storage.save(tmp_path / "model", ARRAYS, HEADER)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]
    assert same(storage.load(tmp_path / "model"))


# Written whole or not at all.


@pytest.mark.parametrize(("module", "function"), [(np, "savez"), (os, "fsync"), (os, "replace")])
@pytest.mark.parametrize("old", [True, False])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, monkeypatch, module, function, old):
    if old:
        storage.save(path, ARRAYS, HEADER)

    def full(file, *rest, **others):
        if function == "savez":
            file.write(b"PK half of it")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(module, function, full)
        with pytest.raises(OSError, match="No space left"):
            storage.save(path, {"W": np.zeros(3)}, {})
    assert list(path.parent.iterdir()) == ([path] if old else [])
    if old:
        assert same(storage.load(path))


def test_the_new_file_is_on_the_disk_before_it_takes_the_old_ones_place(file, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor):
        done.append("fsync")
        fsync(descriptor)

    def note_replace(source, target):
        assert same(storage.load(Path(target)))
        arrays, header = storage.load(Path(source))
        assert (list(arrays), header) == (["W"], {"new": 1})
        done.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    storage.save(file, {"W": np.zeros(3)}, {"new": 1})
    assert done[:2] == ["fsync", "replace"]
    assert storage.load(file)[1] == {"new": 1}


def test_what_a_killed_run_left_is_swept_by_the_next_save(path):
    code = "import os, pathlib, sys; from rnn_cli import storage; "
    code += "os.replace = lambda *names: os._exit(9); storage.save(pathlib.Path(sys.argv[1]), {}, {})"
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == 9
    assert len(list(path.parent.iterdir())) == 1
    assert not path.exists()
    storage.save(path, ARRAYS, HEADER)
    assert list(path.parent.iterdir()) == [path]
    assert same(storage.load(path))


def test_a_folder_that_is_not_there_is_an_oserror(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        storage.save(tmp_path / "no" / "m.npz", ARRAYS, HEADER)


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_the_mode_follows_the_umask(path):
    old = os.umask(0o027)
    try:
        storage.save(path, ARRAYS, HEADER)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


# Two files that belong together.


@pytest.fixture
def pair(tmp_path):
    return tmp_path / "m.npz", tmp_path / "m.state.npz"


def save_pair(pair, number):
    """A pair that is told from others by a number."""
    first, second = pair
    return storage.save_pair((first, {"W": np.full(3, number)}, {}), (second, {}, {"number": number}))


def number_of(pair):
    """Of a pair whose files go together, else None."""
    first, second = pair
    header = storage.load(second)[1]
    (number,) = set(storage.load(first)[0]["W"].tolist())
    together = header["goes_with"] == storage.digest(first) and header["number"] == number
    return number if together else None


def test_a_pair_is_saved_and_its_second_file_names_the_first(pair):
    for number in (1, 2):
        content = save_pair(pair, number)
        assert number_of(pair) == number
        assert content == hashlib.sha256(pair[0].read_bytes()).hexdigest()
        assert {path.name for path in pair[0].parent.iterdir()} == {path.name for path in pair}


class Crash(BaseException):
    """The end of the process: nothing is cleared up any more."""


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("calls", range(1, 12))
def test_wherever_saving_a_pair_is_cut_off_it_is_the_old_one_or_the_new_one(old, calls, pair, monkeypatch):
    """At the n-th call of the system that changes a file; what is left is as a crash leaves it."""
    if old:
        save_pair(pair, 1)
    count = [0]

    def cut_off(right):
        def called(*arguments, **others):
            count[0] += 1
            if count[0] >= calls:
                raise Crash
            return right(*arguments, **others)

        return called

    with monkeypatch.context() as patch:
        for module, name in ((os, "fsync"), (os, "replace"), (np, "savez"), (Path, "unlink")):
            patch.setattr(module, name, cut_off(getattr(module, name)))
        try:
            save_pair(pair, 2)
            done = True
        except Crash:
            done = False
    storage.finish_pair(*pair)
    left = {path.name for path in pair[0].parent.iterdir()}
    if old or left:
        assert left == {path.name for path in pair}
        assert number_of(pair) in ((2,) if done or not old else (1, 2))
    assert done == (calls > count[0])


def test_the_first_takes_its_place_before_the_second_and_both_are_on_the_disk_by_then(pair, monkeypatch):
    save_pair(pair, 1)
    done = []
    fsync, replace = os.fsync, os.replace

    def note_replace(source, target):
        done.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("fsync"), fsync(descriptor)))
    monkeypatch.setattr(os, "replace", note_replace)
    save_pair(pair, 2)
    assert done[:5] == ["fsync", "fsync", "m.npz", "fsync", "m.state.npz"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_pair_that_cannot_be_saved_leaves_the_old_one_and_nothing_else(function, pair, monkeypatch):
    save_pair(pair, 1)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, function, full)
        with pytest.raises(OSError, match="No space left"):
            save_pair(pair, 2)
    assert number_of(pair) == 1
    assert {path.name for path in pair[0].parent.iterdir()} == {path.name for path in pair}


@pytest.mark.parametrize("left", ["half a file", "of another first"])
def test_what_waits_and_does_not_go_with_the_first_is_swept(left, pair):
    save_pair(pair, 1)
    save_pair((pair[0].with_name("other"), temporary_path(pair[1])), 2)
    if left == "half a file":
        waiting = temporary_path(pair[1])
        waiting.write_bytes(waiting.read_bytes()[:-9])
    pair[0].with_name("other").unlink()
    temporary_path(pair[0]).write_bytes(b"half a model")
    storage.finish_pair(*pair)
    assert number_of(pair) == 1
    assert {path.name for path in pair[0].parent.iterdir()} == {path.name for path in pair}


def test_names_that_are_no_text_come_back_in_a_header(path):
    header = {"name": os.fsdecode(b"a\xff\xfe.txt"), "text": "汉字"}
    storage.save(path, {}, header)
    assert storage.load(path)[1].items() >= header.items()
    with np.load(path) as file:
        bytes(file["header"]).decode("utf-8")  # other readers want that


# Believed only once checked.


def test_a_file_that_is_not_there_and_a_directory_are_told(tmp_path):
    assert refused(tmp_path / "no.npz").endswith("No such file or directory")
    assert refused(tmp_path).endswith("Is a directory")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", random.Random(0).randbytes(3000)])
def test_what_is_no_zip_is_told(path, content):
    path.write_bytes(content)
    refused(path)
    assert not storage.is_ours(path)


def test_a_file_cut_short_anywhere_is_told(file):
    content = file.read_bytes()
    for length in [*range(0, len(content), 13), len(content) - 1]:
        file.write_bytes(content[:length])
        refused(file)


def test_a_page_of_zeros_or_noise_within_a_file_is_told(path):
    storage.save(path, {"W": np.random.default_rng(0).normal(size=3000)}, HEADER)
    content = path.read_bytes()
    for spoilt in (bytes(4096), random.Random(0).randbytes(4096)):
        for first in range(0, len(content) - 4096, 4096):
            path.write_bytes(content[:first] + spoilt + content[first + 4096 :])
            refused(path)


def flip(content, bit):
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def whole_or_refused(path):
    """One line of RnnError, or the content as it was saved; anything else fails."""
    try:
        return same(storage.load(path))
    except RnnError as error:
        return str(error).startswith(f"{path}: ") and "\n" not in str(error)


def test_a_flipped_bit_is_told_or_does_not_matter(file):
    content = file.read_bytes()
    for bit in random.Random(0).sample(range(8 * len(content)), 300):
        file.write_bytes(flip(content, bit))
        assert whole_or_refused(file), f"byte {bit // 8}, bit {bit % 8}"


def directory_entries(content):
    """Where the zip's central directory describes each member."""
    found = [content.index(b"PK\x01\x02")]
    while (after := content.find(b"PK\x01\x02", found[-1] + 1)) > 0:
        found.append(after)
    assert len(found) == 1 + len(ARRAYS)
    return found


@pytest.mark.parametrize(("field", "length"), [("versions, flags, method", 12), ("lengths", 10)])
def test_a_flipped_bit_of_the_zip_directory_is_told_or_does_not_matter(file, field, length):
    content = file.read_bytes()
    first = {"versions, flags, method": 4, "lengths": 24}[field]
    for entry in directory_entries(content):
        for bit in range(8 * (entry + first), 8 * (entry + first + length)):
            file.write_bytes(flip(content, bit))
            assert whole_or_refused(file), f"byte {bit // 8 - entry} of an entry, bit {bit % 8}"


def test_a_directory_that_leaves_members_out_is_told(file):
    # The comment of the first entry made so long that it takes in all others: ZipFile reads one member.
    content = bytearray(file.read_bytes())
    first, *_, last = directory_entries(content)
    swallowed = content.index(b"PK\x05\x06") - first - 46 - len("header.npy")
    assert swallowed > last - first - 46
    struct.pack_into("<H", content, first + 32, swallowed)
    file.write_bytes(content)
    refused(file)


def test_looking_whether_a_file_is_ours_survives_any_flipped_bit(file):
    assert storage.is_ours(file)
    content = file.read_bytes()
    entry = directory_entries(content)[1]
    for bit in range(8 * entry, 8 * entry + 8 * 46):
        file.write_bytes(flip(content, bit))
        assert storage.is_ours(file) in (True, False)


def test_a_file_that_is_not_ours_is_known_from_one_that_is(path):
    assert not storage.is_ours(path)
    assert not storage.is_ours(path.parent)
    np.savez(path, W=np.zeros(3))
    assert not storage.is_ours(path)
    assert "header" in refused(path)


@pytest.mark.parametrize("header", [b"", b"{", b"nonsense", b"\xff\xfe{}", b"[" * 100_000, b"1" * 5000])
def test_a_header_that_is_not_json_is_told(path, header):
    np.savez(path, header=np.frombuffer(header, np.uint8), W=np.zeros(3))
    assert "header is not JSON" in refused(path)


@pytest.mark.parametrize("header", [b"[]", b"null", b"3", b'"format"'])
def test_a_header_that_is_no_object_is_told(path, header):
    np.savez(path, header=np.frombuffer(header, np.uint8))
    assert "header" in refused(path)


@pytest.mark.parametrize(
    "header", [np.zeros(3), np.int64(-1), np.int64(8), np.int64(2**62), np.zeros((2, 2), np.uint8)]
)
def test_a_header_that_is_no_row_of_bytes_is_told(path, header):
    np.savez(path, header=header)
    refused(path)


def test_a_pickle_is_not_run_but_told(path):
    ran = path.parent / "ran"

    class Trap:
        def __reduce__(self):
            return Path.touch, (ran,)

    crafted(path, {"W.npy": npy(np.array([Trap()], object))})
    assert "'W'" in refused(path)
    assert not ran.exists()


NOISE = np.frombuffer(random.Random(0).randbytes(400), np.uint8)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("array", [np.zeros(5000), np.arange(3.0), NOISE], ids=["zeros", "few", "noise"])
def test_compressed_members_are_told(path, method, array):
    crafted(path, {}, array, method)
    assert "compressed" in refused(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_in_a_compressed_member_is_told(path, method):
    crafted(path, {}, NOISE, method)
    content = path.read_bytes()
    begin, end = content.rindex(b"PK\x03\x04") + 40, content.index(b"PK\x01\x02")
    for bit in range(8 * begin, 8 * end, 31):
        path.write_bytes(flip(content, bit))
        refused(path)


def refused_in_little_memory(path):
    tracemalloc.start()
    refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_compressed_member_that_lies_about_its_size_takes_no_memory(path):
    claimed, truth = 1000, 20_000_000
    crafted(path, {"W.npy": bytes(truth)}, method=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, claimed)
    path.write_bytes(content)
    refused_in_little_memory(path)


def test_a_member_that_claims_more_than_the_file_holds_takes_no_memory(path):
    crafted(path, {})
    content = bytearray(path.read_bytes())
    struct.pack_into("<II", content, content.rindex(b"PK\x01\x02") + 20, 500_000_000, 500_000_000)
    path.write_bytes(content)
    refused_in_little_memory(path)


def test_duplicate_members_are_told(path):
    crafted(path, {})
    with zipfile.ZipFile(path) as file:
        members = [(name, file.read(name)) for name in file.namelist()]
    write_zip(path, [*members, members[-1]])
    assert "'W" in refused(path)


def test_a_member_that_is_no_array_is_told(path):
    crafted(path, {"README": b"hello"})
    assert "'README'" in refused(path)


@pytest.mark.parametrize(
    "changed",
    [
        {"W.npy": npy(np.array([0, 1, 0], np.float32))},
        {"W.npy": npy(np.zeros(4, np.float32))},
        {"W.npy": npy(np.zeros((3, 1), np.float32))},
        {"W.npy": npy(np.zeros(3, np.int32))},
        {"X.npy": npy(np.zeros(3))},
    ],
    ids=["value", "length", "shape", "type", "another"],
)
def test_an_array_that_was_exchanged_or_added_is_told(path, changed):
    crafted(path, changed)
    refused(path)


def test_an_array_that_was_taken_out_is_told(path):
    crafted(path, {})
    with zipfile.ZipFile(path) as file:
        header = file.read("header.npy")
    write_zip(path, [("header.npy", header)])
    refused(path)


SHAPES = (
    "() | (2,) | (4,) | (3, 2) | (10**12,) | (1000000000000,) | (-3,) | (-1, -3) | (0,) | (True, 3) | (3.0,)"
)
SHAPES += " | (0, 99999999999999999999) | (4294967296, 4294967296, 3) | 3 | None | ('3',)"


@pytest.mark.parametrize("shape", SHAPES.split(" | "))
def test_a_shape_that_does_not_fit_the_bytes_is_told(path, shape):
    crafted(path, {"W.npy": npy_that_says(says(shape))})
    assert "'W'" in refused(path)


TYPES = (
    "'<f2' | '>f4' | '|O' | '<U3' | '|S4' | '<c8' | '<M8[s]' | 'i1,i1' | 'nonsense' | 'M8[' | None | 3 | {}"
)
TYPES += " | () | [] | [()] | [('a', '<f4')] | ('<f4',) | ('<f4', (3,))"


@pytest.mark.parametrize("descr", TYPES.split(" | "))
def test_a_type_that_rnn_does_not_write_is_told(path, descr):
    crafted(path, {"W.npy": npy_that_says(says(descr=descr))})
    assert "'W'" in refused(path)


@pytest.mark.parametrize(
    "description",
    [
        *["", "{}", "[]", "{[]: 1}", "{1: 2, 'a': 3}", "(((", "'''", says()[:-1], says("(3L,)"), says() * 2],
        *["-" * 5000 + "1", "(" * 900, "x" * 20_000, says(fortran="1"), says() + "; import os"],
        says(f"({'3,' + '1,' * 70})"),  # more dimensions than NumPy's arrays may have
    ],
    ids=lambda text: f"{text[:8]}{len(text)}",
)
def test_an_array_header_that_makes_no_sense_is_told(path, description):
    crafted(path, {"W.npy": npy_that_says(description)})
    refused(path)


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff{", b"\x93NUMPY\x09\x00"])
def test_a_member_that_ends_too_soon_is_told(path, data):
    crafted(path, {"W.npy": data})
    assert "'W'" in refused(path)


def test_a_member_is_named_in_one_line_whatever_its_name(path):
    crafted(path, {"W\nX.npy": npy(np.zeros(3, np.float16))})
    refused(path)
