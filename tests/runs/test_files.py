"""The files that a command writes: what is refused, before any work, so that nothing is lost."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from rnn_cli import LanguageModel
from rnn_cli.runs.files import try_writing
from rnn_cli.runs.lock import locked

OUTPUTS = {
    "model": ["train", "corpus.txt", "--model"],
    "log": ["train", "corpus.txt", "--log"],
    "vocabulary": ["vocab", "corpus.txt", "--out"],
}


@pytest.fixture
def unwritable(folder):
    """A folder that not even root may write in."""
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o500)
    if not os.access(closed, os.W_OK):
        yield closed
        closed.chmod(0o700)
    elif os.path.isdir("/sys/kernel"):
        yield Path("/sys/kernel")
    else:
        pytest.skip("every folder can be written")


def test_a_signal_while_writing_is_tried_leaves_nothing(folder, monkeypatch):
    touch = Path.touch

    def interrupted(path):
        touch(path)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "touch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        try_writing(folder / "m.npz")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_folder_that_is_not_there_is_named(output, fails, corpus):
    message = fails(1, *OUTPUTS[output], "no/such/file")
    assert "no/such/file" in message
    assert "no folder no/such" in message


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_folder_that_cannot_be_written_is_named(output, unwritable, fails, corpus):
    message = fails(1, *OUTPUTS[output], unwritable / "file")
    assert str(unwritable / "file") in message
    assert "cannot be written" in message


@pytest.mark.parametrize("name", ["folder", ".", "..", "folder/..", "/", ""])
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_folder_in_place_of_an_output_is_refused(output, name, fails, corpus, folder):
    (folder / "folder").mkdir()
    if output == "log" and not name:
        assert "--log needs the name of a file" in fails(2, *OUTPUTS[output], name)
        return
    if output == "model" and name in ("", "."):  # the same to Path
        assert "a file name is needed" in fails(2, *OUTPUTS[output], name)
        return
    forced = [] if output == "log" else ["--force"]
    message = fails(1, *OUTPUTS[output], name, *forced)
    assert "is a directory" in message


def test_a_name_that_is_too_long_is_refused_before_any_work(fails, corpus):
    for command in OUTPUTS.values():
        assert "too long" in fails(1, *command, "m" * 300)
        assert "too long" in fails(1, *command, "m" * 250)


@pytest.mark.parametrize("command", [OUTPUTS["model"], OUTPUTS["vocabulary"]], ids=["model", "vocabulary"])
def test_a_file_that_is_there_already_is_kept_and_force_is_named(command, fails, corpus, folder):
    (folder / "there").write_text("of value")
    message = fails(2, *command, "there")
    assert "there" in message
    assert "--force" in message
    assert command[-1] in message


def test_a_training_state_that_is_there_already_is_kept_too(train, fails, corpus, folder):
    train(corpus, "--quiet")
    (folder / "m.npz").unlink()
    assert "m.state.npz" in fails(2, "train", corpus, "--model", "m.npz")


def test_train_twice_is_refused_and_with_force_starts_over(train, fails, corpus, read_npz):
    train(corpus, "--quiet", "--seed", "1")
    first = read_npz("m.npz").arrays
    assert "--force" in fails(2, "train", corpus, "--model", "m.npz", "--tokenizer", "char")
    train(corpus, "--quiet", "--seed", "2", "--force")
    second = read_npz("m.npz").arrays
    assert not np.array_equal(first["W"], second["W"])
    train(corpus, "--quiet", "--seed", "1", "--force")
    assert all(np.array_equal(first[name], again) for name, again in read_npz("m.npz").arrays.items())


@pytest.mark.parametrize("name", ["m.npz", "m.state.npz"])
@pytest.mark.parametrize("stranger", ["a letter", "", "a numpy file", "a zip"])
def test_force_does_not_replace_what_rnn_did_not_write(name, stranger, fails, corpus, folder):
    if stranger == "a numpy file":
        np.savez(folder / name, a=np.arange(3))
    else:
        (folder / name).write_bytes(b"PK\5\6" + bytes(18) if stranger == "a zip" else stranger.encode())
    message = fails(1, "train", corpus, "--model", "m.npz", "--tokenizer", "char", "--force")
    assert message.startswith(f"{name}: ")


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("train corpus.txt --model corpus.txt", "--model"),
        ("train corpus.txt --model ./corpus.txt", "--model"),
        ("train corpus.txt --model link.txt", "--model"),
        ("train corpus.txt --model twin.txt", "--model"),
        ("train other.txt corpus.txt --model corpus.txt", "--model"),
        ("train other.txt --valid corpus.txt --model corpus.txt", "--model"),
        ("train other.txt --vocab corpus.txt --model corpus.txt", "--model"),
        ("train corpus.state.npz --model corpus.npz", "--model"),
        ("train corpus.txt --log corpus.txt", "--log"),
        ("train corpus.txt --log link.txt", "--log"),
        ("train other.txt --valid corpus.txt --log corpus.txt", "--log"),
        ("train other.txt --vocab corpus.txt --log corpus.txt", "--log"),
        ("vocab corpus.txt --out corpus.txt", "--out"),
        ("vocab other.txt corpus.txt --out link.txt", "--out"),
    ],
)
def test_an_output_that_is_also_read_is_refused_even_with_force(command, flag, force, fails, corpus, write):
    write("other.txt", ["Anna reads a book."])
    write("corpus.state.npz", ["Anna reads a book."])
    os.symlink(corpus, "link.txt")
    os.link(corpus, "twin.txt")
    message = fails(2, *command.split(), *force)
    assert flag in message
    assert "read" in message


@pytest.mark.parametrize("log", ["m.npz", "./m.npz", "m.state.npz"])
@pytest.mark.parametrize("there", [False, True])
def test_a_log_that_is_also_the_model_is_refused(log, there, fails, train, corpus):
    if there:
        train(corpus, "--quiet")
    options = ["--tokenizer", "char", "--hidden", "4", "--epochs", "1", "--force", "--quiet"]
    assert "--log" in fails(2, "train", corpus, "--model", "m.npz", "--log", log, *options)


def test_a_model_has_one_file_and_one_state_however_it_is_called(rnn, fails, corpus, folder, read_npz):
    (folder / "sub").mkdir()
    short = ["-t", "char", "-n", "4", "-e", "1", "--quiet"]
    for name, model in [("sub/a.npz", "sub/a"), ("b", "b"), ("c.model", "c.model")]:
        rnn("train", corpus, "--model", name, *short)
        for same in (name, f"{model}.npz"):
            assert "already exists" in fails(2, "train", corpus, "--model", same, *short)
            rnn("train", "--resume", "--model", same, "--quiet")
            rnn("info", same)
            rnn("sample", "--model", same, "--num", "1", "--seed", "1")
            rnn("train", corpus, "--init", same, "--model", "other", "--force", "-e", "1", "--quiet")
        assert "also read" in fails(2, "train", corpus, "--init", model, "--model", model, "--force")
        assert (folder / f"{model}.npz").is_file()
        assert (folder / f"{model}.state.npz").is_file()
    assert len(list(folder.rglob("*.npz"))) == 8
    assert not list(folder.rglob(".*"))


def test_a_model_that_is_there_under_a_name_without_its_ending_is_that_one(rnn, models, folder, corpus):
    shutil.copy(models["char"], "old")
    assert rnn("info", "old").out == rnn("info", models["char"]).out
    rnn("train", corpus, "-t", "char", "-n", "4", "-e", "1", "--model", "old", "--force", "--quiet")
    assert {path.name for path in folder.iterdir()} == {corpus, "old", "old.state.npz"}


def test_the_api_has_the_same_names(models, folder):
    LanguageModel.load(models["char"]).save("m")
    assert [path.name for path in folder.iterdir()] == ["m.npz"]
    assert LanguageModel.load("m").network == LanguageModel.load("m.npz").network


def test_what_a_killed_run_left_behind_is_swept(train, corpus, folder):
    (folder / ".m.npz.rnn-tmp").write_bytes(b"half a model")
    train(corpus, "--quiet")
    assert sorted(path.name for path in folder.iterdir()) == ["corpus.txt", "m.npz", "m.state.npz"]


def test_a_model_that_cannot_be_saved_is_one_line_and_the_old_one_stays(train, fails, corpus, monkeypatch):
    train(corpus, "--quiet")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    message = fails(
        1, "train", corpus, "-m", "m.npz", "-t", "char", "-n", "8", "-e", "1", "--force", "--quiet"
    )
    assert "m.npz" in message
    assert "No space left on device" in message


def test_files_are_made_as_the_umask_says(train, corpus, folder):
    before = os.umask(0o027)
    try:
        train(corpus, "--quiet", "--log", "log.jsonl")
    finally:
        os.umask(before)
    for name in ("m.npz", "m.state.npz", "log.jsonl"):
        assert (folder / name).stat().st_mode & 0o777 == 0o640, name


@pytest.mark.parametrize("content", ["a text\n", '{"a": 1}\n', "[1]\n", "3\n", "\n", '{"event": ', "\x00\n"])
def test_a_file_that_is_no_log_is_not_added_to(fails, write, english, content, tmp_path):
    write("corpus.txt", english)
    Path("notes").write_text(content)
    message = fails(1, "train", "corpus.txt", "-t", "char", "--log", "notes")
    assert message.startswith("notes: ")
    assert "not an rnn log" in message
    assert Path("notes").read_text() == content
    assert not Path("model.npz").exists()


def test_a_log_is_no_stream(fails, write, english):
    write("corpus.txt", english)
    assert "--log" in fails(2, "train", "corpus.txt", "--log", "-")
    assert not Path("-").exists()


@pytest.mark.skipif(os.name != "posix", reason="pipes are of POSIX")
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_pipe_is_not_replaced_and_links_in_a_circle_are_told(output, fails, corpus):
    os.mkfifo("pipe")
    assert "pipe: not a regular file" in fails(1, *OUTPUTS[output], "pipe")
    os.symlink("circle", "circle")
    assert "circle" in fails(1, *OUTPUTS[output], "circle")
    assert os.readlink("circle") == "circle"


# A model behind a symbolic link.


@pytest.fixture
def linked(folder):
    """m.npz, a link to a link to a file in another folder, which is not there yet."""
    (folder / "store").mkdir()
    os.symlink("real.npz", "store/chained.npz")
    os.symlink("store/chained.npz", "m.npz")
    return folder / "store" / "real.npz"


def assert_linked(folder, *others):
    assert os.readlink("m.npz") == "store/chained.npz"
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {
        *("corpus.txt", "m.npz", "store/chained.npz", "store/real.npz", "store/real.state.npz"),
        *others,
    }


@pytest.mark.skipif(os.name != "posix", reason="modes and links are of POSIX")
def test_a_link_stays_and_the_run_is_one_by_any_of_its_names(train, rnn, linked, corpus, folder, read_npz):
    train(corpus, "--quiet")
    assert_linked(folder)
    linked.chmod(0o640)
    for epochs, name in enumerate(("m.npz", "store/chained.npz", "store/real.npz", "m", "store/real"), 3):
        rnn("train", "--resume", "--model", name, "--epochs", epochs, "--quiet")
        assert read_npz(linked.with_name("real.state.npz")).header["position"]["epoch"] == epochs
        assert_linked(folder)
    train(corpus, "--quiet", "--force")
    assert_linked(folder)
    assert linked.stat().st_mode & 0o777 == 0o640
    with locked(Path("m.npz")):
        for name in ("m.npz", "store/chained.npz", "store/real.npz"):
            said = rnn("train", "--resume", "--model", name, "--epochs", "9", status=1)
            assert "another run" in said.err


def test_a_state_that_lies_beside_a_link_is_found_and_stays_there(
    train, rnn, linked, corpus, folder, read_npz
):
    train(corpus, "--quiet")
    linked.with_name("real.state.npz").rename("m.state.npz")
    rnn("train", "--resume", "--model", "m.npz", "--epochs", "3", "--quiet")
    assert read_npz("m.state.npz").header["position"]["epoch"] == 3
    assert not linked.with_name("real.state.npz").exists()


def test_a_link_to_a_folder_that_is_gone_is_told(fails, corpus):
    os.symlink("gone/real.npz", "m.npz")
    message = fails(1, "train", corpus, "--model", "m.npz", "-t", "char")
    assert message.startswith("m.npz: there is no folder ")
    assert "gone" in message
