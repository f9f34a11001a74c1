"""rnn score: what a text costs a model, checked against the tutorial's equations."""

import json
import math
import re
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import storage
from rnn_cli.models.scores import chunks

TEXT = [
    "Mia likes the quick brown book.",
    "",
    "Anna reads!",
    "Zoë   buys 两 birds  ",
    " \t ",
    "a\tb\tAnna",
    "Tom reads the bread.",
]
KINDS = ["char", "space", "chinese", "book", "lstm", "gru", "tied", "adaptive"]
OF_THE_TUTORIAL = ["char", "space", "chinese", "book"]


@pytest.fixture
def text(write):
    return write("text.txt", TEXT).name


@pytest.fixture
def score(rnn, models):
    """Score with a model of some kind; -> standard output, and nothing on standard error."""

    def call(kind, *arguments):
        said = rnn("score", "--model", models[kind], *arguments)
        assert said.err == ""
        return said.out

    return call


@pytest.fixture
def totals(score):
    def call(kind, *arguments):
        return json.loads(score(kind, *arguments, "--json"))

    return call


def approximately(figures, rel=1e-5):
    return {name: pytest.approx(value, rel=rel) for name, value in figures.items()}


# Totals.


@pytest.mark.parametrize("kind", OF_THE_TUTORIAL)
def test_the_totals_are_those_of_the_tutorials_equations_step_by_step(kind, totals, text, models, read_npz):
    figures = totals(kind, text)
    naive = read_npz(models[kind]).measure(TEXT)
    assert figures == {
        "schema": 1,
        "lines": 7 if kind == "book" else 5,
        "tokens": naive.tokens,
        "unknown": naive.unknown,
        "characters": naive.characters,
        "nats": pytest.approx(naive.nats + naive.spelling, rel=1e-5),
        "perplexity": pytest.approx(math.exp(naive.loss), rel=1e-5),
        "bits_per_character": pytest.approx(naive.bits_per_character, rel=1e-5),
        "spelling_nats": pytest.approx(naive.spelling, rel=1e-9),
    }
    assert naive.unknown >= 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_for_people_tells_what_json_tells(kind, score, totals, text):
    rows = dict(line.split("   ")[0].rsplit(maxsplit=1) for line in compact(score(kind, text)))
    figures = totals(kind, text)
    assert list(rows) == [
        "lines",
        "tokens",
        "unknown",
        "characters",
        "nats",
        "spelling nats",
        "perplexity",
        "bits per character",
    ]
    for name, told in rows.items():
        told_as_number = float(told.replace(",", ""))
        assert told_as_number == pytest.approx(figures[name.replace(" ", "_")], abs=6e-4)


def compact(out):
    """The lines of a table, a name and its first figure parted by one space."""
    return [" ".join(line.replace("   line ends counted", "").split()) for line in out.splitlines()]


def test_a_validation_text_scores_as_training_said_it_does(train, rnn, corpus, write, read_log):
    write("valid.txt", TEXT)
    for carry in ([], ["--carry-state", "--batch", "1"]):
        options = ["--cell", "lstm", "--valid", "valid.txt", "--log", "log.jsonl", "--epochs", "1", "-q"]
        train(corpus, *options, *carry, "--force")
        row = read_log("log.jsonl", "valid")[-1]
        figures = json.loads(rnn("score", "-m", "m.npz", "valid.txt", "--json").out)
        assert math.log(figures["perplexity"]) == pytest.approx(row["valid_loss"], rel=1e-5)
        assert figures["bits_per_character"] == pytest.approx(row["valid_bpc"], rel=1e-5)


def test_train_and_then_score_work_without_the_models_name(rnn, corpus):
    rnn("train", corpus, "-t", "char", "--hidden", "4", "--epochs", "1", "--quiet")
    assert json.loads(rnn("score", corpus, "--json").out)["lines"] == 48


def test_a_model_of_version_1_scores(rnn, text, read_npz):
    """It has no spelling of its own: each code point of an unknown token is as likely as any other."""
    path = Path(__file__).parents[2] / "data" / "version_1.npz"
    said = rnn("score", "--model", path, text, "--json")
    naive = read_npz(path).measure(TEXT)
    assert said.err == ""
    figures = json.loads(said.out)
    assert figures["perplexity"] == pytest.approx(math.exp(naive.loss), rel=1e-5)
    assert figures["bits_per_character"] == pytest.approx(naive.bits_per_character, rel=1e-5)
    one = 2 * math.log(0x110001) + math.log(0x110000 / 0x110001)  # the character, and the end of the token
    assert figures["spelling_nats"] == pytest.approx(figures["unknown"] * one)


