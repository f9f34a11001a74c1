"""rnn sample: text from a trained model."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import storage


@pytest.fixture
def sample(rnn, models):
    def call(kind, *options):
        said = rnn("sample", "--model", models[kind], *options)
        assert said.err == ""
        return said.out

    return call


def test_as_many_lines_as_asked_for_are_written(sample):
    for num in (1, 2, 30):
        assert sample("char", "--num", num, "--seed", "1").count("\n") == num


def test_one_seed_gives_one_text_and_another_seed_another(sample):
    many = ["--num", "20"]
    assert sample("char", *many, "--seed", "5") == sample("char", *many, "--seed", "5")
    assert sample("char", *many, "--seed", "5") != sample("char", *many, "--seed", "6")


def test_without_a_seed_each_call_writes_another_text(sample):
    assert sample("char", "--num", "20") != sample("char", "--num", "20")


def test_samples_drawn_side_by_side_differ(sample):
    assert len(set(sample("char", "--num", "20", "--seed", "1").splitlines())) > 10


def test_temperature_0_writes_the_likeliest_whatever_the_seed(sample, models, read_npz):
    options = ["--temperature", "0", "--length", "30"]
    text = sample("char", *options, "--seed", "1")
    assert sample("char", *options, "--seed", "2") == text
    assert sample("char", "--top-k", "1", "--length", "30") == text
    assert sample("char", "--top-p", "1e-9", "--length", "30") == text
    assert text == likeliest(read_npz(models["char"]), 30)


def likeliest(model, length):
    """The greedy text by the tutorial's equations."""
    U, W, b_a, V, b_y = (model.arrays[name].astype(float) for name in ("U", "W", "b_a", "V", "b_y"))
    s, x, text = np.zeros(len(b_a)), 0, ""
    for _ in range(length):
        s = np.tanh(U[:, x] + W @ s + b_a)
        z = V @ s + b_y
        z[[0, 2]] = -np.inf  # START and UNK are not written
        x = int(np.argmax(z))
        if x == 1:
            break
        text += model.tokens[x - 3]
    return text + "\n"


def test_a_low_temperature_is_nearer_to_the_likeliest_than_a_high_one(sample):
    def distinct(temperature):
        return len(
            set(
                sample("char", "--num", "200", "--seed", "1", "--temperature", temperature, "-l", "3").split()
            )
        )

    assert distinct("0.05") < distinct("0.7") < distinct("50")


def test_length_is_the_most_tokens_of_a_sample(sample):
    for length in (1, 5, 40):
        lines = sample("char", "--num", "50", "--seed", "1", "--length", length).splitlines()
        assert max(map(len, lines)) <= length
        assert any(len(line) == length for line in lines)


def test_a_prompt_begins_the_text_and_does_not_count_for_its_length(sample):
    text = sample("char", "--prompt", "Anna reads", "--num", "20", "--seed", "1", "--length", "7")
    lines = text.splitlines()
    assert all(line.startswith("Anna reads") for line in lines)
    assert max(map(len, lines)) == len("Anna reads") + 7


def test_the_text_depends_on_the_prompt(sample):
    options = ["--seed", "1", "--num", "20"]
    after = [sample("char", "--prompt", prompt, *options).replace(prompt, "") for prompt in ("A", "bird")]
    assert after[0] != after[1]


def test_unknown_tokens_of_a_prompt_are_named_in_one_line(rnn, models):
    said = rnn("sample", "--model", models["char"], "--prompt", "Zoë reads", "--seed", "1")
    assert said.out.startswith("Zoë reads")
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith("rnn: warning: ")
    assert "'Z', 'ë'" in said.err
    assert "char.npz" in said.err
    assert "'o'" not in said.err


def test_many_unknown_tokens_are_not_all_named(rnn, models):
    prompt = "".join(map(chr, range(0x4E00, 0x4E00 + 500)))
    said = rnn("sample", "--model", models["char"], "--prompt", prompt, "--seed", "1")
    assert len(said.err.splitlines()) == 1
    assert len(said.err) < 300


def test_a_prompt_that_is_no_text_is_not_called_a_defect(process, models):
    prompt = b"\xff\xfe".decode("utf-8", "surrogateescape")
    done = process("sample", "--model", models["char"], "--prompt", prompt, errors="replace")
    assert "defect" not in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


