"""What goes to a terminal, and how a run is stopped."""

import dataclasses
import io
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time

import pytest

from rnn_cli import LanguageModel
from rnn_cli.cli import console


def test_a_file_name_cannot_move_the_terminals_cursor(fails):
    """`fails` looks for one line of printable characters."""
    message = fails(1, "train", "a\x1b[31m\r\nb\x9b\u202e.txt", "--tokenizer", "char")
    assert r"a\x1b[31m\r\nb" in message


def test_a_text_cannot_move_the_terminals_cursor(train, write, english):
    write("corpus.txt", [f"\x1b[2J\x07{line}" for line in english])
    said = train("corpus.txt")
    assert all(c.isprintable() or c == "\n" for c in said.err)


ASCII = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


DATA = [  # every command that prints data, with something that no ASCII and no Latin 1 has
    ["vocab", "t.txt", "--tokenizer", "char"],
    ["sample", "--model", "m.npz", "--seed", "1", "--temperature", "2"],
    ["next", "--model", "m.npz", ""],
    ["next", "--model", "m.npz", "", "--json"],
    ["score", "--model", "m.npz", "t.txt", "--per-line"],
    ["score", "--model", "m.npz", "t.txt", "--per-token"],
    ["info", "m.npz", "--json"],
]
PRINT_ALL = f"""
import sys
from rnn_cli.cli.app import run
for command in {DATA!a}:
    print(len(command), flush=True)
    assert run(command) == 0
"""


@pytest.fixture
def chinese_model(models, write, chinese):
    """m.npz, a model of t.txt, whose history speaks Chinese too."""
    write("t.txt", chinese)
    model = LanguageModel.load(models["chinese"])
    dataclasses.replace(model, history={"note": "历史"}).save("m.npz")


@pytest.mark.parametrize("env", [*ASCII[::2], {"PYTHONIOENCODING": "latin-1:replace"}], ids=str)
def test_data_is_utf_8_whatever_the_terminal_speaks(env, chinese_model):
    def printed(env):
        command = [sys.executable, "-c", PRINT_ALL]
        done = subprocess.run(
            command, env=os.environ | env, capture_output=True, encoding="utf-8", timeout=60
        )
        assert "Traceback" not in done.stderr
        return done.stdout

    said = printed(env)
    assert said == printed({"PYTHONUTF8": "1"})
    of_each = re.split(r"^\d\n", said, flags=re.MULTILINE)[1:]
    assert len(of_each) == len(DATA)
    assert all(re.search("[\u4e00-\u9fff]", each) for each in of_each)


def test_data_has_the_line_ends_of_posix_everywhere(monkeypatch, capsysbinary):
    stream = io.TextIOWrapper(sys.stdout.buffer, "latin-1", newline="\r\n")
    monkeypatch.setattr(sys, "stdout", stream)
    console.settle_standard_streams()
    console.write_text("书\n")
    sys.stdout.flush()
    assert capsysbinary.readouterr().out == "书\n".encode()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_named_that_data_goes_to(unbuffered, process, chinese_model, one_line):
    for command in (DATA[0], DATA[4], ["--help"]):
        with open("/dev/full", "w") as full:
            done = process(*command, env={"PYTHONUNBUFFERED": unbuffered}, stdout=full)
        assert done.returncode == 1
        assert one_line(done.stderr) == "standard output: No space left on device"


def test_chinese_is_counted_and_trained_on_where_the_terminal_speaks_ascii(process, write, chinese):
    write("语料.txt", chinese)
    counted = process("vocab", "语料.txt", "--tokenizer", "char", env=ASCII[2])
    assert (counted.returncode, counted.stderr) == (0, "")
    options = ["--tokenizer", "char", "--hidden", "4", "--epochs", "1", "--log", "log.jsonl"]
    trained = process("train", "语料.txt", *options, env=ASCII[2])
    assert trained.returncode == 0, trained.stderr
    assert "error" not in trained.stderr


def on_a_terminal(started, *arguments):
    """What a command writes to a standard error that is a terminal."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    rnn = started(*arguments, stderr=slave)
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 1 << 16)
        except OSError:  # Linux's way to tell that no writer is left
            break
        if not piece:
            break
        said += piece
    os.close(master)
    assert rnn.wait(30) == 0
    assert rnn.stdout.read() == ""
    return said.decode()


def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(started, corpus):
    said = on_a_terminal(started, "train", corpus, "-t", "char", "-n", "8", "-e", "2")
    assert "%|" in said
    assert "tok/s" in said
    assert "epoch   2/2" in said
    *_, last, after = said.split("\r")
    assert (last.strip(), after) == ("", "")


def test_a_bar_leaves_room_for_the_signs_of_an_interrupt(started, corpus):
    """A terminal writes ^C where the cursor is: at the end of a full line it would begin another, and the bar
    above it would stay."""
    said = on_a_terminal(started, "train", corpus, "-t", "char", "-n", "8", "-e", "2")
    bars = [line for line in said.replace("\n", "\r").split("\r") if "%|" in line]
    for bar in bars:
        shown, _, after = bar.partition("\x1b[3D")
        assert len(shown) < 100
        assert shown.endswith("   ")
        assert after in ("", "\x1b[0m")  # tqdm ends a line that holds an escape so
    assert bars


def test_quiet_shows_no_bar_on_a_terminal_either(started, corpus):
    assert on_a_terminal(started, "train", corpus, "-t", "char", "-n", "8", "-e", "2", "--quiet") == ""


def test_an_interrupt_while_standard_input_is_read_ends_quietly_with_130():
    code = (
        "import signal, sys, rnn_cli.cli.commands.vocab\nfrom rnn_cli.cli.app import run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background job ignores it
        "print('here', flush=True)\nsys.exit(run(['vocab', '-', '--tokenizer', 'char']))"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], encoding="utf-8", **pipes) as rnn:
        assert rnn.stdout.readline() == "here\n"
        time.sleep(0.5)  # it waits for a line by now
        rnn.send_signal(signal.SIGINT)
        assert rnn.wait(30) == 130
        assert (rnn.stdout.read(), rnn.stderr.read()) == ("", "")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_control_characters_are_escaped_on_a_terminal_and_only_there(is_terminal, monkeypatch):
    class Stream(io.StringIO):
        def isatty(self):
            return is_terminal

    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    text = "a\x1b[31m\x00\t\x9b b\n👩\u200d👧 é"
    console.write_text(text)
    assert stream.getvalue() == ("a\\x1b[31m\\x00\t\\x9b b\n👩\u200d👧 é" if is_terminal else text)


@pytest.mark.parametrize(
    "command",
    [
        *("predict", "score", "next", "vocab -", "train -", "test -", "show -"),
        *("train - --task tag", "sample --prompts -"),
    ],
)
def test_a_closed_standard_input_is_an_error(command, fails, models, model_of_labels, monkeypatch):
    name, *options = command.split()
    if name not in ("vocab", "train"):
        options += ["--model", model_of_labels if name in ("predict", "test") else models["char"]]
    monkeypatch.setattr("sys.stdin", None)
    message = fails(1, name, *options)
    sys.stdin.close()  # what the command has put there
    assert message == "standard input is closed: name a file, or pipe a text in"