# Which text.


def test_several_files_are_one_text_and_so_are_files_and_standard_input(
    totals, process, folder, models, english
):
    (folder / "a.txt").write_text("\n".join(english[:20]))  # its last line has no end
    (folder / "b.txt").write_text("\n".join(english[20:]) + "\n")
    whole = "".join(f"{line}\n" for line in english)
    (folder / "ab.txt").write_text(whole)
    for kind in ("char", "book"):
        figures = totals(kind, "ab.txt")
        assert totals(kind, "a.txt", "b.txt") == figures
        for arguments, text in [([], whole), (["a.txt", "-"], "\n".join(english[20:]))]:
            done = process("score", "--model", models[kind], "--json", *arguments, input=text)
            assert (done.returncode, done.stderr) == (0, "")
            assert json.loads(done.stdout) == figures


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(score, totals, text, folder):
    (folder / "windows.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(TEXT).encode())
    assert totals("char", "windows.txt") == totals("char", text)
    assert score("char", "windows.txt", "--per-line") == score("char", text, "--per-line")


def test_a_text_in_another_encoding_is_read(totals, write, chinese):
    write("utf-8.txt", chinese)
    write("gb.txt", chinese, "gb18030")
    assert totals("chinese", "gb.txt", "--encoding", "gb18030") == totals("chinese", "utf-8.txt")


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_of_many_chunks_scores_as_in_one_piece(kind, score, text, monkeypatch):
    whole, lines = (score(kind, text, text, text, option) for option in ("--json", "--per-line"))
    monkeypatch.setattr(chunks, "CHUNK", 30)
    assert json.loads(score(kind, text, text, text, "--json")) == approximately(json.loads(whole))
    pieces = [float(row[0]) for row in rows_of(score(kind, text, text, text, "--per-line"), 3)]
    assert pieces == pytest.approx([float(row[0]) for row in rows_of(lines, 3)], abs=2e-4)


@pytest.mark.parametrize("kind", ["char", "book"])
def test_a_line_much_longer_than_others_is_never_cut(kind, totals, write, english, models, read_npz):
    lines = [*english, " ".join(english * 3), *english]
    write("long.txt", lines)
    assert totals(kind, "long.txt")["nats"] == pytest.approx(
        read_npz(models[kind]).measure(lines).nats, rel=1e-5
    )


# A row for each line, a row for each token.


def rows_of(out, tabs):
    """The fields of each row; the last holds whatever follows so many tabs."""
    assert out.endswith("\n")
    return [line.split("\t", tabs) for line in out[:-1].split("\n")]


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_row_for_each_line_and_together_they_are_the_totals(kind, score, totals, text):
    rows = rows_of(score(kind, text, "--per-line"), 3)
    assert [row[3] for row in rows] == TEXT
    figures = totals(kind, text)
    assert sum(float(row[0]) for row in rows) == pytest.approx(figures["nats"], abs=5e-4)
    assert sum(int(row[1]) for row in rows) == figures["tokens"]
    assert sum(int(row[2]) for row in rows) == figures["unknown"]


@pytest.mark.parametrize("kind", ["char", "space", "chinese"])
def test_each_line_costs_what_it_costs_alone(kind, score, text, models, read_npz):
    model = read_npz(models[kind])
    for nats, tokens, unknown, line in rows_of(score(kind, text, "--per-line"), 3):
        alone = model.measure([line])
        assert float(nats) == pytest.approx(alone.nats + alone.spelling, rel=1e-4, abs=6e-5)
        assert (int(tokens), int(unknown)) == (alone.tokens, alone.unknown)


def test_a_blank_line_costs_nothing_or_where_the_state_is_carried_its_end(score, text):
    assert rows_of(score("char", text, "--per-line"), 3)[1] == ["0.0000", "0", "0", ""]
    nats, *rest = rows_of(score("book", text, "--per-line"), 3)[1]
    assert float(nats) > 0
    assert rest == ["1", "0", ""]


def test_a_line_may_hold_what_other_programs_take_for_a_line_end(score, write):
    write("odd.txt", ["a\u2028b\x0bc\x85d", "Anna"])
    rows = rows_of(score("char", "odd.txt", "--per-line"), 3)
    assert [row[3] for row in rows] == ["a\u2028b\x0bc\x85d", "Anna"]


def test_a_line_of_the_models_own_text_costs_less_than_a_strange_one(rnn, train, write, english):
    """What filters and reranks."""
    train(write("corpus.txt", english), "-n", "32", "--epochs", "20", "--quiet")
    write("two.txt", ["Anna sees two birds.", "birdsnn. A ase owtse"])
    own, strange = rows_of(rnn("score", "-m", "m.npz", "two.txt", "--per-line").out, 3)
    assert float(own[0]) < 0.7 * float(strange[0])


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_row_for_each_token_and_together_they_are_the_lines(kind, score, text):
    of_tokens = rows_of(score(kind, text, "--per-token"), 3)
    for number, (nats, tokens, unknown, line) in enumerate(rows_of(score(kind, text, "--per-line"), 3), 1):
        rows = [row for row in of_tokens if int(row[0]) == number]
        assert len(rows) == int(tokens)
        assert sum(float(row[1]) for row in rows) == pytest.approx(float(nats), abs=1e-4 * (1 + len(rows)))
        assert sum(int(row[2]) for row in rows) == int(unknown)
        if rows:
            *spelled, end = (json.loads(row[3]) for row in rows)
            assert end == "\n"
            assert spelled == (line.split() if kind in ("space", "tied") else list(line))


def test_each_unknown_token_is_marked_and_no_other(score, text, models, read_npz):
    known = read_npz(models["space"]).tokens
    for _, _, unknown, token in rows_of(score("space", text, "--per-token"), 3):
        assert int(unknown) == (json.loads(token) not in [*known, "\n"])


def test_a_literal_unk_is_null_among_the_tokens(score, write):
    write("ptb.txt", ["Anna <unk> a"])
    rows = rows_of(score("space", "ptb.txt", "--per-token"), 3)
    assert [(row[2], json.loads(row[3])) for row in rows] == [
        ("0", "Anna"),
        ("1", None),
        ("0", "a"),
        ("0", "\n"),
    ]


# Unknown words, and what they are.


@pytest.fixture
def two_vocabularies(train, rnn, corpus, read_npz):
    """One text under a model of all its words and under one of three: -> the two models' figures."""
    figures = []
    for number, size in enumerate([1000, 3]):
        options = [
            "--tokenizer",
            "space",
            "--min-count",
            "1",
            "--max-size",
            size,
            "--epochs",
            "10",
            "--quiet",
        ]
        train(corpus, *options, model=f"{number}.npz")
        figures.append(json.loads(rnn("score", corpus, "-m", f"{number}.npz", "--json").out))
    return figures


def test_few_words_make_the_perplexity_look_good_and_the_bits_per_character_bad(two_vocabularies):
    whole, few = two_vocabularies
    assert few["characters"] == whole["characters"]
    assert whole["unknown"] == 0
    assert few["unknown"] > 0.4 * few["tokens"]
    assert few["perplexity"] < whole["perplexity"]
    assert few["bits_per_character"] > 1.2 * whole["bits_per_character"]


def test_bits_per_character_are_of_tokens_and_spellings_and_perplexity_of_tokens_alone(two_vocabularies):
    for figures in two_vocabularies:
        bits = figures["nats"] / figures["characters"] / math.log(2)
        of_tokens = figures["nats"] - figures["spelling_nats"]
        assert figures["bits_per_character"] == pytest.approx(bits)
        assert figures["perplexity"] == pytest.approx(math.exp(of_tokens / figures["tokens"]))
    assert two_vocabularies[0]["spelling_nats"] == 0
    assert two_vocabularies[1]["spelling_nats"] > 100


# Dynamic evaluation.


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_repeats_itself_costs_less_where_the_model_learns_from_it(kind, totals, write, models):
    write("again.txt", ["Tom Tom sees two two birds."] * 100)
    before = models[kind].read_bytes()
    static, dynamic = totals(kind, "again.txt"), totals(kind, "again.txt", "--dynamic")
    assert dynamic["nats"] < 0.95 * static["nats"]
    same = ["lines", "tokens", "unknown", "characters", "spelling_nats"]
    assert [dynamic[name] for name in same] == [static[name] for name in same]
    assert models[kind].read_bytes() == before
    assert totals(kind, "again.txt") == static


@pytest.mark.parametrize("kind", KINDS)
def test_a_dynamic_learning_rate_of_0_is_none(kind, score, text):
    for option in ("--json", "--per-line", "--per-token"):
        assert score(kind, text, option, "--dynamic", "--dynamic-lr", "0") == score(kind, text, option)


def test_the_dynamic_learning_rate_is_the_one_given(totals, write):
    write("again.txt", ["Tom sees two birds."] * 50)
    costs = [
        totals("char", "again.txt", "--dynamic", "--dynamic-lr", lr)["nats"]
        for lr in ("0.001", "0.01", "0.1")
    ]
    assert costs == sorted(costs, reverse=True)
    assert totals("char", "again.txt", "--dynamic")["nats"] == costs[-1]  # the default


# The baseline.


@pytest.fixture
def learned(train, corpus):
    """A model that has learned the text of `corpus` well."""
    train(corpus, "-n", "32", "--epochs", "30", "--quiet")
    return "m.npz"


def test_the_baselines_figures_stand_beside_the_models(rnn, learned, corpus):
    alone = json.loads(rnn("score", corpus, "-m", learned, "--json").out)
    said = rnn("score", corpus, "-m", learned, "--json", "--baseline", corpus, "--baseline-order", "1")
    both = json.loads(said.out)
    counted = both.pop("baseline")
    assert both == alone
    assert set(counted) == {"order", "nats", "spelling_nats", "perplexity", "bits_per_character"}
    assert counted["order"] == 1
    assert counted["bits_per_character"] == pytest.approx(counted["nats"] / both["characters"] / math.log(2))
    assert counted["perplexity"] == pytest.approx(math.exp(counted["nats"] / both["tokens"]))


def test_a_baseline_of_order_1_is_about_the_entropy_of_the_letters(rnn, learned, corpus, english):
    said = rnn("score", corpus, "-m", learned, "--json", "--baseline", corpus, "--baseline-order", "1")
    letters = "".join(f"{line}\n" for line in english)
    p = np.array([letters.count(letter) / len(letters) for letter in set(letters)])
    entropy = -(p * np.log2(p)).sum()
    assert json.loads(said.out)["baseline"]["bits_per_character"] == pytest.approx(entropy, rel=0.03)


def test_a_model_that_beats_counting_is_not_warned_of(rnn, learned, corpus):
    said = rnn("score", corpus, "-m", learned, "--baseline", corpus, "--baseline-order", "1")
    assert said.err == ""
    assert "Kneser-Ney, order 1" in said.out
    rows = [line.split() for line in said.out.splitlines()]
    (nats,) = (row for row in rows if row[0] == "nats")
    (bits,) = (row for row in rows if row[0] == "bits")
    assert float(nats[1].replace(",", "")) < float(nats[2].replace(",", ""))
    assert float(bits[3]) < float(bits[4])


@pytest.mark.parametrize("option", [[], ["--json"], ["--per-line"], ["--per-token"]], ids=str)
def test_a_model_that_does_not_beat_the_n_grams_gets_one_line_of_warning(option, rnn, models, corpus, score):
    said = rnn("score", corpus, "-m", models["char"], "--baseline", corpus, *option)
    assert said.err.startswith("rnn: warning: the model does not beat the n-grams ")
    assert len(said.err.splitlines()) == 1
    assert "order 5" in said.err
    if option in (["--per-line"], ["--per-token"]):
        assert said.out == score("char", corpus, *option)


def test_who_compares_on_the_text_that_was_counted_is_told_so(rnn, models, corpus, write, english):
    write("other.txt", english)
    same, another = (
        rnn("score", corpus, "-m", models["char"], "--baseline", text).err for text in (corpus, "other.txt")
    )
    assert "score a text that neither has seen" in same
    assert "train longer" in another


@pytest.mark.parametrize(("kind", "order"), [("char", 5), ("space", 3), ("book", 5)])
def test_the_order_is_by_default_one_that_suits_the_tokens(kind, order, rnn, models, corpus):
    said = rnn("score", corpus, "-m", models[kind], "--baseline", corpus, "--json")
    assert json.loads(said.out)["baseline"]["order"] == order


def test_a_baseline_charges_unknown_words_for_their_spelling_too(rnn, models, corpus, text):
    said = rnn("score", text, "-m", models["space"], "--baseline", corpus, "--json")
    figures = json.loads(said.out)
    counted = figures["baseline"]
    of_tokens = counted["nats"] - figures["spelling_nats"]
    assert figures["spelling_nats"] > 100
    assert counted["perplexity"] == pytest.approx(math.exp(of_tokens / figures["tokens"]))


def test_the_baseline_is_of_the_first_tokens_where_the_text_has_more(rnn, models, corpus, write, english):
    write("first.txt", english[:10])
    write("long.txt", english[:10] + ["zzzzzz"] * 100)
    most = sum(len(line) + 1 for line in english[:10])
    options = ["-m", models["char"], "--json"]
    first, cut, whole = (
        rnn("score", corpus, *options, "--baseline", text, *more)
        for text, more in [
            ("first.txt", []),
            ("long.txt", ["--baseline-tokens", most]),
            ("long.txt", []),
        ]
    )
    assert json.loads(cut.out) == json.loads(first.out)
    assert json.loads(whole.out)["baseline"] != json.loads(first.out)["baseline"]
    assert f"on the first {most:,} tokens of long.txt" in cut.err
    assert "on the first" not in first.err + whole.err


# Two models side by side.


def test_two_models_costs_of_each_line_stand_side_by_side(rnn, models, text):
    one, other = (
        rows_of(rnn("score", "-m", models[kind], text, "--per-line").out, 3) for kind in ("char", "space")
    )
    said = rnn("score", "-m", models["char"], "--compare", models["space"], text, "--per-line")
    both = rows_of(said.out, 4)
    assert [row[:3] + row[4:] for row in both] == one
    assert [row[3] for row in both] == [row[0] for row in other]
    assert said.err == ""


def test_two_models_totals_stand_side_by_side(rnn, models, text):
    one, other = (
        json.loads(rnn("score", "-m", models[kind], text, "--json").out) for kind in ("char", "book")
    )
    both = json.loads(rnn("score", "-m", models["char"], "--compare", models["book"], text, "--json").out)
    compared = both.pop("compare")
    assert both == approximately(one)
    assert compared == approximately({name: value for name, value in other.items() if name != "schema"})
    table = rnn("score", "-m", models["char"], "--compare", models["book"], text).out
    (nats,) = (row.split() for row in table.splitlines() if row.startswith("nats"))
    assert [float(each.replace(",", "")) for each in nats[1:]] == pytest.approx(
        [one["nats"], other["nats"]], abs=1e-3
    )


@pytest.mark.parametrize("form", [["--per-line"], ["--per-token"], []], ids=str)
def test_a_model_that_carries_its_state_can_score_lines_by_themselves(form, rnn, models, write):
    """So that a line costs what it costs alone."""
    lines = ["Tom sees two birds.", "Anna reads a book.", "Tom sees two birds."]
    write("text.txt", lines)
    for number, line in enumerate(lines):
        write(f"{number}.txt", [line])
    score = ["score", "-m", models["book"], "--independent", *form]
    if form == ["--per-line"]:
        alone = "".join(rnn(*score, f"{number}.txt").out for number in range(3))
        assert rnn(*score, "text.txt").out == alone
    first, _, third = rows_of(rnn("score", "-m", models["book"], "text.txt", "--per-line").out, 3)
    assert first[0] != third[0]  # read in order they differ
    assert rnn(*score, "text.txt").out != rnn("score", "-m", models["book"], "text.txt", *form).out


# Rows as JSON.


@pytest.mark.parametrize("kind", ["char", "space", "book"])
def test_rows_as_json_have_all_digits_and_the_spelling_apart(kind, score, totals, text):
    rows = [json.loads(line) for line in score(kind, text, "--json", "--per-line").splitlines()]
    plain = rows_of(score(kind, text, "--per-line"), 3)
    assert [row["text"] for row in rows] == TEXT
    assert [row["line"] for row in rows] == [*range(1, len(TEXT) + 1)]
    assert [[f"{row['nats']:.4f}", str(row["tokens"]), str(row["unknown"])] for row in rows] == [
        row[:3] for row in plain
    ]
    figures = totals(kind, text)
    for name in ("nats", "spelling_nats"):
        assert math.fsum(row[name] for row in rows) == pytest.approx(figures[name], rel=1e-12)
    assert {row["schema"] for row in rows} == {figures["schema"]}


@pytest.mark.parametrize("kind", ["char", "space", "book"])
def test_tokens_as_json_are_those_of_the_rows(kind, score, text):
    rows = [json.loads(line) for line in score(kind, text, "--json", "--per-token").splitlines()]
    plain = rows_of(score(kind, text, "--per-token"), 3)
    assert [
        [str(row["line"]), f"{row['nats']:.4f}", str(int(row["unknown"])), row["token"]] for row in rows
    ] == [[*row[:3], json.loads(row[3])] for row in plain]
    assert all(row["spelling_nats"] > 0 for row in rows if row["unknown"])


# Lines that do not decode.


@pytest.fixture
def spoilt(folder, english):
    """A text whose lines 2 and 4 do not decode, and the same without them."""
    good = [line.encode() for line in english[:4]]
    (folder / "bad.txt").write_bytes(
        b"\n".join([good[0], b"b\xffd", good[1], b"\xe4", good[2], good[3]]) + b"\n"
    )
    (folder / "good.txt").write_bytes(b"".join(line + b"\n" for line in good))
    return "bad.txt"


@pytest.mark.parametrize("kind", ["char", "space", "book"])
def test_a_line_that_does_not_decode_gets_a_row_that_says_so_and_the_rest_is_scored(
    kind, spoilt, rnn, score, models
):
    said = rnn("score", "-m", models[kind], spoilt, "--per-line", "--skip-bad")
    rows = rows_of(said.out, 3)
    assert rows[1] == ["nan", "0", "0", "b\ufffdd"]
    assert rows[3] == ["nan", "0", "0", "\ufffd"]
    assert [rows[k] for k in (0, 2, 4, 5)] == rows_of(score(kind, "good.txt", "--per-line"), 3)
    assert said.err == "rnn: warning: 2 lines do not decode; the first is line 2\n"


@pytest.mark.parametrize("kind", ["char", "book"])
def test_the_totals_are_those_of_the_lines_that_decode(kind, spoilt, rnn, totals, models):
    figures = json.loads(rnn("score", "-m", models[kind], spoilt, "--json", "--skip-bad").out)
    assert figures.pop("skipped") == 2
    assert figures == approximately(totals(kind, "good.txt"), rel=1e-12)


def test_a_row_for_each_token_and_one_for_each_bad_line_come_in_order(spoilt, rnn, models):
    said = rnn("score", "-m", models["char"], spoilt, "--per-token", "--skip-bad")
    rows = rows_of(said.out, 3)
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2, 3, 4, 5, 6}
    assert [row[1:] for row in rows if row[0] == "2"] == [["nan", "1", '"b\ufffdd"']]
    as_json = rnn(
        "score", "-m", models["char"], spoilt, "--per-line", "--json", "--skip-bad"
    ).out.splitlines()
    bad = json.loads(as_json[1])
    assert (bad["line"], bad["nats"], bad["error"], bad["text"]) == (2, None, "does not decode", "b\ufffdd")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16-le", "shift_jis"])