def test_words_are_parted_by_single_spaces(sample, english):
    words = {word for line in english for word in line.split()}
    for prompt in ("", "Anna", "Anna reads"):
        text = sample("space", "--num", "20", "--seed", "1", "--prompt", prompt)
        for line in text.splitlines():
            assert line == " ".join(line.split())
            assert set(line.split()) <= words
    assert " " in sample("space", "--num", "20", "--seed", "1")


def test_a_book_runs_on_over_line_ends_to_its_length(sample):
    for length in (1, 50, 400):
        text = sample("book", "--seed", "1", "--length", length)
        assert text.endswith("\n")
        assert len(text) in (length, length + 1)
    assert text.count("\n") > 3


def test_a_book_that_stops_at_a_line_end_has_no_empty_line_after_it(sample):
    whole = sample("book", "--seed", "1", "--length", "400")
    until = whole.index("\n") + 1
    assert sample("book", "--seed", "1", "--length", until) == whole[:until]
    assert sample("book", "--seed", "1", "--length", until - 1) == whole[:until]


def test_samples_of_a_book_are_parted_by_an_empty_line(sample):
    text = sample("book", "--seed", "1", "--length", "200", "--num", "3", "--prompt", "Mia likes")
    assert text.count("\n\nMia likes") == 2
    assert text.startswith("Mia likes")
    assert text.endswith("\n")


def test_a_single_sample_is_one_line_whatever_the_tokenizer(sample):
    """One sample is streamed, several are joined: either way a text ends in one line end."""
    for kind in ("char", "space", "chinese"):
        for seed in range(5):
            text = sample(kind, "--seed", seed, "--prompt", "Anna" if kind != "chinese" else "我")
            assert text.count("\n") == 1
            assert text.endswith("\n")


def test_the_first_of_two_lines_of_a_prompt_is_kept(sample):
    text = sample("char", "--prompt", "Anna reads a book.\nTom", "--seed", "1", "--length", "5")
    assert text.startswith("Anna reads a book.\nTom")


def test_chinese_is_written_in_the_characters_of_its_text(sample, chinese):
    text = sample("chinese", "--num", "20", "--seed", "1")
    assert set(text) <= {*"".join(chinese), "\n"}
    assert len(text) > 40


def test_a_growing_state_does_not_end_in_a_defect(process, models, one_line, read_npz):
    """A relu state may grow without bound, at a length that training never saw."""
    header, arrays = read_npz(models["char"])
    header["network"]["cell"], header["carry_state"] = "relu", True
    storage.save(Path("growing.npz"), arrays | {"W": 3 * np.eye(8, dtype=np.float32)}, header)
    done = process("sample", "--model", "growing.npz", "--seed", "1")
    assert "defect" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "RuntimeWarning" not in done.stderr
    if done.returncode:
        one_line(done.stderr)


