"""The texts shipped with the package."""

from importlib import resources

import pytest


@pytest.mark.parametrize("name", ["chinese.txt", "english.txt"])
def test_each_has_a_thousand_different_lines(name):
    text = (resources.files("rnn_cli.corpora") / name).read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(set(lines)) == len(lines) >= 1000
    assert all(line == line.strip() and line for line in lines)
    assert text.endswith("\n")


def test_no_sentence_frame_is_filled_in_a_thousand_times():
    for name, width in (("chinese.txt", 4), ("english.txt", 12)):
        lines = (resources.files("rnn_cli.corpora") / name).read_text(encoding="utf-8").splitlines()
        beginnings = {line[:width] for line in lines}
        assert len(beginnings) > len(lines) / 3