def test_bad_lines_are_skipped_in_other_encodings_too(encoding, folder, rnn, models):
    good = "我看书。" if encoding != "shift_jis" else "本"
    half = b"\x00\xd8" if encoding == "utf-16-le" else b"\xff"
    newline = "\n".encode(encoding)
    (folder / "text.txt").write_bytes(
        good.encode(encoding) + newline + half + newline + good.encode(encoding) + newline
    )
    said = rnn(
        "score", "-m", models["chinese"], "text.txt", "--encoding", encoding, "--per-line", "--skip-bad"
    )
    first, bad, last = rows_of(said.out, 3)
    assert first == last
    assert bad[0] == "nan"


def test_a_text_of_bad_lines_alone_is_an_error(folder, rnn, models):
    (folder / "bad.txt").write_bytes(b"\xff\n\xfe\n")
    said = rnn("score", "-m", models["char"], "bad.txt", "--skip-bad", status=1)
    assert "rnn: error: bad.txt: no text in it: every line is blank or does not decode" in said.err


@pytest.mark.parametrize("form", [["--per-line"], ["--per-line", "--json"], ["--per-token"]])
@pytest.mark.parametrize("kind", ["char", "space", "book"])
def test_without_the_option_the_lines_before_a_bad_one_have_their_rows(form, kind, spoilt, rnn, models):
    alone = rnn("score", "-m", models[kind], "good.txt", *form).out.splitlines(keepends=True)
    said = rnn("score", "-m", models[kind], spoilt, *form, status=1)
    assert said.err.startswith("rnn: error: bad.txt: line 2, byte 2: not UTF-8")
    rows = said.out.splitlines(keepends=True)
    assert rows == alone[: len(rows)]
    assert len(rows) == (1 if "--per-line" in form else sum(row.startswith("1\t") for row in alone))


