"""What a training run shows: lines for people, a log for programs."""

import json
import math
import re

import pytest

KEYS = {  # the contract's
    *("event", "step", "epoch", "tokens", "seconds", "tokens_per_second"),
    *("train_loss", "valid_loss", "valid_bpc", "lr"),
}
EPOCH = re.compile(
    r"epoch +(\d+)/(\d+)  train ([\d.]+)(?:  valid ([\d.]+))?  perplexity ([\d,.]+)  bits/char ([\d.]+)"
    r"(  best)?"
)


def epochs_told(err):
    """The fields of each epoch's line, as numbers where they are some."""
    rows = [match.groups() for line in err.splitlines() if (match := EPOCH.fullmatch(line))]
    return [[float(field.replace(",", "")) if field else None for field in row[:6]] for row in rows]


def test_an_epoch_is_told_in_a_line_that_agrees_with_the_log(train, corpus, read_log):
    said = train(corpus, "--epochs", "3", "--log", "log.jsonl")
    told, logged = epochs_told(said.err), read_log("log.jsonl", "valid")
    assert len(told) == len(logged) == 3
    for number, (row, event) in enumerate(zip(told, logged, strict=True), 1):
        epoch, of, train_loss, valid_loss, perplexity, bits = row
        assert (epoch, of) == (number, 3)
        assert train_loss == pytest.approx(event["train_loss"], abs=6e-4)
        assert valid_loss == pytest.approx(event["valid_loss"], abs=6e-4)
        assert perplexity == pytest.approx(math.exp(event["valid_loss"]), abs=6e-3)
        assert bits == pytest.approx(event["valid_bpc"], abs=6e-4)


@pytest.mark.parametrize("plan", [[], ["--plan"]])
def test_what_is_learned_is_called_as_its_unit_is(plan, train, write):
    write(
        "poems.txt",
        [line for number in range(30) for line in (f"Roses are {number},", "violets are blue.", "")],
    )
    by_lines = train("poems.txt", "--epochs", "1", *plan)
    by_paragraphs = train("poems.txt", "--epochs", "1", "--unit", "paragraph", "--force", *plan)
    said = [
        re.findall(r"[\d,]+ (lines?|paragraphs?)\b", each.err + each.out)
        for each in (by_lines, by_paragraphs)
    ]
    assert {*said[0]} == {"lines"}
    assert {*said[1]} == {"paragraphs"}


def test_an_epoch_without_validation_tells_of_training(train, corpus, english, read_log, read_npz):
    options = ["--lr", "0", "--valid-fraction", "0"]  # so that the parameters are those of every step
    told = epochs_told(
        train(corpus, *options, "--epochs", "1", "--tokenizer", "space", "--min-count", "1").err
    )
    naive = read_npz("m.npz").measure(english)
    _, _, train_loss, valid_loss, perplexity, bits = told[0]
    assert valid_loss is None
    assert train_loss == pytest.approx(naive.loss, abs=6e-4)
    assert perplexity == pytest.approx(math.exp(naive.loss), abs=6e-3)
    assert bits == pytest.approx(naive.bits_per_character, abs=6e-4)


@pytest.mark.parametrize("task", [None, "classify"])
def test_where_nothing_is_held_out_a_line_says_what_the_figures_are_of(task, rnn, write):
    write("p.tsv", [f"a day {number}\t{'yn'[number % 2]}" for number in range(60)])
    options = ["--epochs", "1", "--hidden", "4", "--force", *(["--task", task] if task else [])]
    line = "the figures of each epoch are those of the training texts\n"
    assert line in rnn("train", "p.tsv", *options, "--valid-fraction", "0").err
    assert line not in rnn("train", "p.tsv", *options).err


def test_a_sample_stands_below_each_epoch(train, corpus, english):
    lines = train(corpus, "--epochs", "3").err.splitlines()
    places = [number for number, line in enumerate(lines) if EPOCH.fullmatch(line)]
    assert len(places) == 3
    for place in places:
        sample = lines[place + 1]
        assert sample.startswith("    ")
        assert sample.strip()
        assert set(sample) <= set("".join(english))


