"""A page: one HTML file that holds a model and runs it.

The file is a template with eight places, filled by `string.Template`. The model and all texts about it are
JSON in blocks that no browser executes; the script builds the page from them, and inserts them as text only.
The Content-Security-Policy allows the page's own script and style sheet, by their hashes, and its worker;
nothing else.
"""

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.pages.about import Told, about
from rnn_cli.pages.packing import packed
from rnn_cli.pages.trimming import trimmed
from rnn_cli.pages.word_map import Model

MOST = 30_000_000  # bytes of a page
NETWORK = (  # scripts, in order: each uses only those before it when it is loaded
    *("functions", "cells", "inputs", "outputs", "network", "conditional"),
    *("encoder", "labels", "tags", "translation"),
    *("sampling", "unpacking", "text", "grams", "language", "sequences", "worker"),
)
PAGE = (
    *("dom", "speech", "asking", "pieces", "charts", "choosing"),
    *("labelling", "tagging", "translating", "writing", "looking", "learning", "telling", "mapping", "main"),
)


def page_of(model: Model, told: Told) -> bytes:
    """Return the bytes of the page.

    Raises UsageError if it would be larger than MOST, RnnError for a log of another model.
    """
    if told.top_words is not None:
        if not isinstance(model, LanguageModel):
            raise UsageError("--top-words is for language models: train with a smaller --max-size")
        model = trimmed(model, told.top_words)
    filled = Template(asset("page.html")).substitute(
        title=html.escape(told.title),
        policy=policy(),
        style=asset("style.css"),
        about=embedded(about(model, told)),
        words=embedded(json.loads(asset("words.json"))),
        packed=embedded(packed(model.p, told.is_exact)),
        worker=joined("network", NETWORK),
        script=joined("page", PAGE),
    )
    page = filled.encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape
    if len(page) > MOST:
        less = "a smaller --top-words" if told.top_words else "--top-words"
        other = "no --exact" if told.is_exact else "a smaller model"
        size = f"{len(page) / 1e6:.0f} MB, more than the {MOST // 10**6} that browsers bear well"
        raise UsageError(f"the page would have {size}: {less} or {other} makes it smaller")
    return page


def embedded(value: Any) -> str:
    """Return JSON that is safe inside <script>: no text in it ends the element or begins a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def policy() -> str:
    """Return the Content-Security-Policy, which allows only the page's own script, style and worker."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(joined('page', PAGE))}",
            f"style-src {_hash(asset('style.css'))}",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def joined(folder: str, names: Iterable[str]) -> str:
    """Return several scripts as one."""
    return '\n"use strict";\n\n' + "\n".join(asset(f"{folder}/{name}.js") for name in names)


@cache
def asset(name: str) -> str:
    """Return the text of a file in assets/."""
    return files("rnn_cli.pages").joinpath("assets", name).read_text("utf-8")