def test_the_rows_of_a_file_are_printed_before_one_that_is_missing_is_named(rnn, models, text):
    rows = rnn("score", "-m", models["char"], text, "--per-line").out
    said = rnn("score", "-m", models["char"], text, "missing.txt", "--per-line", status=1)
    assert (said.out, said.err) == (rows, "rnn: error: missing.txt: No such file or directory\n")


# Rows as lines come.


@pytest.mark.parametrize("kind", ["char", "space", "book"])
def test_a_pipes_lines_are_answered_as_they_come(kind, started, models):
    running = started("score", "-m", models[kind], "--per-line", stdin=subprocess.PIPE)
    limit = threading.Timer(30, running.kill)
    limit.start()
    for line in ("Tom sees a bird.", "Anna reads.", ""):
        running.stdin.write(f"{line}\n")
        running.stdin.flush()
        assert running.stdout.readline().endswith(f"\t{line}\n")
    running.stdin.close()
    running.stdin = None  # which the fixture would flush
    assert running.wait(30) == 0
    limit.cancel()


def test_rows_of_a_file_are_written_one_by_one_where_that_is_asked(rnn, models, text):
    plain, buffered = (
        rnn("score", "-m", models["char"], text, "--per-line", *option).out
        for option in ([], ["--line-buffered"])
    )
    assert plain == buffered


