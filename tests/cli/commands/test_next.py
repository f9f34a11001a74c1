"""rnn next: the likeliest next tokens."""

import json
import subprocess

import pytest

from rnn_cli import LanguageModel


def test_each_token_stands_in_a_line_with_its_probability(rnn, models):
    said = rnn("next", "--model", models["char"], "Anna", "--top", "3")
    rows = [line.split("\t") for line in said.out.splitlines()]
    expected = LanguageModel.load(models["char"]).next("Anna", top=3)
    assert [(float(p), json.loads(token)) for p, token in rows] == [
        (round(p, 4), token) for token, p in expected
    ]


def test_a_line_end_is_no_token_of_the_text(rnn, models):
    said = rnn("next", "--model", models["char"], "Anna reads a book.", "--top", "100")
    assert "\t<end>\n" in said.out
    assert "\t<unk>\n" in said.out


@pytest.mark.parametrize("as_json", [True, False])
def test_several_texts_are_computed_side_by_side_in_their_order(as_json, rnn, process, models):
    texts = ["Anna", "Tom reads a b", "", "Mia"] * 20
    options = ["next", "--model", models["char"], "--top", "2", *(["--json"] if as_json else [])]
    done = process(*options, input="".join(f"{text}\n" for text in texts))
    assert done.stdout == rnn(*options, *texts).out
    rows = done.stdout.splitlines()
    if as_json:
        told = [json.loads(row) for row in rows]
        assert [row["text"] for row in told] == texts
        assert {row["schema"] for row in told} == {1}
        model = LanguageModel.load(models["char"])
        for row in told[:4]:
            alone = model.next(row["text"], top=2)
            assert [each["token"] for each in row["next"]] == [token for token, _ in alone]
            assert [each["p"] for each in row["next"]] == pytest.approx([p for _, p in alone], rel=1e-5)
    else:
        assert [int(row.split("\t")[0]) for row in rows] == [k for k in range(1, 81) for _ in range(2)]


def test_a_word_begun_is_finished_and_the_ends_share_the_probability(rnn, models):
    said = rnn("next", "--model", models["space"], "Anna rea", "--json")
    assert json.loads(said.out)["next"] == [{"token": "reads", "p": pytest.approx(1)}]
    said = rnn("next", "--model", models["space"], "Anna reads a b", "--json")
    found = json.loads(said.out)["next"]
    assert {row["token"] for row in found} == {"buys", "book.", "birds.", "bread."}
    assert sum(row["p"] for row in found) == pytest.approx(1)


def test_after_a_word_that_is_known_the_next_one_comes(rnn, models):
    said = rnn("next", "--model", models["space"], "Anna", "--json", "--top", "4")
    assert {row["token"] for row in json.loads(said.out)["next"]} & {"reads", "buys", "sees", "likes"}


def test_a_word_that_is_known_is_finished_where_it_is_said_to_be_begun(rnn, train, write):
    write("birds.txt", ["a bird sees birds", "birds see a bird", "a birdcage"] * 9)
    train("birds.txt", "--tokenizer", "space", "--quiet")
    ends = json.loads(rnn("next", "--model", "m.npz", "a bird", "--begun", "--json").out)["next"]
    assert {row["token"] for row in ends} == {"bird", "birds", "birdcage"}
    assert sum(row["p"] for row in ends) == pytest.approx(1)
    after = json.loads(rnn("next", "--model", "m.npz", "a bird", "--json").out)["next"]
    assert {"sees", "<end>"} <= {row["token"] for row in after}
    nothing_longer = [rnn("next", "--model", "m.npz", "a birds", *more).out for more in ([], ["--begun"])]
    assert nothing_longer[0] == nothing_longer[1]


def test_unknown_tokens_are_named(rnn, models):
    said = rnn("next", "--model", models["char"], "Zoë", "--top", "1")
    named = f"not in the vocabulary of {models['char']}, and read as unknown: 'Z', 'ë'"
    assert said.err == f"rnn: warning: {named}\n"


def test_a_missing_model_is_named(fails):
    assert fails(1, "next", "Anna").startswith("model.npz: no such file")


def test_lines_are_answered_as_they_come_and_those_before_a_bad_byte_before_the_error(started, models):
    running = started("next", "--model", models["char"], "--top", "1", stdin=subprocess.PIPE, encoding=None)
    for number, line in enumerate((b"Anna\n", b"Zo\n", b"Tom\nb\xff\n"), 1):
        running.stdin.write(line)
        running.stdin.flush()
        assert running.stdout.readline().startswith(b"%d\t" % number)
    running.stdin.close()
    running.stdin = None  # which the fixture would flush
    assert running.wait(30) == 1
    warning, error = running.stderr.read().splitlines()
    assert warning.endswith(b"read as unknown: 'Z'")
    assert error.startswith(b"rnn: error: standard input: line 4, byte 2: not UTF-8")


@pytest.mark.parametrize("command", [("next",), ("show", "-")])
def test_a_standard_input_without_a_line_is_an_error(process, one_line, models, command):
    done = process(*command, "--model", models["char"], input="")
    assert (done.returncode, done.stdout) == (1, "")
    assert one_line(done.stderr) == "standard input: empty: there is no line in it"
