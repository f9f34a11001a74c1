"""Numbers, names and surroundings that mean harm, or were never thought of: each command ends as the contract
says, with a line that tells, and nothing lost."""

import contextlib
import importlib
import inspect
import io
import math
import os
import random
import re
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import types
import typing
from pathlib import Path

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnn_cli import LanguageModel, storage
from rnn_cli.cli.app import COMMANDS, app, run
from rnn_cli.errors import RnnError
from rnn_cli.runs.settings import FILES as SETTINGS_OF_A_FILE

GROUP = typer.main.get_command(app)
HUGE = str(10**23)
SMALL = ("--tokenizer", "char", "--preset", "tanh", "--hidden", "4", "--epochs", "1")


def parameters(command):
    """Each parameter of a command as the parser has it, with its type and what typer was told of it."""
    function = getattr(importlib.import_module(f"rnn_cli.cli.commands.{command}"), command)
    hints = inspect.signature(function).parameters
    for parameter in GROUP.get_command(None, command).params:
        if parameter.name in hints:
            kind, told = typing.get_args(hints[parameter.name].annotation)
            yield parameter, (typing.get_args(kind) or (kind,))[0], told


# Numbers.

NUMERIC = [
    pytest.param(command, parameter.name, parameter.opts[0], kind, told, id=f"{command} {parameter.opts[0]}")
    for command in COMMANDS
    for parameter, kind, told in parameters(command)
    if kind in (int, float)
]
NEVER = ["nan", "inf", "-inf", "1e400", "-1e400", "", " ", "0x10", "many", "9" * 5000, "½", "1;2", "--", "1e"]
NO_WHOLE = ["1.5", "1e3", "1e-400"]
NUMBERS = ["-1", "0", "1", "1_000", "０", "٣", "+1", " 1", "-0", "1.0", "1000000", HUGE, "-" + HUGE]


def test_there_are_numbers_to_try():
    assert len(NUMERIC) > 35


@pytest.mark.parametrize(("command", "name", "option", "kind", "told"), NUMERIC)
def test_a_number_is_refused_with_its_option_named_or_is_one_in_range(
    command, name, option, kind, told, fails
):
    parser = GROUP.get_command(None, command)
    assert told.min is not None  # none of them may be negative
    for value in [*NEVER, *NO_WHOLE, *NUMBERS]:
        try:
            number = parser.make_context(command, [option, value]).params[name]
        except typer.TyperException:
            assert option in fails(2, command, option, value)
            continue
        assert value in NUMBERS or (value in NO_WHOLE and kind is float), f"{value!r} is taken for {number}"
        assert number == (float if "." in value else kind)(value)
        assert math.isfinite(number)
        assert told.min <= number <= (math.inf if told.max is None else told.max)


NO_TIMES = ["-1", "0", "nan", "inf", "1e400", "", " ", "1_000", "０", "3０s", "0x10", HUGE, f"{HUGE}s"]
NO_TIMES += ["30 s", "30S", "-5s", "1.5h", "9" * 5000, "s", "1d", "5s\n"]


@pytest.mark.parametrize("value", NO_TIMES)
def test_what_is_no_interval_is_refused(value, fails):
    assert "--save-every" in fails(2, "train", "--save-every", value)


@pytest.mark.parametrize(
    "options",
    [
        ["train", "corpus.txt", "--hidden", "1000000"],
        ["train", "corpus.txt", "--hidden", "1000000", "--layers", "64", "--cell", "lstm"],
        ["train", "corpus.txt", "--embedding", "1000000", "--hidden", "1000000", "--output", "adaptive"],
        ["bench", "--hidden", "1000000"],
        ["bench", "--hidden", "1000000", "--layers", "64", "--cell", "lstm"],
        ["bench", "--batch", "65536", "--bptt", "65536"],
    ],
    ids=" ".join,
)
def test_what_no_memory_can_hold_is_told_before_it_is_tried(options, corpus, fails):
    message = fails(1, *options)
    assert "--hidden" in message
    assert "--hidden" in message


# Names.