# Long lines.


@pytest.mark.parametrize("kind", ["char", "space", "chinese", "book", "adaptive"])
@pytest.mark.parametrize(
    "form", [["--json"], ["--per-line"], ["--per-token"], ["--per-line", "--json"]], ids=str
)
def test_a_line_too_long_to_be_held_is_scored_piece_by_piece(kind, form, score, write, monkeypatch):
    words = "Tom sees  the blueish birds 两 and 我看 a\tbook of "
    write("long.txt", ["Mia reads.", words * 20, "", (words * 30).strip(), "Tom."])
    whole = score(kind, "long.txt", *form)
    monkeypatch.setattr(chunks, "CHUNK", 64)
    monkeypatch.setattr(chunks, "LONGEST", 100)
    alike(score(kind, "long.txt", *form), whole)


def alike(out, expected):
    """Whether all is the same but for the last digits of numbers."""
    got, expected = (re.split(r"(-?\d+\.\d+)", each) for each in (out, expected))
    assert got[::2] == expected[::2]
    assert [float(each) for each in got[1::2]] == pytest.approx(
        [float(each) for each in expected[1::2]], abs=2e-4
    )


def test_a_long_line_that_does_not_decode_in_one_place_is_skipped_whole(folder, rnn, models, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 16)
    monkeypatch.setattr(chunks, "LONGEST", 40)
    long = b"Tom sees the birds " * 10
    (folder / "text.txt").write_bytes(b"Mia reads.\n" + long + b"\xff" + long + b"\nTom.\n")
    said = rnn("score", "-m", models["char"], "text.txt", "--per-line", "--skip-bad")
    assert [row[0] == "nan" for row in rows_of(said.out, 3)] == [False, True, False]
    figures = json.loads(rnn("score", "-m", models["char"], "text.txt", "--json", "--skip-bad").out)
    assert (figures["lines"], figures["skipped"]) == (2, 1)