def test_the_best_epochs_are_marked_and_only_they(worsening, read_log):
    said = worsening("--patience", "100")
    marked = [line.endswith("  best") for line in said.err.splitlines() if line.startswith("epoch ")]
    losses = [row["valid_loss"] for row in read_log("log.jsonl", "valid")]
    assert marked == [loss < min([math.inf, *losses[:at]]) for at, loss in enumerate(losses)]
    assert not all(marked)


@pytest.mark.parametrize("loss_of", ["lines", "carried"])
@pytest.mark.parametrize("tokenizer", ["char", "space"])
def test_the_validation_loss_is_that_of_the_tutorials_equations(
    tokenizer, loss_of, train, corpus, write, read_npz, read_log
):
    """And bits per character are all its nats over all characters, each end of line being one."""
    text = ["Mia likes the quick brown book.", "", "Anna reads!", "Zoë   buys 两 birds  "]
    write("valid.txt", text)
    options = ["--valid", "valid.txt", "--tokenizer", tokenizer, "--log", "log.jsonl", "--quiet"]
    carried = ["--carry-state", "--batch", "1"] if loss_of == "carried" else []  # one row, so one s_0 = 0
    train(corpus, *options, *carried, "--epochs", "1")
    event = read_log("log.jsonl", "valid")[0]
    naive = read_npz("m.npz").measure(text)
    assert naive.unknown >= 2
    assert event["valid_loss"] == pytest.approx(naive.loss, rel=1e-5)
    assert event["valid_bpc"] == pytest.approx(naive.bits_per_character, rel=1e-5)


def test_the_log_has_the_keys_and_the_events_of_the_contract(train, corpus, read_log):
    train(
        corpus,
        "--epochs",
        "2",
        "--batch",
        "4",
        "--bptt",
        "5",
        "--lr",
        "0.01",
        "--log",
        "log.jsonl",
        "--quiet",
    )
    rows = read_log("log.jsonl")
    assert all(set(row) >= KEYS for row in rows)
    events = [row["event"] for row in rows]
    assert (events[0], events[-1]) == ("start", "end")
    assert set(events[1:-1]) == {"step", "valid"}
    assert [row["epoch"] for row in rows if row["event"] == "valid"] == [1, 2]
    for key in ("step", "epoch", "tokens", "seconds"):
        assert [row[key] for row in rows] == sorted(row[key] for row in rows)
    assert [rows[0][key] for key in ("step", "epoch", "tokens")] == [0, 0, 0]
    for row in rows:
        if row["event"] == "step":
            assert row["step"] % 10 == 0
            assert 0 < row["lr"] <= 0.01
            assert 0 < row["train_loss"] < 10
            assert row["tokens_per_second"] > 0
    end = rows[-1]
    assert end["reason"] == "done"
    assert end["valid_loss"] == min(row["valid_loss"] for row in rows if row["event"] == "valid")
    assert end["tokens_per_second"] == pytest.approx(end["tokens"] / end["seconds"], rel=0.05)


def test_the_learning_rate_logged_rises_and_then_falls(train, corpus, read_log):
    train(corpus, "--epochs", "40", "--batch", "4", "--bptt", "5", "--lr", "0.01", "--log", "log.jsonl", "-q")
    rates = [row["lr"] for row in read_log("log.jsonl", "step")]
    top = rates.index(max(rates))
    assert 0 < top < len(rates) / 10
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) == pytest.approx(0.01, rel=0.01)
    assert rates[-1] < 0.1 * max(rates)


def test_the_steps_logged_add_up_to_the_epochs_loss(train, corpus, read_log):
    """Each is the mean over the tokens since the last: weighed by those they give the epoch's."""
    options = [
        "--epochs",
        "1",
        "--batch",
        "1",
        "--bptt",
        "1000",
        "--valid-fraction",
        "0",
        "--log",
        "log.jsonl",
    ]
    train(corpus, *options, "--quiet")
    assert read_log("log.jsonl", "step") == []  # one step only
    train(corpus, *options, "--quiet", "--force", "--batch", "8", "--bptt", "4")
    steps, epoch = read_log("log.jsonl", "step"), read_log("log.jsonl", "valid")[-1]
    assert len(steps) == epoch["step"] // 10
    known, before = 0.0, 0
    for row in steps:
        known += row["train_loss"] * (row["tokens"] - before)
        before = row["tokens"]
    rest = (epoch["train_loss"] * epoch["tokens"] - known) / max(1, epoch["tokens"] - before)
    assert 0 < rest < 10
    assert known / before == pytest.approx(epoch["train_loss"], rel=0.05)


