"""The program in Chinese: its catalogue, and what is printed."""

import json
import re
import sys
from pathlib import Path

import pytest
import typer

sys.path.insert(0, str(Path(__file__).parents[1]))
import catalogue
from messages import Messages

from rnn_cli.cli import language
from rnn_cli.cli.app import COMMANDS, app
from rnn_cli.cli.catalogue import Catalogue
from rnn_cli.cli.help import wrapped
from rnn_cli.cli.language import is_chinese, label, translated
from rnn_cli.text.tokenizers import TOKENIZERS

SENTENCE = re.compile(r"(?:\b[a-z]{2,},? ){3,}[a-z]{2,}\b")  # English


@pytest.fixture
def chinese_spoken(monkeypatch):
    monkeypatch.setenv("RNN_LANG", "zh")


@pytest.fixture(scope="module")
def said():
    return catalogue.read(catalogue.PO.read_text("utf-8"))


@pytest.fixture(scope="module")
def messages():
    """All that the program says. To find them takes seconds."""
    return catalogue.said_by_the_program()


def test_every_message_has_a_translation_that_fits(said, messages):
    """`python tests/catalogue.py` brings the catalogue up to date."""
    assert catalogue.faults(messages, said) == []


def test_the_compiled_catalogue_is_that_of_the_source(said):
    assert catalogue.MO.read_bytes() == catalogue.compiled(said)


def test_the_source_of_the_catalogue_is_as_the_tool_writes_it(said, messages):
    assert catalogue.PO.read_text("utf-8") == catalogue.written(said, messages)


def test_faults_of_a_catalogue_are_found():
    messages = {"a b": "", "{} is {}": "", "new": "", "open {}": ""}
    said = {"a b": "甲", "{} is {}": "{}", "old": "旧", "open {}": "{", "new": ""}
    found = catalogue.faults(messages, said)
    assert [line.split(":")[0] for line in found] == [
        "no translation",
        "said nowhere",
        "other places",
        "Single '{' encountered in format string",
    ]
    assert catalogue.faults({"{} is {}": ""}, {"{} is {}": "{1} {0:word}"}) == []


def test_messages_of_any_kind_survive_the_files_of_a_catalogue():
    messages = {'"q" \\n\ttab': "“q”\\n\t\n二", "two\nlines": "两\n行", "é {}": "{}é"}
    assert catalogue.read(catalogue.written(messages, {})) == messages


SOURCE = '''
WHAT = "the constant"
class Notice: ...
def add(count, name, more, bad):
    """No message."""
    place = f" in {name}" if name else ""
    yield Notice(f"{count:,} of {name!r} left{place}")
    say(counted(count, "line"), other)
    why = "it is bad" if bad else words(count)
    text = "begun" + f" at {count:.1f}"
    text += ", and more" if more else ""
    raise RnnError(f"{name}: {why}: {text}")
def words(count):
    return f"{WHAT} of {{{count}}}"
def option(): setting("Group", "A help text.")
'''


def test_messages_are_found_through_names_functions_and_choices(tmp_path):
    (tmp_path / "said.py").write_text(SOURCE)
    assert set(Messages(tmp_path).found) == {
        *("{:,} of {!r} left in {}", "{:,} of {!r} left"),
        *("{:,} line", "{:,} lines"),
        *("it is bad", "{} of {{{}}}", "the constant"),
        *("{}: {}: begun at {:.1f}", "{}: {}: begun at {:.1f}, and more"),
        *("Group", "A help text."),
    }


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, False),
        ({"LC_MESSAGES": "zh_TW", "LANG": "de_DE"}, True),
        ({"RNN_LANG": "en", "LC_ALL": "zh_CN"}, False),
        ({"RNN_LANG": "zh", "LC_ALL": "C"}, True),
        ({"RNN_LANG": "", "LANG": "zh_CN"}, True),
        ({}, False),
    ],
)
def test_the_language_is_that_of_rnn_lang_or_of_the_locale(environment, expected, monkeypatch):
    for name in ("RNN_LANG", *language.LOCALE):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_chinese() is expected