def test_a_word_too_long_to_be_held_is_one_line_with_a_way_out(fails, write, models, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 50)
    monkeypatch.setattr(chunks, "LONGEST", 100)
    monkeypatch.setattr(chunks, "LONGEST_WORD", 1000)
    write("long.txt", ["x" * 10_000])
    message = fails(1, "score", "long.txt", "-m", models["space"])
    assert "a word of more than 1,000 characters" in message
    assert "white space" in message


# What will not do.


class TestATextThatWillNotDo:
    @pytest.mark.parametrize("kind", ["char", "book"])
    @pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
    def test_an_empty_one_is_named(self, content, kind, fails, models, folder):
        (folder / "empty.txt").write_bytes(content)
        assert fails(1, "score", "empty.txt", "-m", models[kind]).startswith("empty.txt: no text")

    def test_one_of_blank_lines_is_named_where_they_are_skipped(self, fails, models, write):
        write("blank.txt", ["", " \t", "\u3000"])
        for option in ([], ["--json"]):
            assert fails(1, "score", "blank.txt", "-m", models["char"], *option).startswith(
                "blank.txt: no text"
            )

    def test_an_empty_standard_input_is_named_as_such(self, process, one_line, models):
        done = process("score", "-m", models["char"], input="")
        assert (done.returncode, done.stdout) == (1, "")
        assert one_line(done.stderr).startswith("standard input: no text")

    def test_a_missing_one_is_named(self, fails, models, corpus):
        assert fails(1, "score", "no.txt", "-m", models["char"]) == "no.txt: No such file or directory"
        assert fails(1, "score", corpus, "no.txt", "-m", models["char"]).startswith("no.txt: ")
        assert fails(1, "score", corpus, "--baseline", "no.txt", "-m", models["char"]).startswith("no.txt: ")

    def test_a_folder_is_none(self, fails, models, folder):
        assert fails(1, "score", folder, "-m", models["char"]).startswith(f"{folder}: is a directory")

    def test_bytes_that_do_not_decode_are_told_by_line_and_byte(self, fails, models, folder):
        (folder / "bad.txt").write_bytes(b"good\nb\xffd\n")
        assert fails(1, "score", "bad.txt", "-m", models["char"]).startswith(
            "bad.txt: line 2, byte 2: not UTF-8"
        )

    def test_a_baseline_that_does_not_decode_is_told_too(self, fails, models, corpus, folder):
        (folder / "bad.txt").write_bytes(b"good\nb\xffd\n")
        message = fails(1, "score", corpus, "--baseline", "bad.txt", "-m", models["char"])
        assert message.startswith("bad.txt: line 2, byte 2: ")


