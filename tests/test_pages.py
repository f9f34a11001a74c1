"""The pages: their commands run, on shorter texts, for fewer epochs and cells; their Python runs as it
stands; their tables of options are the program's; their links lead somewhere.

Pages train the same models again and again: a training on a shipped text runs once a session, and its files
are copied wherever another line asks for them.
"""

import contextlib
import hashlib
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
import typer

import rnn_cli.runs.shipped
from rnn_cli.cli.app import COMMANDS, app, run

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [
        *ROOT.glob("README*.md"),
        *ROOT.glob("rnn_cli/**/*.md"),
        *ROOT.glob("tests/**/README.md"),
    ]
)
COMMANDS_PAGE = "rnn_cli/cli/README.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.S | re.M)
PIPED = re.compile(r"printf '([^']*)' \| (rnn [^|<>&]*)")
QUOTED = re.compile(r"^```py\n(.*?)^```", re.S | re.M)
TABLE = re.compile(r"(?<=<!-- options: )(\w+) -->\n(.*?)(?=<!-- end -->)", re.S)
REFUSING = re.compile(r"(?:^|/)(rnn (?:train|page|export|plot)\b[^&\n]*)", re.M)
LINK = re.compile(r"\]\(([^)#]+)(#[^)]*)?\)")


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page):
    """The kind and the content of each block of code."""
    return BLOCK.findall(text_of(page))


def has_commands(page):
    return any("rnn " in content or kind == "python" for kind, content in blocks(page))


def commands(text):
    """The lines of a text that are run."""
    content = "".join(content for kind, content in BLOCK.findall(text) if kind == "sh")
    return [line for line in content.splitlines() if line.startswith(("rnn ", "head ", "printf "))]


def sections(page):
    """The parts of a page that are tried apart, each with its heading."""
    if page != COMMANDS_PAGE:
        return [("", text_of(page))]
    return [(part.split("\n", 1)[0], part) for part in re.split(r"^## ", text_of(page), flags=re.M)]


def made_by(line):
    """The files that a line writes."""
    options = "--model|--out|--log" if line.startswith("rnn train") else "--out"
    return re.findall(rf"(?:{options}|>) (\S+)", line)


def with_what_it_needs(lines, page):
    """Some lines of a page, and before them the earlier lines that write what they read."""
    earlier = commands(text_of(page))
    needed = set(lines)
    for line in reversed(earlier):
        words = {word for each in needed for word in re.split(r"[\s']+", each)}
        if words.intersection(made_by(line)):
            needed.add(line)
    return [line for line in earlier if line in needed]


class Trainings:
    """The files of the trainings of this session, kept for all processes that run its tests."""

    def __init__(self, folder):
        self.folder = folder

    def find(self, line):
        """Whether a line is a training that has run, under any name of its model; then its files are here."""
        kept = self._kept(line)
        if kept is None or not kept.is_dir():
            return False
        for k, name in enumerate(self._files(line)):
            shutil.copy(kept / str(k), name)
        return True

    def keep(self, line):
        """Keep the files of a line that has run, if it is a training on a shipped text."""
        kept = self._kept(line)
        if kept is None:
            return
        files = Path(tempfile.mkdtemp(dir=self.folder))
        for k, name in enumerate(self._files(line)):
            shutil.copy(name, files / str(k))
        with contextlib.suppress(OSError):  # another process was first
            files.rename(kept)

    def _kept(self, line):
        words = shlex.split(line, comments=True)
        if words[:2] != ["rnn", "train"] or not words[2].startswith("corpora/"):
            return None
        others = [word for word in words[3:] if word not in made_by(line)]
        if "--plan" in others or any(Path(word).is_file() for word in others):
            return None
        return self.folder / hashlib.sha256("\0".join([words[2], *others]).encode()).hexdigest()

    def _files(self, line):
        made = made_by(line)
        return [*made, *(Path(name).with_suffix(".state.npz") for name in made if name.endswith(".npz"))]


@pytest.fixture(scope="session")
def trainings(folder_of_the_session):
    folder = folder_of_the_session / "trainings-of-pages"
    folder.mkdir(exist_ok=True)
    return Trainings(folder)


