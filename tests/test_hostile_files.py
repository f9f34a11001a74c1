"""A model file is what anyone may have written: whatever it says of itself, it is read as it was written or
refused in one line, in memory that its size accounts for."""

import copy
import io
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_cli import LanguageModel, storage
from rnn_cli.cli.app import run
from rnn_cli.errors import RnnError
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import Vocabulary

FLIPS = 10_000
TIMES = 40  # the size of a file is what reading it may take of memory
LETTERS = Vocabulary(tuple("ea词b "), (9, 7, 3, 3, 1))
KINDS = {
    "tanh": Network(8, 4),
    "gru, tied": Network(8, 4, "gru", embedding=4, tie=True),
    "lstm, adaptive": Network(8, 3, "lstm", "adaptive", layers=2, embedding=2, cutoffs=(4, 6)),
}
VERSION_1 = Path(__file__).parent / "data" / "version_1.npz"


def model(kind="tanh", seed=0):
    network, rng = KINDS[kind], np.random.default_rng(seed)
    p = network.lay_out({name: rng.normal(0, 1, shape) for name, shape in network.shapes.items()})
    lexicon = Lexicon(TOKENIZERS["char"], LETTERS, Spelling.count(["dog", "词"]))
    return LanguageModel(lexicon, network, p, history={"note": f"词 {seed}"})


