"""Numbers as colours and as blocks."""

import os
import re

import pytest

from rnn_cli.cli import strips
from rnn_cli.cli.strips import FULL, INDEXED, NONE, bar, colours, grouped, sparkline, strip

CODE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, INDEXED),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, FULL),
        ({"TERM": "xterm-direct"}, FULL),
        ({"TERM": "vt100"}, NONE),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, NONE),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit", "NO_COLOR": "1"}, NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, INDEXED),
    ],
)
def test_colours_are_those_of_the_terminal(environment, expected, monkeypatch):
    for name in ("TERM", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(strips.sys, "stdout", Terminal())
    assert colours() == expected


def test_there_are_no_colours_in_a_pipe(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert colours() == NONE


def test_without_colours_the_height_is_the_value():
    assert strip([-1, 0.99, -0.02, 5, -5], 5, -1, 1) == "▁█▄█▁"
    assert strip([0, 0.5, 1], 3, 0, 1) == "▁▅█"


@pytest.mark.parametrize("depth", [NONE, INDEXED, FULL])
@pytest.mark.parametrize(("values", "cells"), [(3, 3), (3, 8), (100, 7), (0, 4)])
def test_a_strip_has_the_width_that_was_asked_for(depth, values, cells):
    drawn = strip([0.5] * values, cells, -1, 1, depth)
    assert len(CODE.sub("", drawn)) == cells
    assert (depth == NONE) == (CODE.sub("", drawn) == drawn) or not values
    if values and depth != NONE:
        assert drawn.rstrip().endswith("\x1b[0m")


def test_both_signs_and_zero_have_colours_of_their_own():
    for depth in (INDEXED, FULL):
        codes = [strip([value], 1, -1, 1, depth) for value in (-1, 0, 1)]
        assert len({*codes}) == 3
        assert strip([1, 1], 2, -1, 1, depth).count("\x1b") == 2  # one colour, one reset


def test_of_many_numbers_the_one_farthest_from_zero_is_shown():
    assert grouped([0.1, -0.9, 0.2, 0.3], 2) == [-0.9, 0.3]
    assert grouped([1, 2, 3], 3) == [1, 2, 3]


def test_a_bar_is_as_long_as_its_share():
    assert [bar(share, 2) for share in (0, 0.25, 0.5, 1, 7)] == ["  ", "▌ ", "█ ", "██", "██"]
    assert [bar(share, 1) for share in (0, 1)] == ["▁", "█"]


def test_a_sparkline_has_its_first_and_its_last_number():
    assert sparkline([3.0, 2.0, 1.0], 1.0, 3.0, 48) == "█▅▁"
    many = sparkline([3.0, *[2.0] * 200, 1.0], 1.0, 3.0, 10)
    assert (len(many), many[0], many[-1]) == (10, "█", "▁")
    assert sparkline([2.0, 2.0], 2.0, 2.0, 48) == "▁▁"


def test_the_width_is_the_terminals(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert strips.width() == 80
    monkeypatch.setattr(strips.os, "get_terminal_size", lambda number: os.terminal_size((132, 50)))
    monkeypatch.setattr(strips.sys.stdout, "fileno", lambda: 1, raising=False)
    assert strips.width() == 132
    monkeypatch.setenv("COLUMNS", "60")
    assert strips.width() == 60
    monkeypatch.setenv("COLUMNS", "0")
    assert strips.width() == 132
