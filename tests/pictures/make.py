"""The pictures of README.md and README.zh.md, made from the program: python tests/pictures/make.py

show.svg is a terminal with `rnn show`; page.png is what `rnn page` writes, in headless Chromium. Each is made
in both languages; those in Chinese show what the commands above them in README.zh.md show. Without selenium
or a browser the pages are left as they are.
"""

import contextlib
import fcntl
import html
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "corpora" / "chinese.txt"
TIME = "1m"  # of training, as on the README
SENTENCE, FRESH = "今天早上下雨了", "我 昨天 上学 迟到 了"
COLUMNS = 96  # five likely tokens fit
PIECE = re.compile(r'(textLength=")([0-9.]+)("[^>]*>)([^<]+)<')
SEEN = 7  # the token that is looked at on the page


def rnn(*arguments: str, **environment: str) -> str:
    """Run the program; return what it prints."""
    command = [sys.executable, "-m", "rnn_cli", *arguments]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, encoding="utf-8", env=os.environ | environment
    )
    return done.stdout


def on_terminal(*arguments: str, **environment: str) -> str:
    """Run the program on a terminal of its own; return what it shows there, colours included."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    seen = os.environ | {"COLORTERM": "truecolor", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "rnn_cli", *arguments]
    shown = b""
    with subprocess.Popen(command, stdout=its, env=seen | environment) as process:
        os.close(its)
        with contextlib.suppress(OSError):  # how Linux says that the program has closed it
            while block := os.read(ours, 1 << 16):
                shown += block
        assert process.wait() == 0, shown
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def show(name: str, said: str, *arguments: str, **environment: str) -> None:
    """Draw a terminal with `rnn show`. said: what was typed after it."""
    printed = on_terminal("show", *arguments, **environment)
    console = Console(record=True, width=COLUMNS + 2, file=io.StringIO())
    console.print(Text.assemble("$ rnn show ", (said, "bold")))
    console.print(Text.from_ansi(printed))
    drawn = console.export_svg(title="rnn show")
    (HERE / name).write_text(PIECE.sub(as_wide_as_shown, drawn), encoding="utf-8")


def as_wide_as_shown(piece: re.Match[str]) -> str:
    """Return a piece of Rich's picture with room for its wide characters: Rich gives each one cell."""
    before, length, between, text = piece.groups()
    said = html.unescape(text)
    return f"{before}{float(length) * cell_len(said) / len(said):g}{between}{text}<"


def page(name: str, written: Path, is_chinese: bool) -> None:
    """Take a picture of a page, in English or in Chinese."""
    try:
        from selenium import webdriver
    except ImportError:
        print(f"{name}: left as it is, as selenium is not installed", file=sys.stderr)
        return
    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--window-size=1100,800", "--lang=en"):
        options.add_argument(option)
    with webdriver.Chrome(options) as browser:
        browser.get(written.as_uri())
        browser.implicitly_wait(20)  # until the model runs
        browser.find_element("css selector", "html[data-ready]")
        if is_chinese:
            browser.find_element("css selector", "#language").click()
        browser.find_element("css selector", "#tab-look").click()
        browser.find_elements("css selector", "#read .token")[SEEN].click()
        browser.find_element("css selector", "#look-detail *")
        browser.save_screenshot(str(HERE / name))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "model.npz")
        rnn("train", str(CORPUS), "--tokenizer", "char", "--time", TIME, "--model", model, "--quiet")
        show("show.svg", f"--model model.npz {SENTENCE}", "--model", model, SENTENCE, RNN_LANG="en")
        show("show.zh.svg", f'--fresh "{FRESH}"', "--fresh", FRESH, RNN_LANG="zh")
        written = Path(folder) / "page.html"
        rnn("page", "--model", model, "--text", str(CORPUS), "--out", str(written))
        page("page.png", written, is_chinese=False)
        page("page.zh.png", written, is_chinese=True)


if __name__ == "__main__":
    main()
