"""The catalogue of Chinese messages: `python tests/catalogue.py` brings it up to date with the source.

It writes rnn_cli/locale/zh/LC_MESSAGES/rnn.po, which is what one edits: new messages come in with an empty
translation, those that are no longer said go. Then it compiles rnn.mo, which the program reads.
"""

import ast
import re
import struct
import sys
from dataclasses import fields
from pathlib import Path
from string import Formatter

sys.path.insert(0, str(Path(__file__).parent))
from messages import HOUSE, Messages

from rnn_cli.runs.presets import ABOUT, preset_files
from rnn_cli.text.pairs.kinds import KINDS
from rnn_cli.training.demand import Demand

FOLDER = HOUSE / "locale" / "zh" / "LC_MESSAGES"
PO, MO = FOLDER / "rnn.po", FOLDER / "rnn.mo"
HEADER = (
    "Language: zh_CN\nMIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
)
TYPER = (  # what Typer says
    *("Usage: ", "[OPTIONS]", "Arguments", "Options", "[default: {}]", "[required]"),
    *("Show this message and exit.", "No such option: {}", "{} (Possible options: {})"),
    *("Invalid value for {}: {}", "Invalid value: {}", "Missing argument {}", "Missing option {}"),
    *("Option {} requires an argument", "Option {} does not take a value"),
    *("Got unexpected extra argument(s) ({})", "Input should be a valid boolean, unable to interpret input"),
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Unable to parse input string as an integer, exceeded maximum size",
    "Input should be greater than or equal to {}",
    "Input should be less than or equal to {}",
    "Install completion for the current shell.",
    "Show completion for the current shell, to copy it or customize the installation.",
)
SYSTEM = (  # what the system says of a file
    *("No such file or directory", "Permission denied", "Is a directory", "Not a directory", "File exists"),
    *("No space left on device", "Read-only file system", "Input/output error", "File name too long"),
    *("Operation not permitted", "Too many open files", "Disk quota exceeded", "Bad file descriptor"),
    *("Cannot allocate memory", "No such device or address", "Too many levels of symbolic links"),
    *("Text file busy", "Device or resource busy", "Broken pipe", "Invalid argument"),
)
PASSED_ON = (  # words that are passed on in ways that the walk does not follow
    *("{}: {}", "{}; {}", "{}, {}", "{} to {}"),
    *("line", "paragraph", "{:,} line", "{:,} lines", "{:,} paragraph", "{:,} paragraphs", "the text"),
    *("Kneser-Ney, order {}", *(field.name for field in fields(Demand))),
    *("Where it ends", "Verse", "Copying", "done", "nothing left to do"),
    *("the text was cut short", "a process was killed", "more than {}", "up to {}", "translations"),
    *("something else", "{}: left out, as not *{} files or hidden: {}"),
    *("unknown {} '{}'", "output layer", "attention", "tokenizer", "setting", "choice of a network"),
    *("setting of the tokenizer", "normalization", "rule for words", "unit"),
    "{}: left out, as not *{} files or hidden: {} and {} more",
    *("classes", "adaptive", *(kind.line for kind in KINDS.values())),
)
RULE = re.compile(
    "^(acrostic|ban|beam|form|rhyme|stop|top_p)(?= (is|has|needs) )"
)  # `rnn sample` makes options
MAGIC = 0x950412DE


def read(text: str) -> dict[str, str]:
    """Return the messages of a .po file with their translations, without its header."""
    messages: dict[str, str] = {}
    key, into = "", ""
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind in ("msgid", "msgstr"):
            into, line = kind, rest
            key = "" if kind == "msgid" else key
        if not line.startswith('"'):
            continue
        piece = ast.literal_eval(line)
        if into == "msgid":
            key += piece
        else:
            messages[key] = messages.get(key, "") + piece
    messages.pop("", None)
    return messages


def written(messages: dict[str, str], places: dict[str, str]) -> str:
    """Return messages as a .po file, in the order of the files that they stand in."""
    entries = [("", HEADER), *sorted(messages.items(), key=lambda row: (places.get(row[0], ""), row[0]))]
    text = ""
    for key, said in entries:
        where = f"#: rnn_cli/{places[key]}\n" if key in places else ""
        form = "#, python-brace-format\n" if _fields(key) else ""
        text += f"{where}{form}msgid {_quoted(key)}\nmsgstr {_quoted(said)}\n\n"
    return text.rstrip("\n") + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    lines = [f'"{line}"' for line in escaped.replace("\\n", "\\n\0").split("\0") if line]
    return "\n".join(['""', *lines]) if len(lines) > 1 else "".join(lines) or '""'


def compiled(messages: dict[str, str]) -> bytes:
    """Return messages as a .mo file: a table of where each key lies, one of translations, then the texts."""
    rows = sorted((key.encode(), said.encode()) for key, said in {**messages, "": HEADER}.items() if said)
    starts, texts = 28, b""
    begin = starts + 16 * len(rows)
    tables = b""
    for column in range(2):
        for row in rows:
            tables += struct.pack("<II", len(row[column]), begin + len(texts))
            texts += row[column] + b"\0"
    return struct.pack("<7I", MAGIC, 0, len(rows), 28, 28 + 8 * len(rows), 0, begin) + tables + texts


def _fields(text: str) -> list[str]:
    return [field for _, field, _, _ in Formatter().parse(text) if field is not None]


def faults(messages: dict[str, str], said: dict[str, str]) -> list[str]:
    """Return what is wrong with a catalogue. messages: that the program says; said: their translations."""
    found = [f"no translation: {key!r}" for key in messages if not said.get(key)]
    found += [f"said nowhere: {key!r}" for key in said if key not in messages]
    for key, translation in said.items():
        own = _fields(key)
        try:
            there = _fields(translation)
        except ValueError as error:
            found.append(f"{error}: {translation!r}")
            continue
        named = [str(number) for number in range(len(own))]
        if translation and there != own and sorted(set(there)) != sorted(named):
            found.append(f"other places: {key!r}: {translation!r}")
    return found


def said_by_the_program() -> dict[str, str]:
    """Return all messages, each with the file that it stands in."""
    presets = dict.fromkeys(
        (f"{name}, {file[ABOUT]}" for name, file in preset_files().items()), "runs/presets"
    )
    found = {RULE.sub(_as_option, key): place for key, place in Messages().found.items()}
    return dict.fromkeys((*TYPER, *SYSTEM, *PASSED_ON), "cli/app.py") | found | presets


def _as_option(rule: re.Match[str]) -> str:
    return f"--{rule[0].replace('_', '-')}"


def update() -> None:
    """Write both files."""
    places = said_by_the_program()
    before = read(PO.read_text("utf-8")) if PO.exists() else {}
    messages = {key: before.get(key, "") for key in places}
    FOLDER.mkdir(parents=True, exist_ok=True)
    PO.write_text(written(messages, places), "utf-8")
    MO.write_bytes(compiled(messages))
    print(*faults(places, messages), sep="\n")
    print(f"{len(messages)} messages, {sum(not said for said in messages.values())} without a translation")


if __name__ == "__main__":
    update()