NAMES = {
    "dash": "-x",
    "option": "--force",
    "spaces": " two  words ",
    "chinese": "词语",
    "newline": "a\nb",
    "no UTF-8": os.fsdecode(b"\xff\xfe"),
    "markup": "[red]x[bold]",
    "escape": "\x1b[2J",
    "right to left": "\u202etxt",
    "quotes": "a'b\"c`d",
    "shell": "$HOME;*&~",
    "format": "%s{0}",
    "long": "x" * 225,
}


@pytest.fixture(params=NAMES)
def name(request):
    """A name as it is safe to give: not one that begins with a dash."""
    name = NAMES[request.param]
    try:
        Path(name).touch()
        Path(name).unlink()
    except OSError:
        pytest.skip("this file system has no such names")
    return f"./{name}" if name.startswith("-") else name


def test_files_may_have_any_name(name, corpus, rnn, english, write):
    write(name, english)
    text, model, log = name, f"{name}.npz", f"{name}.jsonl"
    counted = rnn("vocab", text, "--tokenizer", "char", "--out", f"{name}.v")
    files = ["--vocab", f"{name}.v", "--model", model, "--log", log, "--valid", text]
    trained = rnn("train", text, *SMALL[2:], *files)
    resumed = rnn("train", "--resume", "--epochs", "2", "--model", model)
    assert all(line.isprintable() for said in (counted, trained, resumed) for line in said.err.split("\n"))
    rnn("train", text, "--init", model, "--model", f"{name}.2.npz", "--epochs", "1", "--quiet")
    rnn("sample", "--model", model)
    rnn("info", model)
    assert rnn("score", text, "--model", model, "--baseline", text).out


def test_a_name_that_begins_with_a_dash_is_taken_after_two(rnn, english, write, fails):
    write("-x.txt", english)
    assert rnn("vocab", "--tokenizer", "char", "--", "-x.txt").out
    fails(2, "vocab", "-x.txt")
    rnn("train", *SMALL, "--quiet", "--model", "-m.npz", "--", "-x.txt")
    assert rnn("sample", "--model", "-m.npz").out


def is_file_option(parameter, kind, told):
    named = told.metavar or ""
    return kind is Path or "FILE" in named or "TRAIN.txt" in named or "CORPUS" in named


OUTPUTS = {("train", "model"), ("train", "log"), ("vocab", "out"), ("export", "out"), ("plot", "out")}
FILES = [
    (command, parameter.name, parameter.opts[0])
    for command in COMMANDS
    for parameter, kind, told in parameters(command)
    if (kind is Path and told.metavar != "FOLDER")
    or any(name in (told.metavar or "") for name in ("FILE", "TRAIN.txt", "CORPUS"))
]
NO_FILE = {
    "nothing": "",
    "here": ".",
    "above": "..",
    "root": "/",
    "folder": "folder",
    "in no folder": "nowhere/x",
    "in a file": "corpus.txt/x",
    "loop": "loop",
    "too long": "x" * 300,
    "a long way": "x/" * 3000,
}
NO_INPUT = {
    "missing": "nowhere\n[/red]\udcff\x1b[2J",
    "link to nothing": "dangling",
    "dash": "-nowhere",
    "empty": "/dev/null",
    "zeros": "/dev/zero",
    "noise": "/dev/urandom",
}


def named_files():
    for command, name, option in FILES:
        for why, path in (NO_FILE if (command, name) in OUTPUTS else NO_FILE | NO_INPUT).items():
            if name in ("train_text", "baseline") and why == "empty":  # n-grams of nothing are a baseline too
                continue
            if (command, name, why) == ("predict", "files", "noise"):  # may hold lines before a bad byte
                continue
            if name in ("corpus", "valid") and why in ("here", "above", "root"):  # whose texts are read
                continue
            yield pytest.param(command, name, option, path, id=f"{command} {name}: {why}")