SMALL = Catalogue(
    {
        "no such file": "没有这个文件",
        "{}: {}": "{}：{}",
        "{}: {} of {:,} lines": "{0}：{2} 行里的 {1}",
        "{} is {} (see {})": "{} 是{:word}（见 {}）",
        "word": "词",
        "{!r} or {}": "{} 或 {}",
        "at {}{}": "在 {}{}",
        ", line {}": "，第 {} 行",
        "stopped by {}": "被 {} 停止",
        "stopped by SIGINT": "已按 Ctrl-C 停止",
        "{} after {:,} steps: {} is whole": "{}，{} 步：{} 完整",
    }
)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("no such file", "没有这个文件"),
        ("a.txt: no such file", "a.txt：没有这个文件"),
        ("a.txt: 3 of 1,000 lines", "a.txt：1,000 行里的 3"),
        ("a.txt: 3 of some lines", "a.txt: 3 of some lines"),  # no number
        ("word: no such file", "word：没有这个文件"),  # a name
        ("m is word (see x)", "m 是词（见 x）"),
        ("'a' or b", "'a' 或 b"),
        ("either or b", "either or b"),  # not quoted
        ("at x, line 3", "在 x，第 3 行"),
        ("stopped by SIGTERM after 4 steps: m is whole", "被 SIGTERM 停止，4 步：m 完整"),
        ("stopped by SIGINT after 4 steps: m is whole", "已按 Ctrl-C 停止，4 步：m 完整"),
        ("  no such file\n", "  没有这个文件\n"),
        ("some words: of a foreign tongue", "some words: of a foreign tongue"),
        ("", ""),
    ],
)
def test_a_message_is_found_as_it_is_or_by_its_template(english, chinese, monkeypatch):
    monkeypatch.setattr("rnn_cli.cli.catalogue.catalogue", lambda: SMALL)
    assert SMALL.translated(english) == chinese


def test_in_english_no_catalogue_is_read(monkeypatch, rnn):
    def read():
        raise AssertionError

    monkeypatch.setattr("rnn_cli.cli.catalogue.catalogue", read)
    assert "Usage: rnn train" in rnn("train", "--help").out
    assert "No such option" in rnn("train", "--nothing", status=2).err
    assert translated("no such file") == "no such file"
    assert label("lines", 8) == "lines   "


@pytest.mark.usefixtures("chinese_spoken")
@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_in_chinese(command, rnn):
    out = rnn(command, "--help-all").out
    assert out.lstrip().startswith(f"用法：rnn {command} [选项]")
    assert "显示这段说明。" in out
    assert "─ 选项 ─" in out
    assert not SENTENCE.search(out)


FIGURE = re.compile(f"(?:{'|'.join(TOKENIZERS)}) [0-9]+")  # of a tokenizer


def test_names_in_help_keep_their_numbers_in_chinese(monkeypatch):
    monkeypatch.setenv("RNN_LANG", "en")
    commands = [typer.main.get_command(app).get_command(None, name) for name in COMMANDS]
    monkeypatch.setenv("RNN_LANG", "zh")
    helped = {parameter.name: parameter.help or "" for each in commands for parameter in each.params}
    figures = {name: found for name, said in helped.items() if len(found := FIGURE.findall(said)) > 1}
    assert {"order", "min_count"} <= set(figures)
    assert {name: FIGURE.findall(translated(helped[name])) for name in figures} == figures


@pytest.mark.parametrize("command", ["score", "train"])
def test_help_in_chinese_fits_the_terminal(command, process):
    done = process(command, "--help-all", env={"RNN_LANG": "zh", "COLUMNS": "80"})
    assert "显示这段说明。" in done.stdout
    assert all(sum(1 + (c >= "\u2e80") for c in line) <= 80 for line in done.stdout.splitlines())


@pytest.mark.usefixtures("chinese_spoken")
def test_the_list_of_commands_is_in_chinese_and_then_english_again(rnn, monkeypatch):
    out = rnn("--help").out
    assert not SENTENCE.search(out)
    assert all(heading in out for heading in ("用法：", "选项：", "命令："))
    monkeypatch.setenv("RNN_LANG", "en")
    assert "Options" in rnn("train", "--help").out