def content(kind, path, seed=0):
    """The bytes of a model's file."""
    if kind == "version 1":
        return VERSION_1.read_bytes()
    model(kind, seed).save(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.npz"


def attempt(path):
    """A file's model, and what is told where it is none: one line of a bearable length, which begins with
    its name. One of the two is None."""
    try:
        return LanguageModel.load(path), None
    except RnnError as error:
        message = str(error)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(f"{path}") + 300
    return None, message


def refused(path):
    """The message for a file that is no model."""
    loaded, message = attempt(path)
    assert loaded is None
    return message


def everything(loaded):
    """All that a model is, to be compared."""
    arrays, header = loaded.pack()
    bits = {name: (array.shape, array.dtype, array.tobytes()) for name, array in arrays.items()}
    return bits, header, loaded.lexicon, loaded.network


# Damage.


@pytest.mark.parametrize("kind", [*KINDS, "version 1"])
def test_of_any_flipped_bit_comes_an_error_or_exactly_the_same_model(path, kind):
    data = content(kind, path)
    path.write_bytes(data)
    whole, refusals = everything(LanguageModel.load(path)), 0
    flips = FLIPS // (len(KINDS) + 1)
    with open(path, "r+b", buffering=0) as file:
        for bit in random.Random(kind).sample(range(8 * len(data)), flips):
            place, byte = bit // 8, data[bit // 8]
            os.pwrite(file.fileno(), bytes([byte ^ 1 << bit % 8]), place)
            loaded, _ = attempt(path)
            refusals += loaded is None
            assert loaded is None or everything(loaded) == whole, f"byte {place}, bit {bit % 8}"
            os.pwrite(file.fileno(), bytes([byte]), place)
    assert refusals > 0.6 * flips  # the others are dates, modes and padding of the zip
    assert everything(LanguageModel.load(path)) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_off_anywhere_is_refused(path, kind):
    for length in reversed(range(len(content(kind, path)))):
        os.truncate(path, length)
        refused(path)


@pytest.mark.parametrize("more", [b"\0", b"\n", bytes(100), bytes(70_000), b"PK\5\6" + bytes(18)], ids=len)
def test_a_file_with_more_before_or_after_it_is_refused(path, more):
    data = content("tanh", path)
    for spoilt in (more + data, data + more):
        path.write_bytes(spoilt)
        refused(path)


def test_two_files_one_after_the_other_are_refused(path):
    first, second = content("tanh", path), content("tanh", path, seed=1)
    for spoilt in (first + second, second + first, first + first):
        path.write_bytes(spoilt)
        refused(path)


def test_blocks_that_were_moved_lost_or_written_twice_are_told_or_do_not_matter(path):
    data = content("gru, tied", path)
    whole, chance = everything(LanguageModel.load(path)), random.Random(0)
    for _ in range(500):
        first, second = sorted(chance.sample(range(len(data) + 1), 2))
        block, place = data[first:second], chance.randrange(len(data))
        without = data[:first] + data[second:]
        moved, twice = without[:place] + block + without[place:], data[:second] + data[first:]
        path.write_bytes(chance.choice([without, moved, twice]))
        loaded, _ = attempt(path)
        assert loaded is None or everything(loaded) == whole


def taken_apart(path):
    """A file's members by their names, as bytes."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def put_together(path, members, method=zipfile.ZIP_STORED):
    members = members.items() if isinstance(members, dict) else members
    with zipfile.ZipFile(path, "w", method) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a duplicate name
        for name, data in members:
            file.writestr(name, data)


def test_members_put_together_again_are_the_model(path):
    model().save(path)
    put_together(path, taken_apart(path))
    assert everything(LanguageModel.load(path)) == everything(model())


@pytest.mark.parametrize("name", ["header", "U", "W", "b_a", "V", "b_y"])
def test_a_member_of_another_model_is_refused(path, name):
    model(seed=1).save(path)
    other = taken_apart(path)
    model(seed=0).save(path)
    put_together(path, taken_apart(path) | {f"{name}.npy": other[f"{name}.npy"]})
    assert "not what was written" in refused(path)


def test_a_header_that_was_changed_is_refused_though_all_its_checksums_hold(path):
    model().save(path)
    members = taken_apart(path)
    before = members["header.npy"]
    for old, new in [(b'["e", 9]', b'["i", 9]'), (b"9]", b"8]"), (b'": false', b'": true '), (b" 0", b" 1")]:
        assert old in before
        put_together(path, members | {"header.npy": before.replace(old, new, 1)})
        assert "not what was written" in refused(path)


def test_a_file_from_before_headers_had_a_hash_is_read():
    assert storage.SEAL.encode() not in VERSION_1.read_bytes()
    assert LanguageModel.load(VERSION_1).network.n == 8


# Files that were made to do harm: each is made of the file of a model.


def npy(shape="(4,)", dtype="'<f4'", order="False", body=bytes(16), length=None):
    """An .npy file that says this of itself."""
    text = f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) if length is None else length) + text + body


class Trap:
    """Unpickled, it leaves a folder behind."""

    def __reduce__(self):
        return os.mkdir, ("trapped",)


def pickled():
    stream = io.BytesIO()
    np.save(stream, np.array([Trap()], object), allow_pickle=True)
    return stream.getvalue()


def bomb():
    stream = io.BytesIO()
    put_together(stream, {"W.npy": npy("(2500000,)", body=bytes(10_000_000))}, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def overlapping(path):
    """A thousand members of a megabyte, which are one and the same."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("W.npy", npy("(250000,)", body=bytes(1_000_000)))
        for number in range(1000):
            file.filelist.append(copy.copy(file.filelist[0]))
            file.filelist[-1].filename = f"{number:05}"


def other_length(length):
    """An array that NumPy would begin elsewhere."""

    def write(path):
        data = taken_apart(path)["W.npy"]
        member("W.npy", data[:8] + struct.pack("<H", length) + data[10:])(path)

    return write


def member(name, data):
    return lambda path: put_together(path, taken_apart(path) | {name: data})


def without(name):
    return lambda path: put_together(path, {n: d for n, d in taken_apart(path).items() if n != name})


def record(signature, offset, layout, *values):
    """Numbers in the last of the zip's records that begin so."""

    def write(path):
        data = bytearray(path.read_bytes())
        struct.pack_into(layout, data, data.rindex(signature) + offset, *values)
        path.write_bytes(data)

    return write


def text(old, new):
    """The header's JSON with this in place of that, and its hash left out."""

    def write(path):
        members = taken_apart(path)
        arrays, _ = storage.load(path)
        with np.load(path) as file:
            said = bytes(file["header"]).partition(f', "{storage.SEAL}"'.encode())[0] + b"}"
        assert old in said
        assert members.pop("header.npy")
        np.savez(path, header=np.frombuffer(said.replace(old, new), np.uint8), **arrays)

    return write


def header(**changes):
    """What the header says, hashed as it then stands; ... leaves an entry out."""

    def write(path):
        arrays, said = storage.load(path)
        said = {name: value for name, value in (said | changes).items() if value is not ...}
        storage.save(path, arrays, said)

    return write


def network(**changes):
    return lambda path: header(network=storage.load(path)[1]["network"] | changes)(path)


def array(name, change):
    def write(path):
        arrays, said = storage.load(path)
        storage.save(path, arrays | {name: change(arrays[name])}, said)

    return write


def rows(*changes):
    """The vocabulary's last rows."""

    def write(path):
        before = storage.load(path)[1]["vocabulary"][: -len(changes)]
        header(vocabulary=[*before, *changes])(path)

    return write


CENTRAL, LAST = b"PK\1\2", b"PK\5\6"
PARTS = ("tokenizer", "vocabulary", "network", "carry_state", "history")
HUGE = 10**12
HOSTILE = {
    # What it is in.
    "nothing": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("To be, or not to be\n"),
    "noise": lambda path: path.write_bytes(random.Random(0).randbytes(5000)),
    "a zip of nothing": lambda path: put_together(path, {}),
    "arrays alone": lambda path: np.savez(path, W=np.zeros(3)),
    "one array": lambda path: path.write_bytes(npy()),
    "deflated": lambda path: put_together(path, taken_apart(path), zipfile.ZIP_DEFLATED),
    "zip bomb": lambda path: path.write_bytes(bomb()),
    "zip bomb in a member": member("W.npy", bomb()),
    "overlapping members": overlapping,
    "many members": lambda path: put_together(path, {f"{number}.npy": b"" for number in range(2000)}),
    "each member twice": lambda path: put_together(path, [*taken_apart(path).items()] * 2),
    "a member more": member("X.npy", npy()),
    "a member with a path": member("../../W.npy", npy()),
    "a member with a long name": member("W" * 60_000, npy()),
    "a member of two lines": member("W\nX.npy", npy("(3,)")),
    "a folder": member("W/", b""),
    "no header": without("header.npy"),
    "an array missing": without("W.npy"),
    "compressed to 2 GB": record(CENTRAL, 20, "<I", 1 << 31),
    "2 GB in size": record(CENTRAL, 20, "<II", 1 << 31, 1 << 31),
    "less in size": record(CENTRAL, 24, "<I", 10),
    "encrypted": record(CENTRAL, 8, "<H", 1),
    "of an unknown method": record(CENTRAL, 10, "<H", 99),
    "of a later zip": record(CENTRAL, 6, "<H", 99),
    "a member far away": record(CENTRAL, 42, "<I", 0xFFFFFFF0),
    "a directory of 4 GB": record(LAST, 12, "<I", 0xFFFFFFF0),
    "a directory far away": record(LAST, 16, "<I", 0xFFFFFFF0),
    "all numbers at their most": record(LAST, 4, "<4H2L", *[0xFFFF] * 4, 0xFFFFFFFF, 0xFFFFFFFF),
    "a comment": record(LAST, 20, "<H", 9),
    # What an array says of itself.
    "pickle": member("W.npy", pickled()),
    "10^12 elements": member("W.npy", npy(f"({HUGE},)")),
    "10^12 elements of no size": member("W.npy", npy(f"({HUGE}, 0)", body=b"")),
    "a negative shape": member("W.npy", npy("(-4,)")),
    "two negative lengths": member("W.npy", npy("(-2, -2)")),
    "a shape beyond 64 bits": member("W.npy", npy("(4294967296, 4294967296)")),
    "a length beyond 64 bits": member("W.npy", npy("(18446744073709551620,)")),
    "a thousand dimensions": member("W.npy", npy("(4, " + "1, " * 1000 + ")")),
    "a megabyte of dimensions": member("W.npy", npy("(" + "1, " * 350_000, length=9)),
    "another shape": member("W.npy", npy("(2, 2)")),
    "big-endian": member("W.npy", npy(dtype="'>f4'")),
    "objects": member("W.npy", npy(dtype="'|O'")),
    "halves": member("W.npy", npy("(8,)", dtype="'<f2'")),
    "records": member("W.npy", npy(dtype="[('a', '<f4')]")),
    "a call": member("W.npy", npy(dtype="__import__('os').mkdir('trapped')")),
    "a header longer than it is": other_length(120),
    "a header shorter than it is": other_length(20),
    "a header of floats": member("header.npy", npy()),
    "transposed": array("U", np.transpose),
    "with an axis more": array("b_y", lambda b_y: b_y[:, None]),
    "nan": array("W", lambda W: W * np.nan),
    "one inf": array("V", lambda V: np.append(V.ravel()[1:], np.float32(np.inf)).reshape(V.shape)),
    "float64": array("W", np.float64),
    "integers": array("b_a", np.int32),
    # What its JSON is.
    "no JSON": text(b"{", b"["),
    "nested without end": text(b'{"note"', b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b', "note"'),
    "5000 digits": text(b'["e", 9]', b'["e", ' + b"9" * 5000 + b"]"),
    "NaN": text(b'{"note"', b'{"loss": NaN, "note"'),
    "infinity": text(b'{"note"', b'{"loss": -Infinity, "note"'),
    "no UTF-8": text("词".encode(), b"\xff"),
    "a key twice": text(b'"history"', b'"network": {"m": 9}, "history"'),
    "half a character": text(b'["e", 9]', b'["\\ud83d", 9]'),
    # What it says.
    "no format": header(format=...),
    "another format": header(format="rnn training state"),
    "a format of two lines": header(format="a\nb"),
    "a long format": header(format="x" * 100_000),
    "a format of lists": header(format=[[[]]]),
    **{
        f"version {version!r}"[:40]: header(version=version)
        for version in (..., 0, -1, "2", True, 2.0, None, [2], 3, 10**30, "2" * 10_000)
    },
    "version 1e400": text(b'"version": 2', b'"version": 1e400'),
    **{f"without {name}": header(**{name: ...}) for name in PARTS},
    **{f"{name} null": header(**{name: None}) for name in PARTS},
    "a tokenizer unknown": header(tokenizer={"name": "words"}),
    "a tokenizer of lists": header(tokenizer={"name": []}),
    "a tokenizer by its name": header(tokenizer="char"),
    "a tokenizer's setting unknown": header(tokenizer={"name": "char", "a\nb": 1}),
    "a tokenizer's setting no string": header(tokenizer={"name": "char", "normalize": []}),
    "a tokenizer's words for none": header(tokenizer={"name": "char", "user_dict": [["a", 1]]}),
    "a tokenizer's word of huge frequency": header(tokenizer={"name": "jieba", "user_dict": [["a", 10**30]]}),
    "a tokenizer's long word": header(tokenizer={"name": "jieba", "user_dict": [["a" * 100_000, 1]]}),
    "carry_state a word": header(carry_state="no"),
    "history a list": header(history=[["note", 1]]),
    "spelling a list": header(spelling=[]),
    "spelling of no tokens": header(spelling={"": {"a": 1}}),
    "spelling of huge counts": header(spelling={"": {"a": 10**30}, "a": {"": 10**30}}),
    "vocabulary an object": header(vocabulary={"ab": 1}),
    "vocabulary a word": header(vocabulary="eabcd"),
    "vocabulary empty": header(vocabulary=[]),
    "a token less": header(vocabulary=[["e", 9]]),
    "a token more": header(vocabulary=[[token, 1] for token in "eabcdf"]),
    "a token twice": rows(["e", 1]),
    "a token empty": rows(["", 1]),
    "a token a number": rows([1, 1]),
    "a token alone": rows(["x"]),
    **{f"count {count!r}": rows(["x", count]) for count in (True, -1, 1.5, "1", None, 10**23)},
    **{f"m {m!r}": network(m=m) for m in (7, 9, HUGE, -8, 0, 8.0, "8", None, True, [8])},
    **{f"n {n!r}": network(n=n) for n in (3, 5, HUGE, -4, 0, 4.0, "4", None, True)},
    "n of 4000 digits": network(n=10**4000),
    **{f"layers {layers!r}": network(layers=layers) for layers in (0, -1, 2, 10**9, HUGE, True, 1.0, None)},
    **{f"embedding {size!r}": network(embedding=size) for size in (-1, 4, HUGE, False, 0.0, "0")},
    **{f"cell {cell!r}": network(cell=cell) for cell in ("gru", "qrnn", "", [], None, "x\ny")},
    "a long cell": network(cell="x" * 100_000),
    **{f"output {output!r}": network(output=output) for output in ("adaptive", "tree", None)},
    **{f"tie {tie!r}": network(tie=tie) for tie in (True, 1, "true", None)},
    "tied at another size": network(tie=True, embedding=3),
    "cutoffs of a softmax": network(cutoffs=[3]),
    "cutoffs null": network(cutoffs=None),
    **{
        f"cutoffs {cutoffs!r}": network(output="adaptive", cutoffs=cutoffs)
        for cutoffs in ([], [4], [4, 4], [5, 3], [0], [8], [HUGE], [-1], [1.5], [True], "46", [[4]])
    },
    "cutoffs of classes": network(output="classes", cutoffs=[4]),
    "a thousand cutoffs": network(output="adaptive", cutoffs=[*range(1, 1000)]),
    "another entry": network(depth=2),
    "another entry of two lines": network(**{"a\nb": 2}),
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Their bytes, by their names."""
    path, files = tmp_path_factory.mktemp("hostile") / "m.npz", {}
    model().save(path)
    whole = path.read_bytes()
    for name, craft in HOSTILE.items():
        path.write_bytes(whole)
        craft(path)
        files[name] = path.read_bytes()
    return files


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_memory_that_its_size_accounts_for(
    tmp_path, path, name, hostile, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path.write_bytes(hostile[name])
    tracemalloc.start()
    try:
        refused(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < TIMES * path.stat().st_size + 1_000_000
    assert [*tmp_path.iterdir()] == [path]  # nothing in it was run


def test_a_version_from_the_future_is_told_from_one_that_never_was(path):
    for version, newer in [(3, True), (10**30, True), (0, False), (-1, False), (True, False), ("3", False)]:
        model().save(path)
        header(version=version)(path)
        assert ("written by a newer rnn" in refused(path)) == newer


PIECES = ["[],", "{},", '{"":0},', "[1],", '"ab",', '"词词",', "1.5,", '"😀' + "a" * 5000 + '",']


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece[:8])
def test_a_large_header_takes_memory_that_its_size_accounts_for(path, piece):
    model().save(path)
    many = piece * (500_000 // len(piece.encode()))
    text(b'{"note"', f'{{"many": [{many} 0], "note"'.encode())(path)
    tracemalloc.start()
    try:
        loaded = LanguageModel.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(loaded.history["many"]) > 90
    assert peak < TIMES * path.stat().st_size


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is of Linux")
def test_all_of_them_are_refused_by_a_process_that_may_take_no_memory(tmp_path, hostile):
    paths = [str(tmp_path / f"{number}.npz") for number in range(len(hostile))]
    for path, data in zip(paths, hostile.values(), strict=True):
        Path(path).write_bytes(data)
    code = """
import resource, sys
from pathlib import Path
from rnn_cli import LanguageModel
from rnn_cli.errors import RnnError
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 64 * 2**20,) * 2)
for path in sys.argv[1:]:
    try:
        LanguageModel.load(path)
    except RnnError:
        print(path)
