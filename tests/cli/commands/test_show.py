"""rnn show: the network at work, as rows and as JSON."""

import json
import re

import pytest

from rnn_cli import Classifier, LanguageModel
from rnn_cli.printing import columns

SENTENCE = "我 昨天 上学 迟到 了"


def rows(out):
    """The lines between the head and the sum."""
    head, *lines = out.splitlines()
    assert head.split()[:2] == ["token", "id"]
    return lines


def test_each_step_has_a_row(rnn, models):
    said = rnn("show", "--model", models["char"], "Anna sees")
    *steps, total = rows(said.out)
    score = LanguageModel.load(models["char"]).score(["Anna sees"])
    assert [row.split()[0] for row in steps] == ["<start>", *"Anna", "␣", *"sees"]
    assert [float(row.split()[-1]) for row in steps] == pytest.approx(score.lines[0].nats, abs=6e-4)
    nats, of_token, bits = (float(number) for number in re.findall(r"\d+\.\d+", total))
    assert nats == pytest.approx(score.totals.nats, abs=6e-4)
    assert of_token == pytest.approx(score.totals.nats / 10, abs=6e-4)
    assert bits == pytest.approx(score.bits_per_character, abs=6e-4)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("kind", ["char", "chinese", "lstm", "space", "labels"])
