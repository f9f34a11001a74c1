"""rnn sample: text from a trained model."""

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


class TestAModelFileThatWillNotDo:
    def test_a_missing_one_is_named(self, fails):
        assert fails(1, "sample") == "model.npz: No such file or directory"
        assert fails(1, "sample", "--model", "no/m.npz").startswith("no/m.npz: No such file")

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
