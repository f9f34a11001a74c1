"""rnn gradcheck: the table, and that a wrong derivative shows."""

import json
import math
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rnn_cli import LanguageModel
from rnn_cli.cli.app import run
from rnn_cli.models.loading import load
from rnn_cli.network import tutorial
from rnn_cli.network.cells import CELLS
from rnn_cli.network.functions import TANH
from rnn_cli.network.gradcheck import combinations
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.printing import columns
from rnn_cli.training import gradcheck as module
from rnn_cli.training.gradcheck import sequence_cases
from rnn_cli.training.parallel.executor import Executor
from rnn_cli.training.parallel.world import Team

ROW = re.compile(
    r"(?P<cell>\w+) +(?P<layers>\d) +(?P<embed>none|tied|\d+) (?P<output>\w+) +(?P<m>\d+) +(?P<shards>\d) "
    r"(?P<array>\w+) +(?P<shape>\d[\dx ]*?) +(?P<error>[\d.e+-]+|nan|inf) +"
    r"(?P<tutorial>[\d.e+-]+|-|inf)  (?P<verdict>ok|FAIL)"
)


@pytest.fixture(autouse=True)
def few_of_the_second_table(monkeypatch):
    """One derivative of each of its arrays: tests/training/test_gradcheck.py checks more."""
    monkeypatch.setattr(module, "ENTRIES_OF_SEQUENCES", 1)


@pytest.fixture
def one_process(monkeypatch):
    """Both shards are computed in turn, in this process, which takes no time to start."""

    def executor(network, p, shape, shards, **options):
        return Executor(network, p, shape, 1, team=Team(accumulate=shards), **options)

    monkeypatch.setattr(module, "Executor", executor)


FEW = ("--hidden", "2", "--layers", "1", "--embedding", "0", "--output", "softmax")


ROW_OF_SEQUENCES = re.compile(
    r"(?P<task>\w+) +(?P<cell>\w+) +(?P<choices>\S.*?) +(?P<shards>\d) (?P<array>\w+) +"
    r"(?P<shape>\d[\dx ]*?) +(?P<error>[\d.e+-]+|nan|inf) (?P<verdict>ok|FAIL)"
)


def rows_of_sequences(out):
    """The second table."""
    head, *lines = out.split("\n\n")[1].splitlines()
    assert head.split() == list(ROW_OF_SEQUENCES.groupindex)[:-1]
    matches = [ROW_OF_SEQUENCES.fullmatch(line) for line in lines]
    assert all(matches), out
    assert max(map(len, lines)) <= 80
    return [match.groupdict() for match in matches]


def rows(out):
    """The table, its numbers as they stand there."""
    head, *lines = out.split("\n\n")[0].splitlines()
    assert head.split() == list(ROW.groupindex)[:-1]
    matches = [ROW.fullmatch(line) for line in lines]
    assert all(matches), out
    assert max(map(len, lines)) <= 80
    return [match.groupdict() for match in matches]


def kind(network):
    """As a row has it."""
    embed = "tied" if network.tie else str(network.embedding or "none")
    return network.cell, str(network.layers), embed, network.output, str(network.m)


def of(row):
    return row["cell"], row["layers"], row["embed"], row["output"], row["m"]


def network_of(row):
    """The network of a row, of hidden size 2."""
    (network,) = (one for one in combinations(int(row["m"]), 2) if kind(one) == of(row))
    return network


def tanh_with(monkeypatch, derivative):
    """The cell with another derivative of tanh."""
    monkeypatch.setitem(CELLS, "tanh", replace(CELLS["tanh"], g1=TANH._replace(derivative=derivative)))


@pytest.fixture
def wrong_tanh(monkeypatch):
    """A derivative of tanh that is off by a thousandth."""
    tanh_with(monkeypatch, lambda s, out: np.multiply(TANH.derivative(s, out), 1.001, out=out))


