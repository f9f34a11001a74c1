"""What goes to a terminal, and how a run is stopped."""

import io
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import pytest

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


@pytest.mark.parametrize("env", ASCII, ids=str)
def test_chinese_is_sampled_where_the_terminal_speaks_ascii(env, process, models):
    options = ["--num", "20", "--temperature", "2", "--seed", "1"]
    done = process("sample", "--model", models["chinese"], *options, env=env)
    assert done.stderr == ""
    assert done.returncode == 0
    assert "\\u" in done.stdout


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
