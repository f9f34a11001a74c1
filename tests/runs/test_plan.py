"""What a run will take, before it begins."""

import re
from pathlib import Path

import pytest

from rnn_cli import Resources, RnnError, Settings
from rnn_cli.machine import resident_memory
from rnn_cli.runs import memory
from rnn_cli.runs import plan as module
from rnn_cli.runs.memory import LEAST, in_units, refuse_beyond
from rnn_cli.runs.plan import plan
from rnn_cli.training.demand import Shape

MODEL = Path("m.npz")
RESIDENT = 50 << 20  # bytes of the process before it trains
WIDE = {"corpus": "long.txt", "hidden": 1024, "batch": 64, "bptt": 64}


@pytest.fixture(autouse=True)
def soon_measured(monkeypatch):
    monkeypatch.setattr(module, "CALIBRATION", 0.05)


@pytest.fixture
def planned(finished, corpus):
    def call(**settings):
        usual = {"corpus": corpus, "tokenizer": "char", "preset": "tanh", "hidden": 8, "threads": 1}
        return finished(plan(Settings(**usual | settings), MODEL, Resources()))[1]

    return call


def test_the_run_that_is_foretold_is_the_one_that_begins(planned, rnn, corpus, read_npz, read_log):
    found = planned(epochs=3, batch=4, bptt=8)
    options = ["-t", "char", "--preset", "tanh", "-n", "8", "-e", "3", "-b", "4", "--bptt", "8"]
    rnn("train", corpus, *options, "--threads", "1", "--log", "log.jsonl", "--model", MODEL, "--quiet")
    start, *_ = read_log("log.jsonl", "start")
    del start["settings"]["rnn"], start["settings"]["model"]
    assert {**start["settings"], "network": None} == {**found.run.facts, "network": None}
    assert found.run.network.size == sum(array.size for array in read_npz(MODEL).arrays.values())
    steps = [row["step"] for row in read_log("log.jsonl", "valid")]
    assert steps == pytest.approx([found.steps_an_epoch * epoch for epoch in (1, 2, 3)], rel=0.05)
    assert found.share == 1


def test_time_is_that_of_all_epochs_validation_included(planned):
    found = planned(epochs=3)
    without = planned(epochs=3, valid_fraction=0)
    assert found.seconds == pytest.approx(3 * found.epoch_seconds)
    tokens = found.run.data.targets + found.run.data.valid.targets / 3
    assert found.epoch_seconds == pytest.approx(tokens / found.rate)
    assert without.epoch_seconds == pytest.approx(without.run.data.targets / without.rate)


def test_of_a_long_text_the_beginning_is_enough(planned, write, english, monkeypatch):
    size = write("long.txt", english * 50).stat().st_size
    monkeypatch.setattr("rnn_cli.text.decoding.BLOCK_BYTES", 1000)
    monkeypatch.setattr(module, "SAMPLE_BYTES", size // 10)
    part = planned(corpus="long.txt")
    monkeypatch.setattr(module, "SAMPLE_BYTES", size)
    whole = planned(corpus="long.txt")
    assert part.share == pytest.approx(0.1, rel=0.01)
    assert part.run.data.train.lines < whole.run.data.train.lines / 5
    assert part.run.data.tokens == pytest.approx(whole.run.data.tokens, rel=0.2)
    assert part.steps_an_epoch == pytest.approx(whole.steps_an_epoch, rel=0.2)


def test_a_plan_writes_nothing_and_is_data(rnn, corpus, contents):
    before = contents()
    said = rnn("train", corpus, "-t", "char", "-n", "8", "-e", "2", "--model", MODEL, "--plan")
    assert contents() == before
    assert [line.split()[0] for line in said.out.splitlines()] == [
        *("text", "vocabulary", "network", "parameters", "memory", "steps", "time")
    ]
    assert "2 epochs" in said.out
    assert said.err == ""


def test_a_plan_of_a_run_from_a_model_has_its_network(planned, train, corpus):
    train(corpus, "--cell", "gru", "--quiet", model="init.npz")
    found = planned(init="init.npz", hidden=None, tokenizer=None)
    assert found.run.network.cell == "gru"
    assert found.run.network.n == 8


# What is beyond what is allowed.


def test_a_run_within_what_is_allowed_is_none_of_anybodys_business(run_of):
    shape = run_of().shape
    refuse_beyond(None, shape)
    refuse_beyond(shape.demand(resident_memory()).total, shape)


@pytest.fixture
def wide(run_of, write, english, monkeypatch):
    """What decides the memory of a run that takes much, with these settings."""
    monkeypatch.setattr(memory, "resident_memory", lambda: RESIDENT)
    write("long.txt", english * 100)
    return lambda **settings: run_of(**WIDE | settings).shape


def test_a_run_beyond_what_is_allowed_is_refused_with_what_it_takes(wide):
    demand = wide().demand(RESIDENT).total
    with pytest.raises(RnnError) as refused:
        refuse_beyond(demand * 9 // 10, wide())
    said = re.match(
        r"this run would take (\d+) MiB at its peak and --max-memory allows (\d+) MiB: ", str(refused.value)
    )
    needed, allowed = (int(number) * 2**20 for number in said.groups())
    assert needed == pytest.approx(demand, rel=0.02)
    assert allowed == pytest.approx(demand * 0.9, rel=0.01)


def test_what_the_machine_has_is_a_limit_too(run_of, monkeypatch):
    monkeypatch.setattr(memory, "total_memory", lambda: 1000)
    with pytest.raises(RnnError, match="this machine has 0 MiB"):
        refuse_beyond(None, run_of().shape)
    monkeypatch.setattr(memory, "total_memory", lambda: None)
    refuse_beyond(None, run_of().shape)


@pytest.mark.parametrize(
    ("much", "way"), [({"hidden": 4096}, "--hidden"), ({"hidden": 256, "batch": 1024}, "--batch")], ids=str
)
def test_the_ways_out_that_are_named_are_ways_out(much, way, wide):
    """Each by itself."""
    allowed = wide(hidden=256).ample(RESIDENT) + 1
    with pytest.raises(RnnError) as refused:
        refuse_beyond(allowed, wide(**much))
    ways = str(refused.value).partition(": ")[2].removesuffix(" would be under it").split(" or ")
    assert way in {named.split()[0] for named in ways}
    for named in ways:
        flag, value = named.split()
        assert flag.removeprefix("--").replace("-", "_") in Shape.sizes
        assert int(value) >= LEAST
        refuse_beyond(allowed, wide(**much | {flag.removeprefix("--").replace("-", "_"): int(value)}))


def test_where_no_single_way_is_enough_all_are_named(run_of):
    with pytest.raises(RnnError, match=r": lower --hidden, --batch, --bptt, --max-size, --threads$"):
        refuse_beyond(1000, run_of().shape)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 MiB"),
        (1 << 20, "1 MiB"),
        (1000 << 20, "1,000 MiB"),
        (1 << 30, "1.00 GiB"),
        (3 << 40, "3,072.00 GiB"),
    ],
)
def test_memory_is_said_in_units(size, said):
    assert in_units(size) == said