def command_line(command, name, option, path, model):
    """One that would do, but for the file that this parameter names."""
    line = {"train": ["train", *SMALL], "vocab": ["vocab", "-t", "char"]}.get(command, [command])
    if name in ("vocab", "init", "user_dict"):  # which say themselves what the others would
        line = [command]
    if command in ("sample", "score", "predict", "test") and name != "model":
        line += ["--model", model]
    if command in ("sample", "score", "next") and name in ("valid", "baseline"):
        line += ["--mix", *(["--baseline", "corpus.txt"] if name == "valid" else [])]
    if command == "next" and name != "model":
        line += ["--model", model, "a"]
    if (command in ("train", "vocab") and name != "corpus") or (command == "score" and name != "files"):
        line += ["corpus.txt"]
    if command == "test" and name != "files":
        line += ["pairs.tsv"]
    if command in ("plot", "export") and name == "out":
        line += [model]
    if command == "export":
        line += ["--to", "word2vec", *([] if name == "out" else ["--out", "vectors.txt"])]
    return [*line, f"{option}={path}"] if option.startswith("-") else [*line, "--", path]


def test_there_are_files_to_name():
    assert len(FILES) > 12
    assert {(command, name) for command, name, _ in FILES} >= OUTPUTS


@pytest.mark.skipif(os.name != "posix", reason="these are of POSIX")
@pytest.mark.parametrize(("command", "name", "option", "path"), [*named_files()])
def test_what_is_no_file_is_refused_and_nothing_is_written(
    command, name, option, path, folder, corpus, models, model_of_labels, fails, monkeypatch
):
    """A setting without a name is a fault of the command line."""
    monkeypatch.setitem(sys.modules, "matplotlib", types.ModuleType("matplotlib"))  # nothing gets so far
    is_setting = command in ("train", "vocab") and name in SETTINGS_OF_A_FILE
    is_model = name == "model" or command == "info"
    is_unnamed = path in ("", ".") if is_model else path == "" and is_setting
    has_no_kind = (command, name) == ("plot", "out")  # whose name ends in .svg or .png
    status = 2 if is_unnamed or has_no_kind else 1
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nothing")
    with within(20):
        Path("pairs.tsv").write_text("good\tyes\nbad\tno\n")
        model = model_of_labels if command in ("predict", "test") else models["char"]
        assert fails(status, *command_line(command, name, option, path, model))


