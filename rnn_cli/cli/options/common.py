"""The options that several commands share, of texts and models, and what reads them."""

import codecs
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_cli.cli.console import UsageError
from rnn_cli.text.tokenizers import NORMALIZATIONS, TOKENIZERS, Tokenizer, make_tokenizer
from rnn_cli.text.user_words import read_user_dict

DEFAULT_MODEL = Path("model.npz")


def one_of(table: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of a typer.Option whose value is a key of a table."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in table:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(table)}")
        return value

    return {"metavar": "|".join(table), "callback": check}


def finite(value: float | None) -> float | None:
    """Refuse nan and inf, which pass every test of a range."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


def known_encoding(value: str | None) -> str | None:
    """Refuse what is not the name of a codec from bytes to text."""
    try:
        "".encode(value or "utf-8")
        codecs.getincrementaldecoder(value or "utf-8")
    except (LookupError, UnicodeError) as error:
        raise typer.BadParameter(f"{value!r} is not an encoding that Python knows") from error
    return value


CorpusArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CORPUS]...",
        help="Text files, read as one text; - is standard input. None: the corpora shipped with rnn.",
        show_default=False,
    ),
]
TokenizerOption = Annotated[
    str | None,
    typer.Option(
        "--tokenizer",
        "-t",
        help="How a line is cut: words, code points, or what white space separates. Default: jieba.",
        show_default=False,
        rich_help_panel="Text",
        **one_of(TOKENIZERS),
    ),
]
NormalizeOption = Annotated[
    str | None,
    typer.Option(
        help="Unicode's normalization form, of the text and of prompts. Default: none.",
        show_default=False,
        rich_help_panel="Text",
        **one_of(NORMALIZATIONS),
    ),
]
UserDictOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Words for jieba to know: a line for each, word [frequency] [tag], in UTF-8.",
        show_default=False,
        rich_help_panel="Text",
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Of the text files, as Python names it. Default: the byte order mark's, or utf-8.",
        show_default=False,
        rich_help_panel="Text",
        callback=known_encoding,
    ),
]
MinCountOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Tokens that occur less often are unknown. Default: 2 for words, 1 for char.",
        show_default=False,
        rich_help_panel="Text",
    ),
]
MaxSizeOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Keep at most this many tokens, the most frequent. Default: 10000.",
        show_default=False,
        rich_help_panel="Text",
    ),
]
ModelOption = Annotated[Path, typer.Option("--model", "-m", help="The model file.")]
CacheDirOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Keep texts as they were cut in this folder. Default: the user's folder for caches.",
        show_default=False,
        rich_help_panel="Text",
    ),
]
NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Keep nothing of the text.", rich_help_panel="Text")
]


def refuse_words_without_use(tokenizer: str, user_dict: str | None) -> None:
    """Raises UsageError for a --user-dict with a tokenizer that has no use for it."""
    if user_dict is not None and TOKENIZERS[tokenizer].knowing is None:
        raise UsageError(f"--user-dict is of no use with --tokenizer {tokenizer}: drop one")


def tokenizer_with(name: str, normalize: str | None, user_dict: str | None) -> Tokenizer:
    """The tokenizer that the options ask for. Raises RnnError for a bad line in the file of words."""
    settings: dict[str, Any] = {}
    if normalize and normalize != "none":
        settings["normalize"] = normalize
    if user_dict is not None:
        words, sha256 = read_user_dict(user_dict)
        settings |= {"user_dict": [[*row] for row in words], "user_dict_sha256": sha256}
    return make_tokenizer(name, settings)


def corpus_paths(corpus: list[str] | None) -> list[str]:
    """The files named, or those shipped in the package."""
    if corpus:
        return corpus
    folder = resources.files("rnn_cli.corpora")
    return sorted(str(entry) for entry in folder.iterdir() if entry.name.endswith(".txt"))