def test_a_model_that_will_not_do_is_named(fails, corpus, models):
    assert fails(1, "score", corpus) == "model.npz: no such file: rnn train TEXT --model model.npz writes one"
    assert "training state" in fails(1, "score", corpus, "-m", models["char"].with_name("char.state.npz"))


@pytest.mark.parametrize(
    "options",
    [
        ["--per-line", "--per-token"],
        ["--per-token", "--compare=other.npz"],
    ],
    ids=" ".join,
)
def test_forms_that_exclude_each_other_are_refused_and_named(options, fails):
    message = fails(2, "score", "nowhere.txt", "-m", "nowhere.npz", *options)
    assert all(option.split("=")[0] in message for option in options)


def test_row_by_row_output_without_rows_is_refused(fails):
    message = fails(2, "score", "nowhere.txt", "-m", "nowhere.npz", "--line-buffered")
    assert "--line-buffered needs --per-line or --per-token" in message


@pytest.mark.parametrize("options", [["-"], []], ids=str)
def test_standard_input_cannot_be_both_the_text_and_the_baseline(options, fails):
    message = fails(2, "score", *options, "-m", "nowhere.npz", "--baseline", "-")
    assert "standard input" in message


def test_a_learning_rate_without_dynamic_evaluation_is_refused_and_the_option_named(fails):
    message = fails(2, "score", "nowhere.txt", "-m", "nowhere.npz", "--dynamic-lr", "0.1")
    assert "--dynamic-lr needs --dynamic" in message