@contextlib.contextmanager
def within(seconds):
    """End what takes longer, as it would wait for ever."""

    def late(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# Never as root with a device of the system: what replaces files would replace it.
@pytest.mark.skipif(os.name != "posix", reason="pipes are of POSIX")
@pytest.mark.parametrize(
    "line",
    [
        ("train", "--model", "pipe"),
        ("train", "--model", "pipe", "-f"),
        ("train", "--model", "beside"),
        ("vocab", "--out", "pipe"),
        ("train", "--log", "pipe"),
    ],
    ids=" ".join,
)
def test_a_pipe_is_not_replaced_by_a_file(line, folder, corpus, rnn, one_line):
    os.mkfifo("pipe")
    os.mkfifo("beside.state.npz")
    command, *options = line
    with within(3):
        said = rnn(command, corpus, *(SMALL if command == "train" else SMALL[:2]), *options, status=1)
    assert "not a regular file" in one_line(said.err)
    for name in ("pipe", "beside.state.npz"):
        assert stat.S_ISFIFO(os.stat(name).st_mode)


@pytest.mark.parametrize("way", ["corpus.txt", "./corpus.txt", "link.txt", "hard.txt", "here/corpus.txt"])
@pytest.mark.parametrize("line", ["train --model", "train -f --model", "train --log", "vocab -f --out"])
def test_a_text_is_never_written_over(way, line, folder, corpus, fails):
    (folder / "link.txt").symlink_to(corpus)
    (folder / "hard.txt").hardlink_to(corpus)
    (folder / "here").symlink_to(".")
    command, *options = line.split()
    for read, written in [(corpus, way), (way, corpus)]:
        message = fails(2, command, read, *(SMALL if command == "train" else SMALL[:2]), *options, written)
        assert "also read or written here" in message


HEAD = '{"format": "rnn vocabulary", "version": 1, "tokenizer": "char"}'
VOCABULARIES = {
    "empty": "",
    "text": "To be, or not to be",
    "noise": "\0\1\2\3" * 1000,
    "no head": '["a", 1]\n["b", 1]',
    "a list": "[]",
    "a duplicate": f'{HEAD}\n["a", 2]\n["b", 1]\n["a", 1]',
    "a hole": f'{HEAD}\n["a", 2]\nnull\n["b", 1]',
    "a row of none": f'{HEAD}\n["a", 2]\n[]\n["b", 1]',
    "half a row": f'{HEAD}\n["a", 2]\n["b", ',
    "no tokens": HEAD,
    "a count of 10^23": f'{HEAD}\n["a", {HUGE}]\n["b", 1]',
    "a count of 5000 digits": f'{HEAD}\n["a", {"9" * 5000}]\n["b", 1]',
    "a negative count": f'{HEAD}\n["a", -1]\n["b", 1]',
    "nan": f'{HEAD}\n["a", NaN]\n["b", 1]',
    "half a character": f'{HEAD}\n["\\ud800", 1]\n["b", 1]',
    "nested": f"{HEAD}\n" + "[" * 100_000,
    "version 2": HEAD.replace("1", "2"),
    "a tokenizer of lists": HEAD.replace('"char"', "[[]]"),
}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_vocabulary_that_is_none_is_one_line_with_its_place(name, corpus, fails):
    Path("words.v").write_text(VOCABULARIES[name], encoding="utf-8")
    message = fails(1, "train", corpus, "--vocab", "words.v")
    assert message.startswith("words.v: ")
    assert len(message) < 300


@pytest.mark.parametrize("encoding", ["utf-7", "unicode_escape", "raw_unicode_escape"])
def test_a_text_of_halves_of_characters_is_refused(encoding, fails):
    lines = ["ab", "ba", "\udc80a", "abc"] * 5
    Path("halves.txt").write_bytes("\n".join(lines).encode(encoding, "surrogatepass"))
    for command in ("vocab", "train"):
        assert "line 3" in fails(1, command, "halves.txt", "--encoding", encoding, "--tokenizer", "char")


@pytest.mark.skipif(os.name != "posix", reason="pipes are of POSIX")
@pytest.mark.parametrize("command", ["vocab", "train"])
def test_a_text_may_come_through_a_pipe(command, rnn, english):
    os.mkfifo("pipe")
    content = "".join(f"{line}\n" for line in english)
    writer = threading.Thread(target=Path("pipe").write_text, args=(content,), daemon=True)
    writer.start()
    with within(20):
        rnn(command, "pipe", *(SMALL if command == "train" else SMALL[:2]))
    writer.join(5)


@pytest.fixture
def run_line(capsys):
    """Run a command line on m.npz; -> its exit status, and what it said on standard error."""

    def call(*arguments):
        capsys.readouterr()
        with within(20):
            status = run([*arguments, "--model", "m.npz"])
        return status, capsys.readouterr().err

    return call


@pytest.fixture
def state(corpus, rnn):
    """The file of a training state, of a run that may go on."""
    rnn("train", corpus, *SMALL, "--quiet", "--model", "m.npz")
    return Path("m.state.npz")


def test_a_damaged_training_state_is_one_line(state, run_line, one_line):
    whole, refused = state.read_bytes(), 0
    for bit in random.Random(0).sample(range(8 * len(whole)), 100):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        state.write_bytes(flipped)
        status, err = run_line("train", "--resume", "--quiet")
        assert status == (1 if err else 0)
        if err:
            refused += 1
            assert one_line(err).startswith(f"{state}: ")
    assert refused > 50


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": {"schedule": []}},
        {"settings": {"lr": None}},
        {"settings": {"lr": "x"}},
        {"settings": {"seed": -1}},
        {"settings": {"hidden": True}},
        {"settings": {"hidden": ...}},
        {"settings": {"layers": 10**9}},
        {"settings": {"epochs": None}},
        {"settings": {"threads": None}},
        {"settings": {"corpus": None}},
        {"settings": {"corpus": [1]}},
        {"settings": {"encoding": "x"}},
        {"settings": None},
        {"window": [5, -1]},
        {"window": ["x", 1]},
        {"window": [5, 0]},
        {"window": [5]},
        {"cutoffs": [3]},
        {"fingerprint": 5},
        {"fingerprint": ...},
        {"vocabulary": []},
        {"position": {"curve": [1]}},
        {"position": {"epoch": True}},
        {"position": {"best_loss": "x"}},
        {"log": {"tokens": "x"}},
        {"log": {"file": ["x"]}},
        {"log": None},
    ],
    ids=str,
)
def test_a_training_state_that_was_made_up_is_one_line(changes, state, run_line, one_line):
    arrays, header = storage.load(state)
    storage.save(state, arrays, changed(header, changes))
    status, err = run_line("train", "--resume", "--epochs", "2", "--quiet")
    assert status == 1
    assert one_line(err).startswith(f"{state}: damaged")