def test_every_combination_agrees_on_small_and_large_vocabularies(rnn, one_process, monkeypatch):
    """The tutorial has an opinion on one layer of tanh or relu, and on no other network. The second table has
    every example of every task."""
    monkeypatch.setattr(module, "ENTRIES", 1)
    said = rnn("gradcheck", "--hidden", "2")
    has_all_of_sequences(said.out, CELLS)
    table = rows(said.out)
    in_all = sum(len(network_of(row).shapes) for row in table)
    of_sequences = sequence_cases(2, CELLS, module.random_numbers(0))
    in_all += sum(len(case.network.sizes) for case in of_sequences)
    assert said.err.startswith(f"ok: {in_all:,} derivatives agree with differences")
    sizes = sorted({int(row["m"]) for row in table})
    assert len(sizes) == 2
    alone = [of(row) for row in table if row["shards"] == "1"]
    assert alone == [kind(network) for m in sizes for network in combinations(m, 2)]
    assert [row["cell"] for row in table if row["shards"] == "2"] == list(CELLS)
    for row in table:
        assert tuple(map(int, row["shape"].split(" x "))) == network_of(row).shapes[row["array"]]
        assert float(row["error"]) < 1e-5
        assert row["verdict"] == "ok"
        simple = row["cell"] in ("tanh", "relu") and row["layers"] == "1"
        if simple and (row["embed"], row["output"]) == ("none", "softmax"):
            assert float(row["tutorial"]) < 1e-9
        else:
            assert row["tutorial"] == "-"


def has_all_of_sequences(out, cells):
    table = rows_of_sequences(out)
    expected = sequence_cases(2, cells, module.random_numbers(0))
    of_rows = [(row["task"], row["cell"], row["choices"], row["shards"]) for row in table]
    assert of_rows == [(case.task, *case.example[:2], str(case.shards)) for case in expected]
    assert {row["verdict"] for row in table} == {"ok"}


def test_the_second_table_of_a_cell_has_its_examples_alone(rnn, one_process, monkeypatch):
    monkeypatch.setattr(module, "ENTRIES", 1)
    has_all_of_sequences(rnn("gradcheck", "--hidden", "2", "--cell", "relu").out, ["relu"])


def test_a_wrong_derivative_shows_in_the_second_table(rnn, one_process, wrong_tanh, monkeypatch):
    monkeypatch.setattr("rnn_cli.cli.commands.gradcheck.cases", lambda *_: [])  # the first fails too
    said = rnn("gradcheck", "--hidden", "2", "--cell", "tanh", "--arrays", status=1)
    table = rows_of_sequences(said.out)
    assert {row["verdict"] for row in table if row["array"] == "W"} == {"FAIL"}
    assert {row["verdict"] for row in table if row["array"] == "b_y"} == {"ok"}


@pytest.mark.parametrize("option", [("--layers", "1"), ("--embedding", "0"), ("--output", "softmax")])
def test_a_choice_of_a_language_model_leaves_the_second_table_out(rnn, one_process, monkeypatch, option):
    monkeypatch.setattr(module, "ENTRIES", 1)
    assert "\n\n" not in rnn("gradcheck", "--hidden", "2", "--cell", "tanh", *option).out