"""
    command = [sys.executable, "-c", code, *paths]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert done.stderr == ""
    assert done.stdout.split() == paths


# Commands, each on each of them.


COMMANDS = {
    "sample": ["--length", "3", "--model"],
    "score": ["corpus.txt", "--model"],
    "info": [],
    "gradcheck": ["--model"],
}


def tell(capsys, command, path):
    """What a command says of a model: its exit status, standard output, standard error."""
    status = run([command, *COMMANDS[command], str(path)])
    return status, *capsys.readouterr()


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("bea ae\n词 eb x\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_tells_of_a_hostile_file_in_one_line(corpus, path, command, hostile, capsys):
    for name, data in hostile.items():
        path.write_bytes(data)
        status, out, err = tell(capsys, command, path)
        assert (status, out) == (1, ""), name
        assert err.startswith(f"rnn: error: {path}: "), name
        assert len(err.splitlines()) == 1, name
        assert err[:-1].isprintable(), name
        assert "a defect of rnn" not in err, name


def deep(levels):
    """Lists in lists, as JSON."""
    return b"[" * levels + b"]" * levels


ODD = {
    "weights of 3e38": lambda path: [array(name, lambda w: np.sign(w) * 3e38)(path) for name in "UWV"],
    "weights of 1e-45": lambda path: [array(name, lambda w: w * 0 + 1e-45)(path) for name in "UWV"],
    "a history of other things": header(history={"epochs": 3, "step": [], "training": "x", "note": None}),
    "a history of large things": header(history={"note": "x" * 10_000, "step": 10**4000, "epoch": 1}),
    "losses beyond numbers": text(b'{"note"', b'{"epochs": [{"train_loss": 1e400}], "note"'),
    "a history of many lines": header(history={"training": {"a\nb\x1b[2J": "\x07\n"}}),
    "a history nested deep": text(b'{"note"', b'{"deep": ' + deep(800) + b', "note"'),
    "a history nested deep in what is printed": text(
        b'{"note"', b'{"training": {"x": ' + deep(800) + b'}, "note"'
    ),
    "counts of nothing": header(vocabulary=[[token, 0] for token in "ea词b "]),
    "tokens that move a cursor": rows(["\x1b[2J", 1], ["\n", 1], ["\u202e", 1]),
    "tokens that no tokenizer cuts": header(tokenizer={"name": "space"}),
    "no spelling": header(spelling={}),
    "more than is known": header(later="something"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_whole_and_odd_is_used_or_refused_in_one_line(corpus, path, name, command, capsys):
    model().save(path)
    ODD[name](path)
    status, _, err = tell(capsys, command, path)
    assert "a defect of rnn" not in err
    assert "Traceback" not in err
    if command != "gradcheck" and status:
        assert (status, len(err.splitlines())) == (1, 1), err


# What is no file.


@contextmanager
def within(seconds):
    """Fail what takes longer, as it would wait for ever."""

    def late(*_):
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def listening(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


NO_FILES = {
    "no such": (lambda path: None, "no such file"),
    "folder": (Path.mkdir, "Is a directory"),
    "pipe": (os.mkfifo, "not a regular file"),
    "socket": (listening, "No such device"),
    "loop": (lambda path: path.symlink_to(path), "symbolic links"),
    "link to nothing": (lambda path: path.symlink_to("nothing"), "No such file"),
    "link to a pipe": (lambda path: (os.mkfifo("pipe"), path.symlink_to("pipe")), "not a regular file"),
    "zeros": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "null": (lambda path: path.symlink_to("/dev/null"), "not a regular file"),
    "noise": (lambda path: path.symlink_to("/dev/urandom"), "not a regular file"),
    "standard input": (lambda path: path.symlink_to("/dev/stdin"), ""),
}


@pytest.mark.skipif(os.name != "posix", reason="these are of POSIX")
@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_no_file_is_told_at_once(corpus, path, name, capsys):
    make, told = NO_FILES[name]
    make(path)
    for command in COMMANDS:
        with within(20):
            status, out, err = tell(capsys, command, path)
        assert (status, out) == (1, "")
        assert err.startswith(f"rnn: error: {path}: ")
        assert len(err.splitlines()) == 1
        assert told in err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read_is_told(path):
    model().save(path)
    path.chmod(0)
    assert "Permission denied" in refused(path)


def test_a_name_that_no_file_can_have_is_told(tmp_path):
    refused(tmp_path / f"{'x' * 300}.npz")
    refused("a\0b.npz")


# Headers by chance.


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10)
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from([0, 1, 8, 10**9, 2**53, 2**63, "tanh", "softmax", "classes", "char", "rnn model"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value, before=()):
    """The way to all that JSON holds."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*before, key)
        yield from places(each, (*before, key))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_a_header_changed_by_chance_is_refused_or_makes_a_model_that_works(tmp_path_factory, kind, data):
    path = tmp_path_factory.getbasetemp() / "chance.npz"
    one = model(kind)
    one.save(path)
    arrays, said = storage.load(path)
    for _ in range(data.draw(st.integers(1, 3))):
        way = data.draw(st.sampled_from([*places(said)]))
        inside = said
        for key in way[:-1]:
            inside = inside[key]
        change = data.draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if change == "remove":
            del inside[way[-1]]
        elif change == "add" and isinstance(inside, list):
            inside.insert(way[-1], data.draw(json_values))
        elif change == "add":
            inside[data.draw(st.text(max_size=5))] = data.draw(json_values)
        else:
            inside[way[-1]] = data.draw(json_values)
    try:
        storage.save(path, arrays, said)
    except ValueError:  # an infinite number
        return
    loaded, _ = attempt(path)
    if loaded is None:
        return
    assert loaded.network.m == loaded.lexicon.vocabulary.size
    assert isinstance(loaded.sample("ea", length=5, seed=1)[0], str)
    loaded.save(path)
    assert everything(LanguageModel.load(path)) == everything(loaded)