@pytest.mark.parametrize(
    "extra", [["--clip", "0"], ["--valid-fraction", "0"], ["--carry-state"]], ids=" ".join
)
def test_every_row_is_json_as_every_language_reads_it(extra, train, corpus, folder):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    train(corpus, *extra, "--log", "log.jsonl", "--quiet")
    for line in (folder / "log.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=refuse)


def test_the_start_tells_the_settings(train, corpus, read_log):
    train(corpus, "--lr", "0.02", "--cell", "relu", "--log", "log.jsonl", "--quiet")
    settings = read_log("log.jsonl", "start")[0]["settings"]
    recipe = {key: settings["recipe"][key] for key in ("lr", "epochs", "optimizer")}
    assert recipe == {"lr": 0.02, "epochs": 2, "optimizer": "adam"}
    network = {key: settings["network"][key] for key in ("n", "cell", "output", "layers", "embedding", "tie")}
    assert network == {
        "n": 8,
        "cell": "relu",
        "output": "softmax",
        "layers": 1,
        "embedding": 0,
        "tie": False,
    }
    assert settings["preset"] == "tanh"
    assert {"batch", "bptt", "carry_state", "seed", "patience", "threads", "tokenizer"} <= settings.keys()


def test_a_second_run_appends_to_the_log(train, corpus, read_log, folder):
    log = folder / "log.jsonl"
    log.write_text('{"event": "of another program"}\n')
    for model in ("a.npz", "b.npz"):
        before = log.read_bytes()
        train(corpus, "--log", "log.jsonl", "--quiet", model=model)
        assert log.read_bytes().startswith(before)
    events = [row["event"] for row in read_log("log.jsonl")]
    assert events[0] == "of another program"
    assert (events.count("start"), events.count("end")) == (2, 2)


def test_quiet_does_not_silence_the_log(train, corpus, read_log):
    assert train(corpus, "--log", "log.jsonl", "--quiet") == ("", "")
    assert [row["event"] for row in read_log("log.jsonl")] == ["start", "valid", "valid", "end"]


def test_without_a_terminal_there_is_no_bar_and_no_carriage_return(train, process, corpus):
    for err in (train(corpus).err, process("train", corpus, "-t", "char", "-n", "8", "-e", "2").stderr):
        assert "epoch   2/2" in err
        assert "\r" not in err
        assert "%|" not in err
        assert "\x1b" not in err


def test_without_a_terminal_a_line_is_told_now_and_then(train, corpus, monkeypatch):
    monkeypatch.setattr("rnn_cli.cli.progress.SAY_EVERY", 0.0)
    said = train(corpus, "--epochs", "2", "--batch", "4", "--bptt", "5")
    told = [line for line in said.err.splitlines() if re.match(r"epoch \d/2  step \d+  loss [\d.]+  ", line)]
    assert len(told) >= 10
    assert all("tokens/s" in line and "min left" in line for line in told)
    monkeypatch.setattr("rnn_cli.cli.progress.SAY_EVERY", 30.0)
    assert "step" not in train(corpus, "--force").err.partition("epoch ")[2]


def test_where_time_decides_how_many_epochs_there_are_no_line_foretells_it(
    rnn, corpus, monkeypatch, short_seconds
):
    monkeypatch.setattr("rnn_cli.cli.progress.SAY_EVERY", 0.05)
    said = rnn("train", corpus, "--tokenizer", "char", "--hidden", "8", "--time", "1s")
    lines = [line for line in said.err.splitlines() if line.startswith("epoch ")]
    assert {bool(re.match(r"epoch +\d+  (train|step) ", line)) for line in lines} == {True}


def test_a_huge_perplexity_is_told_in_a_line_that_can_be_read(train, corpus):
    said = train(corpus, "--optimizer", "sgd", "--lr", "1000", "--clip", "0", "--epochs", "1")
    assert max(map(len, said.err.splitlines())) < 110
