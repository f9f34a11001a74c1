"""How a run is divided among ranks, before it begins."""

import os
from types import SimpleNamespace

import pytest

from rnn_cli.errors import UsageError
from rnn_cli.runs.ranks import Division, _why_fewer, refuse_read_once
from rnn_cli.runs.settings import Settings
from rnn_cli.training.parallel.executor import ROWS
from rnn_cli.training.parallel.world import ALONE, Alone


class Two(Alone):
    size = 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((4, 1), (4, 1), True),
        ((4, 1), (1, 4), True),
        ((2, 2), (2, 2), True),
        ((2, 2), (4, 1), False),  # shards are summed on each machine first
        ((2, 2), (1, 4), False),
        ((4, 1), (2, 1), False),
    ],
)
def test_bits_are_the_same_where_the_same_shards_are_summed_in_the_same_order(one, other, same):
    assert Division(*one).same_bits(Division(*other)) == same
    assert Division(*other).same_bits(Division(*one)) == same


def test_standard_input_is_for_one_process():
    refuse_read_once(ALONE, Settings(corpus=["-"]))
    for settings in (Settings(corpus=["a.txt", "-"]), Settings(corpus=["a.txt"], valid="-")):
        with pytest.raises(UsageError, match="standard input"):
            refuse_read_once(Two(), settings)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
@pytest.mark.parametrize("name", ["corpus", "folder", "valid", "vocab", "user_dict"])
def test_a_pipe_is_for_one_process_whatever_is_read_from_it(name, tmp_path):
    (tmp_path / "t.txt").touch()
    pipe = tmp_path / "folder" / "pipe.txt"
    pipe.parent.mkdir()
    os.mkfifo(pipe)  # to open it would wait for ever
    text = str(tmp_path / "t.txt")
    given = {
        "corpus": {"corpus": [text, str(pipe)]},
        "folder": {"corpus": [str(pipe.parent)]},
    }
    settings = Settings(**given.get(name, {"corpus": [text], name: str(pipe)}))
    refuse_read_once(ALONE, settings)
    with pytest.raises(UsageError, match=r"pipe\.txt: .* cannot read a pipe: write .* to a file"):
        refuse_read_once(Two(), settings)


@pytest.mark.parametrize(
    ("flops", "rows", "ranks", "why"),
    [
        (1e9, 32, 1, "the run is too short to gain from more"),
        (1.0, 32, 1, "a step is too small to gain from more (a larger --batch or --hidden would help)"),
        (1e9, ROWS, 1, f"the batch has only {ROWS} rows (--batch)"),
        (1e9, 2 * ROWS, 2, f"the batch has only {2 * ROWS} rows (--batch)"),
    ],
)
def test_the_reason_is_named_for_which_ranks_have_no_rows(flops, rows, ranks, why):
    assert _why_fewer(SimpleNamespace(flops=flops, rows=rows, steps=16, ranks=ranks), 4) == why
