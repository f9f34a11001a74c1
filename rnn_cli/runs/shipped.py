"""The texts that come with rnn, and the choice of what a run reads."""

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnn_cli.errors import RnnError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

LOCALE = ("RNN_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE")  # the first set is the user's language
CHINESE, ENGLISH = "chinese", "english"
CLOSE = 0.8  # how alike two names of files are, from 0 to 1, if one is taken for a misspelling of the other


def shipped_corpora() -> dict[str, str]:
    """Return the paths of the texts in the package, by name ("english" and so on)."""
    from importlib import resources  # not imported for the command line, which needs only LOCALE

    try:
        folder: Traversable = resources.files("rnn_cli.corpora")
    except ModuleNotFoundError:  # in a clone, Python finds that package before the installed one
        folder = Path(__file__).parents[2] / "corpora"
    texts = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".txt"))
    return {name.removesuffix(".txt"): str(folder / name) for name in texts}


def usual_corpus(environment: Mapping[str, str]) -> str:
    """Return the name of the text in the user's language: Chinese if the locale is, else English."""
    locale = next((value for name in LOCALE if (value := environment.get(name))), "")
    return CHINESE if locale.lower().startswith("zh") else ENGLISH


def about_usual_corpus(environment: Mapping[str, str]) -> str:
    """Return a line that says which text is read by default, and how to choose the other."""
    usual = usual_corpus(environment)
    other = ENGLISH if usual == CHINESE else CHINESE
    return f"text: {usual}, which comes with rnn (rnn train {other}: the other)"


def corpus_paths(corpus: Sequence[str], environment: Mapping[str, str] | None = None) -> list[str]:
    """Return the paths that a run reads for `corpus`; if it is empty, the text in the user's language.

    A name of a text that comes with rnn means that text, unless a file or folder has that name. environment:
    where to look up the locale; None: that of the process.
    """
    shipped = shipped_corpora()
    if not corpus:
        return [shipped[usual_corpus(os.environ if environment is None else environment)]]
    return [path if os.path.lexists(path) else shipped.get(path, path) for path in corpus]


def refuse_misspelled(corpus: Sequence[str]) -> None:
    """Raise RnnError for a path that does not exist but is close to the name of a text that comes with rnn,
    or of a file in the same folder."""
    shipped = shipped_corpora()
    for path in corpus:
        if path in shipped or path == "-" or os.path.lexists(path):
            continue
        name = Path(path).name.removesuffix(".txt")
        if similar := [name] if name in shipped else difflib.get_close_matches(path, shipped, n=1):
            raise RnnError(f"{path}: no such file (did you mean {similar[0]}, which comes with rnn?)")
        if similar := difflib.get_close_matches(Path(path).name, _files_beside(path), n=1, cutoff=CLOSE):
            raise RnnError(f"{path}: no such file (did you mean {Path(path).with_name(similar[0])}?)")


def _files_beside(path: str) -> list[str]:
    try:
        return [entry.name for entry in Path(path).parent.iterdir() if entry.is_file()]
    except OSError:
        return []