class TestWhatIsWritten:
    """The options that say what is written and where it ends; tests/models tries each in full."""

    def test_a_prompt_with_other_line_ends_is_read_as_a_text_is(self, sample):
        assert sample("char", "--prompt", "Anna\r\nTom", "--seed", "1", "-l", "3").startswith("Anna\nTom")

    def test_a_word_begun_is_finished(self, sample):
        for prompt in ("Anna rea", "Anna reads a b"):
            lines = sample("space", "--prompt", prompt, "--num", "20", "--seed", "1").splitlines()
            words = {line.split()[len(prompt.split()) - 1] for line in lines}
            assert words <= {"reads", "book.", "buys", "birds.", "bread."}
            assert all(line.startswith(prompt) for line in lines)

    def test_a_space_at_the_end_is_not_doubled(self, sample):
        text = sample("space", "--prompt", "Anna ", "--num", "20", "--seed", "1")
        assert text.startswith("Anna ")
        assert "  " not in text

    def test_stop_may_be_repeated_and_knows_line_ends(self, sample):
        text = sample("book", "--stop", r"\n", "--seed", "1", "--num", "5")
        assert text.count("\n") == 9  # five lines, parted by empty ones
        text = sample("char", "--stop", "a", "--stop", "e", "--seed", "1", "--num", "9")
        assert not set("ae") & set(text)

    def test_lines_and_sentences_end_it(self, sample):
        assert sample("book", "--lines", "3", "--seed", "1").count("\n") == 3
        assert sample("char", "--lines", "3", "--seed", "1").count("\n") == 3
        assert len(sample("chinese", "--sentences", "2", "--seed", "1").splitlines()) <= 2

    def test_banned_words_are_not_written(self, sample):
        text = sample("space", "--ban", "Anna, Tom", "--ban", "reads", "--num", "60", "--seed", "1")
        assert not {"Anna", "Tom", "reads"} & {*text.split()}
        assert "likes" in text

    def test_the_likeliest_line_needs_no_seed_and_several_come_in_order(self, sample, rnn, models, write):
        first = sample("char", "--beam", "20")
        assert first == sample("char", "--beam", "20")
        many = sample("char", "--beam", "20", "--num", "5")
        assert many.startswith(first)
        scored = rnn(
            "score", "--model", models["char"], write("many.txt", many.splitlines()), "--per-line"
        ).out
        nats = [float(row.split("\t")[0]) for row in scored.splitlines()]
        assert nats == sorted(nats)

    def test_a_penalty_makes_repetition_rarer(self, sample):
        def distinct(*options):
            lines = sample("space", "--num", "50", "--seed", "1", "--temperature", "2", *options).split("\n")
            return sum(len(set(line.split())) / max(1, len(line.split())) for line in lines)

        assert distinct("--repetition-penalty", "5") > distinct()

    def test_prompts_come_from_a_file_or_standard_input(self, sample, write, process, models):
        path = write("prompts.txt", ["Anna", "", "Tom reads"])
        text = sample("char", "--prompts", path, "--num", "2", "--seed", "1")
        starts = ["Anna", "Anna", "", "", "Tom reads", "Tom reads"]
        assert all(line.startswith(start) for line, start in zip(text.splitlines(), starts, strict=True))
        options = ["sample", "--model", models["char"], "--num", "2", "--seed", "1"]
        done = process(*options, "--prompts", "-", input="Anna\r\n\r\nTom reads\r\n")
        assert done.stdout == text

    def test_a_form_is_filled(self, sample, write):
        for kind in ("chinese", "adaptive"):
            text = sample(kind, "--form", "3,4x2", "--num", "10", "--seed", "1")
            for verse in text.removesuffix("\n").split("\n\n"):
                assert [len(line) for line in verse.split("\n")] == [3, 4, 4]
        path = write("form.txt", ["□□，□□。", "", "□□□。"])
        with_comma = sample("chinese", "--acrostic", "我", "--form", "□□。", "--seed", "1")
        assert with_comma[0] == "我"
        assert with_comma[2:] == "。\n"
        assert path.exists()

    def test_the_lines_of_a_form_are_read_from_a_file(self, rnn, models, write):
        path = write("form.txt", ["□□，□□。", "", "□□□。"])
        said = rnn("sample", "--model", models["chinese"], "--form", path, "--seed", "1")
        first, empty, last, after = said.out.split("\n")
        assert (len(first), empty, len(last), after) == (6, "", 4, "")
        assert "'，'" in said.err  # which this text does not have

    def test_threads_change_nothing_of_a_text(self, sample):
        one = sample("char", "--num", "20", "--seed", "1", "--threads", "1")
        assert sample("char", "--num", "20", "--seed", "1", "--threads", "2") == one


class TestJson:
    def test_samples_are_one_object(self, sample, models):
        text = sample("char", "--num", "3", "--seed", "4", "--json", "--prompt", "Anna")
        assert text.count("\n") == 1
        told = json.loads(text)
        assert (told["schema"], told["model"], told["seed"]) == (1, str(models["char"]), 4)
        lines = sample("char", "--num", "3", "--seed", "4", "--prompt", "Anna").splitlines()
        assert [row["text"] for row in told["samples"]] == lines
        assert {row["prompt"] for row in told["samples"]} == {"Anna"}
        assert {row["ended"] for row in told["samples"]} <= {"line", "length"}

    def test_the_seed_that_it_names_draws_the_same_again(self, sample):
        told = json.loads(sample("char", "--num", "3", "--json"))
        assert json.loads(sample("char", "--num", "3", "--json", "--seed", told["seed"])) == told