def test_arrays_are_shown_where_they_are_asked_for(rnn, one_process):
    options = ["--cell", "lstm", "--layers", "2", "--embedding", "3", "--output", "adaptive"]
    said = rnn("gradcheck", "--arrays", *options, "--hidden", "4")
    table = rows(said.out)
    for m, shards in [("7", "1"), ("257", "1"), ("257", "2")]:
        network = Network(int(m), 4, "lstm", "adaptive", 2, 3, cutoffs=(int(m) // 3, int(m) // 3 + 2))
        arrays = [row for row in table if (row["m"], row["shards"]) == (m, shards)]
        assert {of(row) for row in arrays} == {kind(network)}
        shapes = {row["array"]: tuple(map(int, row["shape"].split(" x "))) for row in arrays}
        assert shapes == network.shapes
    assert len(table) == 3 * len(network.shapes)
    sizes = [math.prod(map(int, row["shape"].split(" x "))) for row in table]
    assert said.err.startswith(f"ok: {sum(min(20, size) for size in sizes):,} derivatives agree")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {}),
        (["--layers", "3"], {"layers": {"3"}}),
        (["--embedding", "3"], {"embed": {"3"}}),
        (["--embedding", "0"], {"embed": {"none"}}),
        (["--embedding", "2"], {"embed": {"2", "tied"}}),
        (["--tie"], {"embed": {"tied"}, "output": {"softmax", "classes"}}),
        (["--no-tie"], {"embed": {"none", "2"}}),
        (["--output", "adaptive"], {"output": {"adaptive"}, "embed": {"none", "2"}}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_narrows_the_table(rnn, one_process, monkeypatch, options, expected):
    """That of relu, to be quick: the option of a cell has narrowed it already."""
    monkeypatch.setattr(module, "ENTRIES", 1)
    table = rows(rnn("gradcheck", "--hidden", "2", "--cell", "relu", *options).out)
    whole = {"cell": {"relu"}, "layers": {"1", "2"}, "embed": {"none", "2", "tied"}, "output": set(OUTPUTS)}
    assert {name: {row[name] for row in table} for name in whole} == whole | expected
    assert Counter(row["shards"] for row in table)["2"] == len({row["cell"] for row in table})


def test_choices_that_leave_no_network_are_refused(fails):
    for options in (["--tie", "--embedding", "3"], ["--tie", "--output", "adaptive"]):
        assert fails(2, "gradcheck", *options).startswith("--tie needs")


def test_a_wrong_derivative_fails_with_status_1_and_shows_where(rnn, wrong_tanh):
    said = rnn("gradcheck", *FEW, "--cell", "tanh", "--arrays", status=1)
    assert said.err.startswith("FAIL: ")
    assert [(row["array"], row["verdict"]) for row in rows(said.out)] == 3 * [
        ("U", "FAIL"),
        ("W", "FAIL"),
        ("b_a", "FAIL"),
        ("V", "ok"),
        ("b_y", "ok"),
    ]


def test_the_row_of_a_network_is_that_of_its_worst_array(rnn, one_process, wrong_tanh):
    options = ["gradcheck", *FEW, "--cell", "tanh"]
    each, worst = (rows(rnn(*options, *more, status=1).out) for more in (["--arrays"], []))
    assert len(each) == 5 * len(worst) == 15
    for k, row in enumerate(worst):
        of_network = each[5 * k : 5 * k + 5]
        largest = max(of_network, key=lambda one: float(one["error"]))
        assert row == largest | {"tutorial": max((one["tutorial"] for one in of_network), key=float)}
        assert row["verdict"] == "FAIL"


def test_one_network_that_fails_is_a_failure_whichever_comes_after_it(
    rnn, one_process, wrong_tanh, monkeypatch
):
    monkeypatch.setattr(module, "ENTRIES", 5)
    table = rows(rnn("gradcheck", *FEW, status=1).out)
    assert {row["cell"] for row in table if row["verdict"] == "FAIL"} == {"tanh"}
    assert table[-1]["verdict"] == "ok"


def test_a_derivative_that_is_not_a_number_fails(rnn, monkeypatch):
    def derivative(s, out):
        out.fill(np.nan)
        return out

    tanh_with(monkeypatch, derivative)
    said = rnn("gradcheck", *FEW, "--cell", "tanh", "--arrays", status=1)
    assert {row["verdict"] for row in rows(said.out) if row["array"] == "U"} == {"FAIL"}
    said = rnn("gradcheck", *FEW, "--cell", "tanh", status=1)
    assert {row["verdict"] for row in rows(said.out)} == {"FAIL"}


def test_each_array_is_compared_with_the_tutorials(rnn, one_process):
    table = rows(rnn("gradcheck", *FEW, "--cell", "relu", "--arrays").out)
    assert len(table) == 15
    assert all(float(row["tutorial"]) < 1e-9 for row in table)


def test_a_derivative_that_differs_from_the_tutorials_alone_fails(rnn, one_process, monkeypatch):
    right = tutorial.loss_and_gradients

    def other(*arguments):
        E, gradients, *rest = right(*arguments)
        return E, gradients | {"V": gradients["V"] * (1 + 1e-7)}, *rest

    monkeypatch.setattr(tutorial, "loss_and_gradients", other)
    said = rnn("gradcheck", *FEW, "--cell", "tanh", "--arrays", status=1)
    assert said.err.startswith("FAIL: ")
    assert "tutorial" in said.err
    table = rows(said.out)
    assert {row["array"] for row in table if row["verdict"] == "FAIL"} == {"V"}
    assert {row["tutorial"] for row in table if row["array"] == "V"} == {"1.0e-07"}
    assert all(float(row["error"]) < 1e-5 for row in table)
    said = rnn("gradcheck", *FEW, "--cell", "tanh", status=1)
    assert {row["verdict"] for row in rows(said.out)} == {"FAIL"}


def test_dropout_is_in_both_ways_or_the_check_fails(rnn, one_process, monkeypatch):
    monkeypatch.setattr(module, "ENTRIES", 5)
    masks = module._masks
    rnn("gradcheck", *FEW)
    monkeypatch.setattr(module, "_masks", lambda case, T: masks(case._replace(dropout=module.NO_DROPOUT), T))
    assert {row["verdict"] for row in rows(rnn("gradcheck", *FEW, status=1).out)} == {"FAIL"}


def test_a_trained_model_is_checked_at_its_own_parameters(rnn, models, read_npz):
    header, arrays = read_npz(models["char"])
    said = rnn("gradcheck", "--model", models["char"])
    table = rows(said.out)
    assert [row["array"] for row in table] == list(arrays)
    for row in table:
        assert of(row) == kind(Network(**header["network"]))
        assert row["verdict"] == "ok"
        assert tuple(map(int, row["shape"].split(" x "))) == arrays[row["array"]].shape
    checked = sum(min(50, array.size) for array in arrays.values())
    assert said.err.startswith(f"ok: {checked:,} derivatives agree")


@pytest.fixture
def tanh_model(train, corpus):
    """A file of a model of the tutorial's cell."""
    train(corpus, "--cell", "tanh", "--quiet")
    return "m.npz"


def test_a_wrong_derivative_shows_on_a_trained_model_too(rnn, tanh_model, wrong_tanh):
    said = rnn("gradcheck", "--model", tanh_model, status=1)
    assert {row["array"]: row["verdict"] for row in rows(said.out)}["W"] == "FAIL"


@pytest.mark.parametrize(
    ("name", "other"), [("cell", "relu"), ("layers", "8"), ("embedding", "3"), ("output", "adaptive")]
)
def test_a_choice_that_is_not_the_models_is_refused(fails, rnn, models, read_npz, name, other):
    own = read_npz(models["char"]).header["network"][name]
    message = fails(2, "gradcheck", "--model", models["char"], f"--{name}", other)
    assert f"--{name} {other}" in message
    assert f"{name} {own}" in message
    rnn("gradcheck", "--model", models["char"], f"--{name}", own)


@pytest.fixture(scope="module")
def models_of_tasks(tmp_path_factory):
    """A model of each task beside language, of pairs that all can learn from."""
    folder = tmp_path_factory.mktemp("tasks")
    found = {}
    for task in ("classify", "rate", "tag", "translate", "generate"):
        pairs = {"tag": "a b\tX Y\nb a\tY X\n"}.get(task, "1\t1\n2\t2\n")
        (folder / f"{task}.tsv").write_text(pairs * 3)
        found[task] = folder / f"{task}.npz"
        options = ["--hidden", "3", "--epochs", "1", "--threads", "1", "--valid-fraction", "0", "--quiet"]
        text = ["train", str(folder / f"{task}.tsv"), "--task", task, "--model", str(found[task])]
        assert run([*text, *options]) == 0
    return found


@pytest.mark.parametrize("task", ["classify", "rate", "tag", "translate", "generate"])
def test_a_trained_model_of_any_task_is_checked(task, rnn, fails, models_of_tasks, monkeypatch):
    monkeypatch.setattr(module, "ENTRIES_OF_A_MODEL", 2)
    model = models_of_tasks[task]
    network = load(model).network
    said = json.loads(rnn("gradcheck", "--model", model, "--json").out)
    assert {row["array"]: tuple(row["shape"]) for row in said["rows"]} == network.shapes
    assert {row["task"] for row in said["rows"]} == {task}
    assert said["ok"]
    assert fails(2, "gradcheck", "--model", model, "--tie").startswith("--tie chooses a language model")
    assert "--model alone checks any" in fails(2, "gradcheck", "--model", model, "--values", "a")
    own = said["rows"][0]["cell"]
    assert fails(2, "gradcheck", "--model", model, "--cell", "relu").endswith(f"has cell {own}")

    right = type(network).loss_and_gradients

    def spoilt(*arguments):
        E, gradients, after = right(*arguments)
        name = next(name for name in gradients if name.startswith("b_y") or name == "b_f")
        gradients[name] = gradients[name] * 1.001
        return E, gradients, after

    monkeypatch.setattr(type(network), "loss_and_gradients", spoilt)
    assert "FAIL" in rnn("gradcheck", "--model", model, status=1).out


def test_a_model_that_is_missing_is_named(fails):
    assert fails(1, "gradcheck", "--model", "no.npz").startswith("no.npz: no such file")


def test_one_seed_gives_one_table(rnn, models):
    options = ["gradcheck", "--model", models["char"]]
    assert rnn(*options, "--seed", "3") == rnn(*options, "--seed", "3")
    assert rnn(*options, "--seed", "3") != rnn(*options, "--seed", "4")


SENTENCE = "我 昨天 上学 迟到 了"
VALUE = re.compile(r"(\w+) +\[([\d, ]+)\] +([+-][\d.]+) +([+-][\d.]+) +([\d.e+-]+|inf)  (ok|FAIL)")


def values(out):
    head, *lines = out.splitlines()
    assert head.split() == ["array", "entry", "derivative", "difference", "error"]
    return [VALUE.fullmatch(line).groups() for line in lines]


def test_values_of_a_sentence_stand_beside_their_differences(rnn):
    said = rnn("gradcheck", "--values", SENTENCE, "--cell", "tanh", "--layers", "1")
    table = values(said.out)
    assert Counter(row[0] for row in table) == dict.fromkeys(("U", "W", "b_a", "V", "b_y"), 4)
    for _, _, derivative, difference, error, verdict in table:
        assert float(derivative) == pytest.approx(float(difference), rel=1e-5, abs=1e-9)
        assert float(error) < 1e-5
        assert verdict == "ok"
    assert len({row[2] for row in table}) > 15
    assert said.err.startswith("ok: 20 derivatives agree with differences in float64 (tanh, hidden 4, ")
    assert rnn("gradcheck", "--values", SENTENCE) == said


@pytest.mark.parametrize("cell", CELLS)
def test_values_are_of_the_network_that_the_options_name(cell, rnn):
    options = ("--cell", cell, "--layers", "2", "--tie", "--hidden", "3")
    said = rnn("gradcheck", "--values", SENTENCE, *options, "--json")
    told = json.loads(said.out)
    assert told["ok"]
    assert {row["name"] for row in told["rows"]} == {"U", "W", "b_a", "U2", "W2", "b_a2", "V", "b_y"}
    assert f"{cell}, 2 layers of hidden 3, tied embedding 3" in said.err


def test_values_of_a_trained_model(rnn, models):
    said = rnn("gradcheck", "--model", models["adaptive"], "--values", "我看书。\n你买书。")
    assert {row[0] for row in values(said.out)} == {*LanguageModel.load(models["adaptive"]).network.shapes}
    assert said.err.startswith("ok: ")


def test_a_wrong_derivative_shows_in_the_values(rnn, wrong_tanh):
    said = rnn("gradcheck", "--values", SENTENCE, status=1)
    verdicts = {row[0]: row[5] for row in values(said.out)}
    assert (verdicts["U"], verdicts["W"], verdicts["V"]) == ("FAIL", "FAIL", "ok")
    assert said.err.startswith("FAIL: ")


def test_what_has_no_values_is_refused(fails, models):
    assert "--arrays" in fails(2, "gradcheck", "--values", SENTENCE, "--arrays")
    assert "no such network" in fails(2, "gradcheck", "--values", SENTENCE, "--tie", "--output", "adaptive")
    assert "--cell gru" in fails(
        2, "gradcheck", "--values", SENTENCE, "--model", models["char"], "--cell", "gru"
    )


@pytest.mark.parametrize(("room", "language"), [(40, "en"), (60, "zh")])
def test_the_tables_fit_the_terminal(room, language, rnn, one_process, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(room))
    monkeypatch.setenv("RNN_LANG", language)
    monkeypatch.setattr(module, "ENTRIES", 1)
    for options in (["--hidden", "2", "--cell", "tanh"], ["--values", SENTENCE]):
        lines = rnn("gradcheck", *options).out.splitlines()
        assert max(map(columns, lines)) <= room
        assert {line.split()[-1] for line in lines[1:] if line.startswith(("tanh", "tag", "U"))} == {"ok"}