def test_no_row_is_wider_than_the_terminal(width, kind, rnn, models, model_of_labels, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    model = model_of_labels if kind == "labels" else models[kind]
    more = [] if kind == "labels" else ["--gradients"]
    lines = rnn("show", "--model", model, "我喜欢看这只小鸟 Anna reads", *more).out.splitlines()
    lines = [line for line in lines if not line.startswith(("E = ", "?2 "))]  # words, which a terminal wraps
    assert max(map(columns, lines)) <= width
    assert "\x1b" not in "".join(lines)


def test_a_wide_terminal_shows_five_likely_tokens_and_a_narrow_one_fewer(rnn, models, monkeypatch):
    for width, count in [(120, 5), (80, 4), (40, 1)]:
        monkeypatch.setenv("COLUMNS", str(width))
        row = rows(rnn("show", "--model", models["char"], "Anna").out)[0]
        assert len(re.findall(r"\.\d\d(?= |$)", row)) >= count


def test_a_long_text_has_a_row_a_token_and_one_sum(process, models):
    lines = ["Anna reads a book.", "Tom sees two birds."] * 30
    done = process("show", "--model", models["char"], input="".join(f"{line}\n" for line in lines))
    *steps, total = rows(done.stdout)
    assert len(steps) == sum(len(line) + 1 for line in lines)
    nats = LanguageModel.load(models["char"]).score(lines).totals.nats
    assert total.startswith(f"E = Σ E_t = {nats:.3f}"[:-2])


def test_json_holds_all_of_it(rnn):
    said = rnn("show", "--fresh", SENTENCE, "--json", "--gradients", "--numbers")
    told = json.loads(said.out)
    (part,) = told["parts"]
    assert told["schema"] == 1
    assert [step["token"] for step in part["steps"]] == ["<start>", *SENTENCE.split()]
    assert [step["target"] for step in part["steps"]] == [*SENTENCE.split(), "<end>"]
    for step in part["steps"]:
        assert len(step["likeliest"]) == 5
        assert step["numbers"]["s_t"] == pytest.approx(step["s"]["s"], abs=1e-6)
        assert step["numbers"]["E_t"] == pytest.approx([step["nats"]], abs=1e-5)
    assert told["total"]["nats"] == pytest.approx(sum(step["nats"] for step in part["steps"]))
    assert set(part["norms"]["parameters"]) == {"U", "W", "b_a", "V", "b_y"} == set(told["parameters"])
    assert len(part["norms"]["states"]["s"]) == 6


@pytest.mark.parametrize("kind", ["space", "char", "labels"])
def test_a_token_that_the_model_does_not_know_is_marked(kind, rnn, models, model_of_labels):
    model = model_of_labels if kind == "labels" else models[kind]
    said = rnn("show", "--model", model, "☃☃ day ☃")
    parts = json.loads(rnn("show", "--model", model, "☃☃ day ☃", "--json").out)["parts"]
    steps = [step for part in parts for step in part["steps"] if step["id"] != 0]
    unknown = [step["token"] for step in steps if step["unknown"]]
    assert [step["unknown"] for step in steps] == [step["id"] == 2 for step in steps]
    assert "".join(unknown).replace(" ", "").replace("day", "") == "☃☃☃"
    assert len(re.findall(r"^\S+ +\?2 ", said.out, re.M)) == len(unknown)
    note = f"?2 marks tokens that the model does not know: {len(unknown)} of {len(steps)}, read as <unk>"
    assert said.out.splitlines().count(note) == 1
    assert "?2" not in rnn("show", "--fresh", "a b c").out


def test_numbers_are_printed_for_a_pencil(rnn):
    out = rnn("show", "--fresh", "--hidden", "3", SENTENCE, "--numbers").out
    assert out.startswith("ids  0 <start>  1 <end>  2 <unk>  3 ")
    assert out.count("\n  x_t ") == 6
    assert out.count("\n  o_t ") == 6
    assert "t = 1: <start> is read, 我 comes next\n  x_t             1 0 0 0 0 0 0 0\n" in out
    assert max(map(columns, out.splitlines())) <= 80


def test_a_fresh_network_is_of_the_choices_and_the_seed(rnn):
    def states(*options):
        (part,) = json.loads(rnn("show", "--fresh", SENTENCE, "--json", *options).out)["parts"]
        return part["steps"][-1]["s"]

    assert states() == states("--seed", "0") != states("--seed", "1")
    assert len(states()["s"]) == 4
    found = states("--cell", "lstm", "--layers", "2", "--hidden", "3")
    assert {name: len(s) for name, s in found.items()} == dict.fromkeys(("s", "c", "s2", "c2"), 3)
    without_spaces = rnn("show", "--fresh", SENTENCE.replace(" ", "")).out
    assert [row.split()[0] for row in rows(without_spaces)[:-1]] == ["<start>", *SENTENCE.split()]
    assert len(rows(rnn("show", "--fresh", SENTENCE, "--tokenizer", "char").out)) == 1 + len(SENTENCE) + 1


def test_vanishing_is_seen_in_tanh(rnn):
    """The norm of the first step is far below that of the last."""
    text = " ".join(["a b c d"] * 20)
    said = json.loads(rnn("show", "--fresh", text, "--json", "--gradients", "--hidden", "8").out)
    norms = said["parts"][0]["norms"]["states"]["s"]
    assert len(norms) == 81
    assert norms[0] < 1e-3 * norms[-1]


def test_a_model_of_labels_shows_what_it_predicts(rnn, model_of_labels):
    out = rnn("show", "--model", model_of_labels, "so good").out
    (said,) = Classifier.load(model_of_labels).predict(["so good"])
    label, p = said.labels[0]
    assert re.search(rf"^  {label} +█+.? +{p:.4f}$", out, re.M)
    assert "\npooled " in out
    told = json.loads(rnn("show", "--model", model_of_labels, "so good", "--json").out)
    assert told["parts"][0]["answers"] == [{"label": label, "p": p} for label, p in said.labels]
    assert told["total"] is None


def test_control_characters_do_not_reach_the_terminal(rnn, models):
    out = rnn("show", "--model", models["char"], "A\x1b[2Jé\u202e").out
    assert all(line.isprintable() for line in out.splitlines())


def test_options_that_do_not_go_together_are_refused(fails, models):
    model = models["char"]
    assert fails(2, "show", "--model", model, "Anna", "--hidden", "4").startswith(
        "--hidden goes only with --fresh"
    )
    assert fails(2, "show", "--model", model, "Anna", "--fresh").startswith(
        "--fresh and --model exclude each other"
    )
    assert "--label" in fails(2, "show", "--model", model, "Anna", "--label", "x")
    assert "--gradients" not in fails(1, "show", "Anna", "--gradients")