class TestNovelty:
    def test_what_is_copied_is_told_after_each_sample_and_is_no_data(self, rnn, models, corpus, sample):
        options = ["--model", models["char"], "--num", "3", "--seed", "1"]
        said = rnn("sample", *options, "--novelty", corpus)
        assert said.out == sample("char", "--num", "3", "--seed", "1")
        told = said.err.splitlines()
        assert len(told) == 3
        assert all(
            re.match(
                rf"sample {k}: copied from corpus.txt: \d+ of \d+ clauses?; the longest copy has \d+ char",
                line,
            )
            for k, line in enumerate(told, 1)
        )

    def test_in_json_it_stands_with_the_sample(self, sample, corpus):
        told = json.loads(sample("char", "--seed", "1", "--json", "--novelty", corpus))
        (row,) = told["samples"]
        novelty = row["novelty"]
        assert novelty["run"] in row["text"]
        assert len(novelty["run"]) == novelty["run_characters"]
        assert 0 <= novelty["share_of_clauses"] <= 1
        assert novelty["tries"] == 1

    def test_what_copies_too_much_is_drawn_again_or_told(self, rnn, models, corpus):
        options = ["--model", models["char"], "--num", "20", "--seed", "1", "--novelty", corpus]
        runs = [
            int(re.search(r"copy has (\d+)", line)[1]) for line in rnn("sample", *options).err.splitlines()
        ]
        longest = sorted(runs)[10]
        said = rnn("sample", *options, "--reject", longest)
        assert max(int(n) for n in re.findall(r"copy has (\d+)", said.err)) <= longest
        said = rnn("sample", *options, "--reject", "1")
        assert said.err.count("still copies more than --reject 1 after 20 draws") > 0

    def test_of_a_long_text_only_the_first_part_is_compared_and_that_is_told(
        self, rnn, models, corpus, monkeypatch
    ):
        monkeypatch.setattr("rnn_cli.scoring.copying.MOST", 100)
        said = rnn("sample", "--model", models["char"], "--seed", "1", "--novelty", corpus)
        assert "corpus.txt: only its first 100 characters are compared" in said.err


class TestOptionsThatWillNotDo:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--beam", "3", "--seed", "1"], "--beam and --seed exclude each other"),
            (["--beam", "3", "--top-k", "2"], "--beam and --top-k exclude each other"),
            (["--beam", "3", "--num", "4"], "--num 4: --beam 3 finds at most 3 lines (raise --beam)"),
            (["--form", "5", "--lines", "2"], "--form and --lines exclude each other"),
            (
                ["--form", "five"],
                "--form five: neither numbers (5,5,5,5 or 7x8), lines of □ or ■, nor a file",
            ),
            (["--form", "5x0"], "--form is '5x0': a line has 1 character or more"),
            (["--acrostic", "a,,b"], "--acrostic is empty or has an empty line"),
            (["--rhyme"], "--rhyme needs --form"),
            (["--stop", ""], "--stop is empty"),
            (["--ban", "a,,b"], "--ban is white space or contains a line end"),
            (["--prompt", "a", "--prompts", "p.txt"], "--prompt and --prompts exclude each other"),
            (["--reject", "5"], "--reject needs --novelty"),
            (["--prompts", "-", "--novelty", "-"], "standard input can be read only once"),
        ],
    )
    def test_options_that_exclude_each_other_are_named_before_any_file_is_read(self, options, message, fails):
        assert fails(2, "sample", "--model", "none.npz", *options).startswith(message)

    def test_a_model_that_cannot_fill_a_form_says_which_line(self, fails, models):
        message = fails(2, "sample", "--model", models["char"], "--form", "3,3", "--prompt", "Anna")
        assert message.startswith("the prompt does not fit the form or the acrostic: character 4, 'a'")

    def test_a_file_without_prompts_or_text_is_named(self, fails, models, write):
        write("empty.txt", [])
        options = ["sample", "--model", models["char"]]
        assert fails(1, *options, "--prompts", "empty.txt").startswith("empty.txt: no prompt in it")
        assert fails(1, *options, "--novelty", "empty.txt").startswith("empty.txt: no text in it")
        assert fails(1, *options, "--novelty", "none.txt").startswith("none.txt: No such file")