def pipeline(line, started):
    """Run programs, each of which reads what the one before it writes. Return what the last one writes; none
    may complain. started: starts rnn as a copy of a process, which is sooner there than a new one."""
    processes, stream = [], subprocess.DEVNULL
    for stage in line.split(" | "):
        words, pipes = shlex.split(stage), {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        start, words = (started, words[1:]) if words[0] == "rnn" else (subprocess.Popen, [words])
        processes.append(start(*words, stdin=stream, encoding="utf-8", **pipes))
        if len(processes) > 1:
            stream.close()  # so that a program hears when the next one ends
        stream = processes[-1].stdout
    out, err = processes[-1].communicate()
    complaints = [err, *(process.communicate()[1] for process in processes[:-1])]
    assert (processes[-1].returncode, "".join(complaints)) == (0, ""), line
    return out


@pytest.fixture
def shell(tmp_path, monkeypatch, trainings, started, short_seconds):
    """A folder with short corpora, and a way to run a line of a page in it."""
    (tmp_path / "corpora").mkdir()
    for text in (ROOT / "corpora").glob("*.t[xs][tv]"):  # a part of each is learned as well, and sooner
        lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
        part = lines[:: 30 if text.suffix == ".txt" else 3]
        (tmp_path / "corpora" / text.name).write_text("".join(part), encoding="utf-8")
    script = tmp_path / "bin" / "rnn"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m rnn_cli "$@"\n')
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for name in ("ENTRIES", "ENTRIES_OF_A_MODEL", "ENTRIES_OF_SEQUENCES"):  # one of each array will do
        monkeypatch.setattr(f"rnn_cli.training.gradcheck.{name}", 1)
    monkeypatch.setattr("rnn_cli.training.measure.PEAK_SIZE", 256)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")

    text, shipped = tmp_path / "stdin.txt", rnn_cli.runs.shipped.shipped_corpora()
    shorter = {name: str(tmp_path / "corpora" / Path(path).name) for name, path in shipped.items()}
    monkeypatch.setattr("rnn_cli.runs.shipped.shipped_corpora", lambda: shorter)

    def call(line):
        if not trainings.find(line):
            run_as_it_stands(line)
            trainings.keep(line)

    def run_as_it_stands(line):
        command = re.sub(r"--time \d+m", "", line)  # minutes; a line's own seconds or --epochs win
        command = re.sub(r"--time \d+s", "--time 1s", command)
        command = re.sub(r" --seconds \d+", "", command).replace("rnn bench", "rnn bench --seconds 0.2")
        few = "rnn train " if "--time" in command else "rnn train --epochs 2 "
        command = re.sub(r"^rnn gradcheck$", "rnn gradcheck --cell relu", command.replace("rnn train ", few))
        if piped := PIPED.fullmatch(command):
            text.write_text(piped[1].replace("\\n", "\n"), encoding="utf-8")
            command = piped[2]
        if " | " in command and not re.search(r"[<>&]", command):
            assert pipeline(command, started), line
            return
        if not re.search(r"[|<>&]", command):  # sooner without a process of its own
            with open(text if piped else os.devnull, encoding="utf-8") as stream:
                monkeypatch.setattr(sys, "stdin", stream)
                assert run(shlex.split(command, comments=True)[1:]) == 0, line
            return
        done = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8")
        assert (done.returncode, done.stderr) == (0, ""), line
        assert done.stdout or ">" in line, line

    return call


PARTS = [(page, *part) for page in PAGES if has_commands(page) for part in sections(page)]


@pytest.mark.parametrize(
    ("page", "text"),
    [pytest.param(page, text, id=f"{page} {heading}".strip()) for page, heading, text in PARTS],
)
def test_every_command_and_program_of_a_page_runs(page, text, shell, tmp_path, capfd):
    for line in with_what_it_needs(commands(text), page):
        shell(line)
    for kind, content in BLOCK.findall(text):
        if kind == "python":
            program = tmp_path / "program.py"
            program.write_text(content, encoding="utf-8")
            capfd.readouterr()
            with warnings.catch_warnings(action="error"):
                runpy.run_path(str(program), run_name="__main__")  # sooner than in a process of its own
            assert capfd.readouterr().err == "", content


def test_numpy_alone_opens_a_model_and_writes_with_it(shell, tmp_path):
    (reader,) = (content for kind, content in blocks("rnn_cli/models/README.md") if "np.load" in content)
    assert "rnn_cli" not in reader
    shell("rnn train corpora/english.txt --preset tanh --model tanh.npz --quiet")
    (tmp_path / "reader.py").write_text(reader, encoding="utf-8")
    done = subprocess.run([sys.executable, "reader.py"], capture_output=True, encoding="utf-8")
    assert re.fullmatch(r"[A-Za-z .,?!']*\n", done.stdout), done.stderr


def options(command):
    """The table of a command's options, as the page has it."""
    group = typer.main.get_command(app)
    parameters = group.get_command(None, command).params
    rows = ["| option | values | meaning |", "|---|---|---|"]
    for each in parameters:
        if each.param_type_name == "argument":
            flags, values = f"`{each.metavar}`", ""
        else:
            flags = ", ".join(f"`{flag}`" for flag in [*each.opts, *each.secondary_opts])
            values = values_of(each)
        meaning = re.sub(r"\s+", " ", each.help or "")
        if each.param_type_name == "option" and each.show_default and each.default not in (None, False):
            default = each.default if isinstance(each.default, list | tuple) else [each.default]
            meaning += f" Default: {', '.join(map(str, default))}."
        rows.append(f"| {flags} | {values} | {meaning.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def values_of(option):
    if option.is_flag:
        return ""
    if option.metavar:
        return " ".join(f"`{value}`" for value in option.metavar.split("|"))
    least, most = option.min, option.max
    if least is None and most is None:
        return {int: "number", str: "text", Path: "`FILE`"}[option.type_descriptor.annotation]
    return f"{least:,} to {most:,}" if most is not None else f"{least:,} or more"


def test_the_tables_of_options_are_the_programs(request):
    text = text_of(COMMANDS_PAGE)
    written = TABLE.sub(lambda found: f"{found[1]} -->\n{options(found[1])}", text)
    if request.config.getoption("write_pages"):
        (ROOT / COMMANDS_PAGE).write_text(written, encoding="utf-8")
    assert text_of(COMMANDS_PAGE) == written, "pytest tests/test_pages.py --write-pages writes them"
    assert [command for command, _ in TABLE.findall(text)] == re.findall(r"^## rnn (\w+)$", text, re.M)


def test_every_command_stands_on_the_page_of_commands():
    assert sorted(re.findall(r"^## rnn (\w+)$", text_of(COMMANDS_PAGE), re.M)) == sorted(COMMANDS)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file(page):
    for target, _ in LINK.findall(text_of(page)):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), target


PATHS = ["rnn_cli/network/README.md", "rnn_cli/network/README.zh.md"]


@pytest.mark.parametrize("page", PATHS)
def test_the_lines_of_the_tutorial_that_its_path_quotes_are_lines_of_it(page):
    tutorial = (ROOT / "rnn_cli/network/tutorial.py").read_text(encoding="utf-8")
    lines = {line.strip() for line in tutorial.splitlines()}
    quoted = [line for block in QUOTED.findall(text_of(page)) for line in block.splitlines()]
    assert len(quoted) > 12
    assert set(quoted) <= lines


def test_the_path_of_the_tutorial_is_the_same_in_both_languages():
    (english, chinese) = map(text_of, PATHS)
    assert QUOTED.findall(english) == QUOTED.findall(chinese)
    assert blocks(PATHS[0])[: len(blocks(PATHS[1]))] == blocks(PATHS[1])
    assert english.count("<details>") == chinese.count("<details>") == 8


FIRST_HOURS = [page for page in PAGES if page.endswith("first_hour.md")]


@pytest.mark.parametrize("page", FIRST_HOURS)
def test_a_first_hour_runs_the_same_commands_in_both_languages(page):
    english, chinese = (
        [re.findall(r"\brnn (\w+)|^(\w+)", line) for line in commands(text_of(each))]
        for each in (page, page.replace(".md", ".zh.md"))
    )
    assert len(FIRST_HOURS) == 3
    assert english == chinese


def test_every_room_has_a_page():
    rooms = {path.parent for path in ROOT.glob("rnn_cli/*/__init__.py")} - {ROOT / "rnn_cli" / "scoring"}
    assert all((room / "README.md").is_file() for room in rooms), rooms


def test_the_first_two_blocks_install_and_run_the_main_job_and_the_tests():
    (_, first), (_, second), *_ = blocks("README.md")
    assert "pip install ." in first
    assert "rnn train" in first
    assert "rnn sample" in first
    assert "pip install -e '.[test]'" in second
    assert "pytest" in second


def test_the_readme_is_short_and_begins_with_the_tutorial():
    text = text_of("README.md")
    assert len(text.encode()) < 6000
    assert LINK.search(text)[1] == "rnn_cli/network/tutorial.py"


READ_BY_ALL = [
    "README.md",
    "README.zh.md",
    COMMANDS_PAGE,
    *(page for page in PAGES if "first_hour." in page),
]


def test_a_reader_of_several_pages_is_not_refused_at_a_file_of_another():
    """Each writes files of its own: nothing is overwritten without --force."""
    writers = {}
    for page in READ_BY_ALL:
        text = "".join(content for kind, content in blocks(page) if kind == "sh")
        for line in REFUSING.findall(text):  # of several commands on a line too
            if "--force" not in line and "--resume" not in line:
                for file in made_by(line):
                    writers.setdefault(file, set()).add(page)
    assert {file: pages for file, pages in writers.items() if len(pages) > 1} == {}