@pytest.mark.parametrize("option", ["--baseline-order", "--baseline-tokens"])
def test_an_order_without_a_baseline_is_refused_and_the_option_named(option, fails):
    message = fails(2, "score", "nowhere.txt", "-m", "nowhere.npz", option, "3")
    assert f"{option} needs --baseline" in message


def overflowing(read_npz, models):
    """A model whose state grows beyond all numbers."""
    header, arrays = read_npz(models["book"])
    header["network"]["cell"] = "relu"
    W = 1e6 * np.eye(8, dtype=np.float32)
    storage.save(Path("growing.npz"), arrays | {"W": W, "b_a": np.ones(8, np.float32)}, header)
    return "growing.npz"


@pytest.mark.parametrize("option", [[], ["--per-line"], ["--dynamic"]], ids=str)
def test_a_state_that_overflows_is_one_line_without_numpys_warnings(
    option, process, one_line, models, read_npz, corpus
):
    done = process("score", "-m", overflowing(read_npz, models), corpus, *option)
    assert (done.returncode, done.stdout) == (1, "")
    assert "overflow" in one_line(done.stderr)


@pytest.mark.parametrize("kind", ["tied", "adaptive", "book"])
def test_no_form_says_a_word_on_standard_error(kind, process, models, text):
    done = process("score", "-m", models[kind], text, "--dynamic")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option", [[], ["--per-line"], ["--per-token"]], ids=str)
def test_a_reader_that_has_had_enough_ends_the_command_quietly(option, started, write, models, english):
    write("long.txt", english * 100)
    running = started("score", "-m", models["char"], "long.txt", *option)
    running.stdout.close()  # before anything is written, as `head -0` would
    assert running.stderr.read() == ""
    assert running.wait(30) == 0