class TestAModelFileThatWillNotDo:
    def test_a_missing_one_is_named(self, fails):
        assert fails(1, "sample") == "model.npz: no such file: rnn train TEXT --model model.npz writes one"
        assert fails(1, "sample", "--model", "no/m.npz").startswith("no/m.npz: no such file")

    def test_a_folder_is_named(self, fails, folder):
        assert fails(1, "sample", "--model", folder).startswith(f"{folder}: Is a directory")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"Anna reads a book.\n",
            b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
            b"PK\5\6" + bytes(18),
            b"PK\3\4" + bytes(100),
            b"\x93NUMPY\1\0v\0{'descr': '<f4'}" + bytes(300),
        ],
        ids=["empty", "text", "picture", "empty zip", "broken zip", "npy"],
    )
    def test_a_foreign_file_is_named(self, content, fails, folder):
        (folder / "m.npz").write_bytes(content)
        assert fails(1, "sample", "--model", "m.npz").startswith("m.npz: ")

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_a_numpy_file_of_another_program_is_named(self, save, fails):
        for number, array in enumerate([np.arange(3), np.array(["a"]), np.zeros(10_000), np.array([None])]):
            save(f"{number}.npz", array)
            assert fails(1, "sample", "--model", f"{number}.npz").startswith(f"{number}.npz: ")

    def test_a_damaged_compressed_file_is_named(self, fails, folder):
        """It unpacks to less than its size, so that only the unpacking shows it."""
        np.savez_compressed("m.npz", header=np.frombuffer(np.random.default_rng(0).bytes(300), np.uint8))
        whole = (folder / "m.npz").read_bytes()
        for place in range(60, len(whole), 7):
            (folder / "m.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
            assert fails(1, "sample", "--model", "m.npz").startswith("m.npz: ")

    def test_a_training_state_is_called_that(self, fails, models):
        state = models["char"].with_name("char.state.npz")
        message = fails(1, "sample", "--model", state)
        assert message.startswith(f"{state}: ")
        assert "training state" in message

    def test_a_truncated_one_is_named(self, fails, models, folder):
        whole = models["char"].read_bytes()
        for length in [1, 10, 100, len(whole) // 2, len(whole) - 100, len(whole) - 1]:
            (folder / "m.npz").write_bytes(whole[:length])
            assert fails(1, "sample", "--model", "m.npz").startswith("m.npz: ")

    def test_a_flipped_bit_in_any_array_is_found(self, fails, models, folder):
        whole = models["char"].read_bytes()
        with zipfile.ZipFile(models["char"]) as file:
            members = [(info.header_offset, info.file_size, info.filename) for info in file.infolist()]
        for offset, size, name in members:
            place = offset + 30 + len(name) + size // 2
            (folder / "m.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
            assert fails(1, "sample", "--model", "m.npz").startswith("m.npz: ")

    @pytest.mark.parametrize(
        "change",
        [
            lambda header, arrays: header.clear(),
            lambda header, arrays: header.pop("vocabulary"),
            lambda header, arrays: header["vocabulary"].pop(),
            lambda header, arrays: header["vocabulary"].append(header["vocabulary"][0]),
            lambda header, arrays: header.update(vocabulary=[]),
            lambda header, arrays: header.update(tokenizer="char"),
            lambda header, arrays: header.update(tokenizer={"name": "words"}),
            lambda header, arrays: header.update(tokenizer={"name": ["char"]}),
            lambda header, arrays: header.update(network=None),
            lambda header, arrays: header["network"].update(cell="qrnn"),
            lambda header, arrays: header["network"].update(cell=[]),
            lambda header, arrays: header["network"].update(m="44"),
            lambda header, arrays: header["network"].update(layers=2),
            lambda header, arrays: header.update(history=3),
            lambda header, arrays: header.update(version=99),
            lambda header, arrays: arrays.pop("W"),
            lambda header, arrays: arrays.update(W2=arrays["W"]),
            lambda header, arrays: arrays.update(W=arrays["W"][:-1]),
            lambda header, arrays: arrays.update(W=arrays["W"].astype(np.float64)),
            lambda header, arrays: arrays["b_y"].fill(np.nan),
            lambda header, arrays: arrays["V"].fill(np.inf),
        ],
    )
    def test_parts_that_do_not_make_a_model_are_told(self, change, fails, models, read_npz):
        header, arrays = read_npz(models["char"])
        change(header, arrays)
        storage.save(Path("m.npz"), arrays, header)
        assert fails(1, "sample", "--model", "m.npz").startswith("m.npz: ")