@pytest.mark.usefixtures("chinese_spoken")
@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        ("info no.npz", 1, "no.npz：没有这个文件。先训练：rnn train 文本文件 --model no.npz"),
        ("train nothing.txt", 1, "nothing.txt：没有这个文件或目录"),
        ("train --hidden 0", 2, "'--hidden' / '-n' 的值无效：不能小于 1（见 rnn train --help）"),
        (
            "train -t x",
            2,
            "'--tokenizer' / '-t' 的值无效：'x' 不在 jieba、char、space 之中（见 rnn train --help）",
        ),
        ("train --xyzzy", 2, "没有选项 --xyzzy（见 rnn train --help）"),
        ("test", 2, "缺少参数 'FILE...'（见 rnn test --help）"),
        ("trian", 2, "没有命令 'trian'：是不是 train？（rnn --help 列出全部命令）"),
        ("sample --reject 3", 2, "--reject 需要 --novelty"),
        ("sample --label", 2, "选项 '--label' 需要一个值（见 rnn sample --help）"),
        (
            "show --fresh 我 昨天 上学",
            2,
            "多出的参数：昨天 上学；有空格的句子要放在引号里（见 rnn show --help）",
        ),
        ("predict 今天！", 1, "今天！：没有这个文件。要处理一句话，用管道：echo … | rnn predict --model …"),
        ("score 今天！", 1, "今天！：没有这个文件。要处理一句话，用管道：echo … | rnn score --model …"),
    ],
)
def test_errors_are_in_chinese(arguments, status, line, rnn):
    assert rnn(*arguments.split(), status=status).err == f"rnn: 错误：{line}\n"


@pytest.mark.usefixtures("chinese_spoken")
def test_training_talks_chinese_and_logs_english(train, corpus, rnn, read_log, monkeypatch):
    said = train(corpus, "--log", "log.jsonl", "--json")
    assert not SENTENCE.search(re.sub("(?m)^    .*", "", said.err))
    assert all(
        words in said.err
        for words in ("文本：", "网络：", "训练：", "第   2/2 轮", "最好", "试试：rnn sample")
    )
    assert "完成，用时" in said.err
    monkeypatch.setenv("RNN_LANG", "en")
    train(corpus, "--log", "english.jsonl", "--json", model="n.npz")
    chinese, english = (read_log(name) for name in ("log.jsonl", "english.jsonl"))
    assert [row["event"] for row in chinese] == [row["event"] for row in english]
    assert chinese[-1]["reason"] == english[-1]["reason"] == "done"


@pytest.mark.usefixtures("chinese_spoken")
def test_data_is_the_same_in_both_languages(models, write, rnn, monkeypatch):
    write("text.txt", ["Anna reads a book.", "3 lines"])
    model = models["char"]
    commands = [
        ("score", "text.txt", "--model", model, "--json"),
        ("score", "text.txt", "--model", model, "--per-line"),
        ("next", "An", "--model", model),
        ("sample", "--model", model, "--seed", "1"),
        ("info", model, "--json"),
        ("vocab", "text.txt", "-t", "char", "--json"),
    ]
    chinese = [rnn(*command).out for command in commands]
    monkeypatch.setenv("RNN_LANG", "en")
    assert chinese == [rnn(*command).out for command in commands]
    assert json.loads(chinese[0])["schema"] == 1


@pytest.mark.usefixtures("chinese_spoken")
def test_tables_for_people_have_chinese_names_in_straight_columns(models, write, rnn):
    write("text.txt", ["Anna reads a book."])
    out = rnn("score", "text.txt", "--model", models["char"]).out
    assert re.search("^行数 {16} {13}1$", out, re.M)
    assert re.search(r"^困惑度 {14} +[\d.]+$", out, re.M)
    info = rnn("info", models["char"]).out
    assert re.search("^分词方式    char$", info, re.M)
    assert re.search("^状态        每行从零开始$", info, re.M)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("用这段文本验证。", 8, ["用这段文", "本验证。"]),
        ("用这段文，本验证", 8, ["用这段", "文，本验", "证"]),
        ("默认：jieba。", 8, ["默认：", "jieba。"]),
        ("one two three", 8, ["one two", "three"]),
        ("是 --baseline。", 8, ["是", "--baseli", "ne。"]),
        ("甲乙", 1, ["甲", "乙"]),
        ("", 8, [""]),
    ],
)
def test_lines_are_broken_beside_chinese_and_between_words(text, width, lines):
    assert [*wrapped(text, width)] == lines
