"""How the command `rnn` starts, and how each command ends."""

import os
import re
import subprocess
import sys

import pytest
import typer

import rnn_cli
from rnn_cli.cli.app import COMMANDS, app, main
from rnn_cli.errors import RnnError
from rnn_cli.runs.presets import preset_files


def modules_after(*arguments: str) -> set[str]:
    """Which of the slow modules a command line imports."""
    code = (
        "import sys\nfrom rnn_cli.cli.app import run\n"
        f"assert run({list(arguments)!r}) == 0\n"
        "print(*{'numpy', 'jieba', 'rich'} & sys.modules.keys(), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_without_a_command_the_help_is_shown_and_names_every_command(rnn):
    said = rnn()
    assert said == rnn("--help") == rnn("-h")
    assert said.err == ""
    for name, purpose in COMMANDS.items():
        assert f"{name} " in said.out
        assert purpose in said.out


def test_the_help_lists_the_commands_of_the_contract_that_exist():
    assert {"vocab", "train", "sample", "score", "gradcheck", "bench"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_begins_with_its_purpose(command, rnn):
    said = rnn(command, "--help")
    assert said.err == ""
    usage, purpose = [line.strip() for line in said.out.splitlines() if line.strip()][:2]
    assert usage.startswith(f"Usage: rnn {command}")
    assert purpose.split()[:3] == COMMANDS[command].split()[:3]
    assert rnn(command, "-h") == said


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command_says_what_it_is(command):
    group = typer.main.get_command(app)
    silent = [p.name for p in group.get_command(None, command).params if not getattr(p, "help", None)]
    assert silent == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_text_is_shown_as_it_is_written(command, rnn, monkeypatch):
    """label<TAB>probability, __label__x and *.txt too."""
    monkeypatch.setenv("COLUMNS", "2000")
    shown = " ".join(rnn(command, "--help-all").out.split())
    options = typer.main.get_command(app).get_command(None, command).params
    texts = [" ".join(option.help.split()) for option in options if not option.hidden]
    assert [text for text in texts if text not in shown] == []


def test_the_help_of_train_shows_options_in_groups_with_their_defaults(rnn, monkeypatch):
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    monkeypatch.setenv("COLUMNS", "200")
    text = rnn("train", "--help-all").out
    for group in ("Text", "Network", "Training"):
        assert f" {group} " in text
    options = (
        "model valid valid-fraction tokenizer vocab min-count max-size carry-state preset cell hidden layers "
        "embedding tie output batch bptt epochs optimizer lr schedule clip dropout variational weight-decay "
        "patience max-rollbacks seed threads init log save-every resume force quiet"
    )
    for option in options.split():
        assert f"--{option} " in text, option
    rows = {match[1]: row for row in text.splitlines() if (match := re.search(r" --([a-z-]+)", row))}
    assert "[default: model.npz]" in text
    assert "Default: 0.1, or 0 if" in rows["valid-fraction"]
    assert "Default: 0." in rows["seed"]
    assert "tanh|relu|gru|lstm" in rows["cell"]
    assert "softmax|classes|adaptive" in rows["output"]
    assert "constant|linear|cosine|plateau" in rows["schedule"]
    assert "|".join(preset_files()) in rows["preset"]


def test_what_stands_where_no_argument_is_taken_is_said_to_need_an_option_or_quotes(fails):
    assert "--model names the model file" in fails(2, "sample", "m.npz")
    assert "goes in quotes" in fails(2, "show", "The", "cat.npz")
    assert ": " not in fails(2, "sample", "Anna").partition("argument")[2]


def test_version_is_printed(rnn):
    assert rnn("--version") == (f"rnn {rnn_cli.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["compose"], "compose"),
        (["trian", "corpus.txt"], "trian"),
        (["--nonsense"], "--nonsense"),
        (["train", "--nonsense"], "--nonsense"),
        (["train", "--hiden", "5"], "--hiden"),
        (["train", "--hidden"], "--hidden"),
        (["train", "--quiet=yes"], "--quiet"),
        (["sample", "m.npz"], "m.npz"),
        (["sample", "--model"], "--model"),
        (["vocab", "--hidden", "3"], "--hidden"),
        (["gradcheck", "extra"], "extra"),
        (["score", "--prompt", "Anna"], "--prompt"),
        (["info", "m.npz", "extra"], "extra"),
    ],
)
def test_a_typing_mistake_is_one_line_that_names_it_and_points_to_help(arguments, named, fails):
    message = fails(2, *arguments)
    assert named in message
    assert "--help" in message


def test_an_option_mistyped_in_train_is_answered_with_the_likely_one(fails):
    assert "--hidden" in fails(2, "train", "--hiden", "5")


def test_the_command_line_is_judged_before_any_file_is_looked_for(fails):
    """No corpus, no model, no vocabulary is there: what is wrong with the options comes first."""
    fails(2, "train", "nowhere.txt", "--cell", "qrnn")
    fails(2, "train", "nowhere.txt", "--valid", "nor-here.txt", "--valid-fraction", "0.2")
    fails(2, "train", "nowhere.txt", "--vocab", "nor-here.txt", "--min-count", "3")
    fails(2, "sample", "--model", "nowhere.npz", "--temperature", "-1")
    fails(2, "score", "nowhere.txt", "--model", "nowhere.npz", "--per-token", "--per-line")
    fails(2, "score", "nowhere.txt", "--model", "nowhere.npz", "--baseline-order", "3")


def test_an_error_is_a_traceback_where_rnn_debug_is_set(process):
    plain, debug = process("train", "nowhere.txt"), process("train", "nowhere.txt", env={"RNN_DEBUG": "1"})
    assert (plain.returncode, debug.returncode) == (1, 1)
    assert "Traceback" not in plain.stderr
    assert "Traceback" in debug.stderr
    assert "nowhere.txt" in debug.stderr


def test_an_error_is_a_traceback_only_where_rnn_debug_is_one(fails, rnn, monkeypatch):
    monkeypatch.setenv("RNN_DEBUG", "0")
    fails(1, "train", "nowhere.txt")
    monkeypatch.setenv("RNN_DEBUG", "1")
    with pytest.raises(RnnError, match=r"nowhere\.txt"):
        rnn("train", "nowhere.txt")


def test_an_unforeseen_error_is_one_line_that_owns_up_to_it(rnn, monkeypatch, models):
    def broken(path):
        raise ZeroDivisionError("a thing\nnobody thought of")

    monkeypatch.setattr("rnn_cli.storage.load", broken)
    said = rnn("sample", "--model", models["char"], status=1)
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith("rnn: error: a defect of rnn")
    assert "ZeroDivisionError: a thing" in said.err
    assert "RNN_DEBUG=1" in said.err


def test_out_of_memory_is_one_line_that_says_what_needs_less(fails, monkeypatch, models):
    def greedy(path):
        raise MemoryError("Unable to allocate 9 EiB")

    monkeypatch.setattr("rnn_cli.storage.load", greedy)
    message = fails(1, "sample", "--model", models["char"])
    assert "memory" in message
    assert "--hidden" in message


def test_help_imports_nothing_slow():
    assert modules_after("--help") == set()


def test_the_version_imports_nothing_slow():
    assert modules_after("--version") == set()


def test_sampling_from_a_character_model_does_not_wait_for_jieba(models):
    assert modules_after("sample", "--model", str(models["char"]), "--prompt", "Anna") == {"numpy"}


def test_scoring_with_a_character_model_does_not_wait_for_jieba(corpus, models):
    assert modules_after("score", corpus, "--model", str(models["char"])) == {"numpy"}
    assert modules_after("info", str(models["char"])) == {"numpy"}


def test_training_on_characters_does_not_wait_for_jieba(corpus):
    loaded = modules_after("train", corpus, "--tokenizer", "char", "-n", "4", "-e", "1", "--quiet")
    assert loaded == {"numpy"}


@pytest.mark.parametrize(
    "arguments", [["sample", "--num", "3"], ["sample", "--num", "1000"], ["vocab", "corpus.txt"], ["--help"]]
)
def test_a_reader_that_has_had_enough_ends_the_command_quietly(arguments, started, corpus, models):
    if arguments[0] == "sample":
        arguments = [*arguments, "--model", models["char"]]
    if arguments[0] == "vocab":
        arguments = [*arguments, "--tokenizer", "char"]
    rnn = started(*arguments)
    rnn.stdout.close()  # before anything is written, as `head -0` would
    assert rnn.stderr.read() == ""
    assert rnn.wait(30) == 0


@pytest.mark.parametrize(("given", "expected"), [({}, "20"), ({"OPENBLAS_THREAD_TIMEOUT": "26"}, "26")])
def test_threads_without_work_sleep_soon_unless_the_user_wants_another_time(given, expected, monkeypatch):
    monkeypatch.delenv("OPENBLAS_THREAD_TIMEOUT")  # which the suite has set
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["rnn", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == expected  # before NumPy is imported


def test_sample_into_head_prints_one_line_and_no_complaint(models):
    rnn = f"{sys.executable} -c 'from rnn_cli.cli.app import main; main()'"
    command = f"{rnn} sample --model {models['char']} --num 1000 --seed 1 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8", timeout=60)
    assert (len(done.stdout.splitlines()), done.stderr, done.returncode) == (1, "", 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no /dev/full")
@pytest.mark.parametrize("num", [1, 1000])
def test_a_full_disk_under_standard_output_is_one_error_line(num, process, one_line, models):
    with open("/dev/full", "w") as full:
        done = process("sample", "--model", models["char"], "--num", num, stdout=full)
    assert done.returncode == 1
    assert "No space left" in one_line(done.stderr)


@pytest.mark.parametrize(
    ("redirection", "command"),
    [("<&-", "vocab -"), (">&-", "vocab corpus.txt -t char"), (">&-", "sample --model {model}")],
)
def test_a_standard_stream_that_is_closed_from_the_start_is_no_defect(
    redirection, command, corpus, models, one_line
):
    rnn = f"{sys.executable} -c 'from rnn_cli.cli.app import main; main()' {command} {redirection}"
    command = rnn.format(model=models["char"])
    done = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8", timeout=60)
    assert "defect" not in done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode:
        one_line(done.stderr)
    if ">&-" in command:  # what it writes is lost
        assert done.returncode == 1
        assert "standard output" in done.stderr


def test_errors_of_the_option_parser_are_not_told_with_a_box(process):
    done = process("train", "--hidden", "many", env={"FORCE_COLOR": "1", "TERMINAL_WIDTH": "60"})
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert not set("╭│╰\x1b") & set(done.stderr)


def test_main_exits_with_the_status_of_run(monkeypatch, capsys):
    for arguments, status in [(["--version"], 0), (["compose"], 2), (["sample", "--model", "no.npz"], 1)]:
        monkeypatch.setattr(sys, "argv", ["rnn", *arguments])
        with pytest.raises(SystemExit) as exit:
            main()
        assert exit.value.code == status