def changed(header, changes):
    """JSON with these changes within; ... leaves an entry out."""
    new = {
        name: changed(header[name], change) if isinstance(change, dict) else change
        for name, change in changes.items()
    }
    return {name: value for name, value in (header | new).items() if value is not ...}


# Surroundings: in processes of their own.


POOR = {"TERM": "dumb", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
POOR |= {"TMPDIR": "/nowhere/at/all", "COLUMNS": "0", "LINES": "-1"}


@pytest.fixture
def poor(process, monkeypatch):
    """Run a command where there is no home, no terminal to speak of, no UTF-8 and no folder for what is
    temporary; -> what it did. Its words are ASCII."""

    def call(*arguments, **options):
        monkeypatch.delenv("HOME", raising=False)
        return process(*arguments, env=POOR, **options)

    return call


def test_poor_surroundings_change_no_model(poor, process, write, chinese, one_line):
    write("中文.txt", chinese)
    options = ["--preset", "tanh", "--hidden", "4", "--epochs", "1", "--threads", "1", "--min-count", "1"]
    done = poor("train", "中文.txt", *options, "--model", "poor.npz", "--log", "日志.jsonl")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert process("train", "中文.txt", *options, "--model", "rich.npz").returncode == 0
    poor_p, rich_p = (LanguageModel.load(path).p for path in ("poor.npz", "rich.npz"))
    assert all((poor_p[name] == rich_p[name]).all() for name in rich_p)
    sampled = poor("sample", "--model", "poor.npz", "--seed", "1", "--length", "20")
    assert (sampled.returncode, sampled.stderr) == (0, "")
    rich = process("sample", "--model", "rich.npz", "--seed", "1", "--length", "20").stdout
    assert sampled.stdout == rich  # data is UTF-8
    failed = poor("train", "没有.txt")
    assert failed.returncode == 1
    assert one_line(failed.stderr)


def test_two_processes_need_no_temporary_folder(poor):
    shape = ["--layers", "1", "--embedding", "0", "--no-tie", "--output", "softmax", "--hidden", "2"]
    done = poor("gradcheck", "--cell", "tanh", *shape)
    assert done.returncode == 0, done.stderr
    assert re.search(r"ok: [\d,]+ derivatives agree", done.stderr)


@pytest.mark.parametrize(
    "command",
    [
        "vocab corpus.txt -t char",
        "train corpus.txt -q -t char -n 4 -e 1",
        "score",
    ],
)
def test_no_temporary_folder_is_needed(command, corpus, rnn, models, monkeypatch):
    def none(*_, **__):
        raise FileNotFoundError(2, "No usable temporary directory found")

    for name in ("gettempdir", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory"):
        monkeypatch.setattr(tempfile, name, none)  # there is the folder of the cache
    if command == "score":
        command = f"score corpus.txt --model {models['char']}"
    rnn(*command.split())


def in_shell(line, *arguments):
    """Run a line of shell in which $RNN is the command."""
    rnn = f"{sys.executable} -c 'from rnn_cli.cli.app import main; main()'"
    return subprocess.run(
        ["sh", "-c", line.replace("$RNN", rnn), "sh", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


TRAIN = "$RNN train corpus.txt -t char --preset tanh -n 4 -e 2 --model m.npz"
SCORE = '$RNN score corpus.txt --model "$1"'
STREAMS = [
    *[f"{TRAIN} {closed}" for closed in ("<&-", ">&-", "2>&-")],
    *[f"{SCORE} {closed}" for closed in ("<&-", "2>&-")],
    f"{TRAIN} >/dev/full",
    f"{TRAIN} 2>/dev/full",
    f"{TRAIN} <&- >&- 2>&-",
    '$RNN gradcheck --model "$1" <&- 2>&-',
    '$RNN sample --model "$1" 2>/dev/full',
    "$RNN train nowhere.txt 2>/dev/full || exit $(($? - 1))",
    "$RNN train nowhere.txt 2>&- || exit $(($? - 1))",
    "$RNN train --hiden 3 2>&- || exit $(($? - 2))",
]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no /dev/full")
@pytest.mark.parametrize("line", STREAMS)
def test_a_stream_that_is_closed_or_full_is_no_reason_to_fail(line, corpus, models):
    done = in_shell(line, models["char"])
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "a defect of rnn" not in done.stderr
    if "m.npz" in line:
        assert LanguageModel.load("m.npz").network.n == 4


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no /dev/full")
@pytest.mark.parametrize("command", ["score corpus.txt --model", "info", "gradcheck --model"])
def test_data_that_cannot_be_written_is_an_error(command, corpus, models, one_line):
    for output, why in (("/dev/full", "No space left"), ("&-", "standard output: Bad file descriptor")):
        done = in_shell(f'$RNN {command} "$1" >{output}', models["char"])
        assert done.returncode == 1
        assert why in one_line(done.stderr)


def test_a_folder_that_is_gone_is_one_line(models, one_line):
    for command in ("$RNN train", "$RNN vocab corpus.txt", "$RNN sample --model m.npz"):
        done = in_shell(f"mkdir gone && cd gone && rmdir ../gone && {command}")
        assert done.returncode in (1, 2), done.stderr
        assert one_line(done.stderr)


# Command lines by chance.

WORDS = st.one_of(
    st.sampled_from(
        sorted({opt for c in COMMANDS for p, _, _ in parameters(c) for opt in [*p.opts, *p.secondary_opts]})
    ),
    st.sampled_from(["corpus.txt", "m.npz", "nowhere", "-", "--", "", ".", "char", "jieba", "tanh"]),
    st.sampled_from(["0", "1", "3", "0.5", "-1", "nan", "inf", "1e400", HUGE, "30s", "utf-8", "\udcff"]),
    st.sampled_from(["-qf", "-n3", "--hidden=3", "--hidden=", "-e", "-h", "--quiet=1", "-m=m.npz", "---"]),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=6),
)


def stand_in(*_, **__):
    raise RnnError("as far as this goes")


@pytest.fixture
def without_work(monkeypatch, models):
    """What takes long is left out."""
    Path("corpus.txt").write_text("Anna reads\nTom sees\n" * 5)
    Path("m.npz").write_bytes(models["char"].read_bytes())
    for name in (
        "runs.tasks.language.load_data",
        "runs.tasks.pair_files.read_pairs",
        "runs.trainer.Trainer.resume",
        "cli.commands.bench.benchmark",
        "cli.commands.gradcheck.check",
        "cli.commands.sample.print_samples",
        "cli.commands.sample.print_stream",
    ):
        monkeypatch.setattr(f"rnn_cli.{name}", stand_in)


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from([*COMMANDS, "", "trian"]), st.lists(WORDS, max_size=6))
def test_no_command_line_is_a_defect(without_work, command, words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), within(20):
        status = run([command, *words])
    told = err.getvalue()
    assert status in (0, 1, 2), told
    assert "Traceback" not in told
    assert "a defect of rnn" not in told
    assert all(line.isprintable() for line in told.split("\n"))
    assert told.count("rnn: error: ") == (status != 0)
    if status == 2:
        assert out.getvalue() == ""
        assert told.count("\n") == 1
