"""Messages on a terminal end their lines between words."""

import os
import pty
import select
import sys
import termios

import pytest

from rnn_cli.cli import console
from rnn_cli.cli.wrapping import wrapped
from rnn_cli.printing import columns

MESSAGES = {
    "words": "rnn: warning: moods.tsv: read as plain text, all its columns, and --task learns from one",
    "Chinese": "rnn: 警告：文本中的词大多只出现一次（超过一半），换一种分词“更合适”：按字符切分，词表小。",
    "both": "    文本 t.txt 中有 12,000 个 token，其中 20% 是 UNK；用 char 分词则没有（见 README）。",
}


@pytest.mark.parametrize("width", [24, 40, 80])
@pytest.mark.parametrize("kind", MESSAGES)
def test_no_line_is_wider_and_none_ends_inside_a_word(kind, width):
    text = MESSAGES[kind]
    lines = wrapped(text, width)
    assert len(lines) > 1
    assert max(map(columns, lines)) <= width
    assert [word for line in lines for word in line.split() if word.isascii()] == [
        word for word in text.split() if word.isascii()
    ]
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert not [line for line in lines if line.lstrip()[0] in "，。、：；）”%" or line[-1] in "（“"]
    assert len({len(line) - len(line.lstrip()) for line in lines}) == 1


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        (
            "no such file: rnn train TEXT --model a/long/name/m.npz, or another",
            30,
            ["no such file:", "rnn train TEXT --model a/long/name/m.npz,", "or another"],
        ),
        (
            "see `cat a.txt b.txt c.txt > all.txt` first",
            12,
            ["see", "`cat a.txt b.txt c.txt > all.txt`", "first"],
        ),
        (
            "換一種方式：rnn train t.txt -t char（快）",
            16,
            ["換一種方式：", "rnn train t.txt -t char", "（快）"],
        ),
        ("two columns: --column 'a b' reads one", 24, ["two columns:", "--column 'a b' reads one"]),
        ("(rnn cache lists them) now", 10, ["(rnn cache lists them)", "now"]),
    ],
)
def test_what_is_copied_stays_on_a_line(text, width, lines):
    assert wrapped(text, width) == lines


@pytest.mark.parametrize("text", ["", " ", "short", "  two  words", "x" * 90])
def test_what_fits_or_has_no_place_to_part_stays_as_it_is(text):
    assert wrapped(text, 40) == [text]


@pytest.mark.parametrize("width", [0, 30])
def test_a_terminal_gets_lines_of_its_width_and_a_file_one_line(width, monkeypatch, capfd):
    """A terminal that does not know its width gets one line too."""
    said = {"rnn: error: ": console.error, "rnn: warning: ": console.warn, "": console.say}
    message = "a message of many words, which no terminal of thirty columns has room for"
    monkeypatch.setattr(console, "_is_muted", False)
    for say in said.values():
        say(message)
    assert capfd.readouterr().err.splitlines() == [f"{start}{message}" for start in said]
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, width))
    with open(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        for start, say in said.items():
            say(message)
            shown = b""
            while select.select([master], [], [], 0.1)[0]:  # a terminal may give its line in pieces
                shown += os.read(master, 1 << 12)
            lines = shown.decode().splitlines()
            assert " ".join(lines) == f"{start}{message}"
            assert (len(lines) > 1) == (width > 0)
            assert max(map(len, lines)) <= (width or 200)
    os.close(master)
