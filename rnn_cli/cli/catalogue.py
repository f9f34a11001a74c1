"""The catalogue of a language: translations of messages, with the English ones as keys.

A message is looked up as it is, or by the template that it was made from, such as "{}: no such file". The
texts in the places of a template are looked up in turn. What the catalogue lacks stays as it is.
"""

import gettext
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import zip_longest
from string import Formatter

DOMAIN, FOLDER = "rnn", "locale"
CHINESE = "zh"
ANY = "(.*?)"
HAN = "\u2e80"  # characters from here on are wide
NUMBER = r"( *[-+]?(?:[0-9][0-9,.]*(?:e[-+]?[0-9]+)?|inf|nan)%? *)"
NAME = r"([^\s,;(]*)"  # in a place directly followed by another
QUOTED = r"('[^']*'|\"[^\"]*\")"
WORD = re.compile(r"\b(?!Ctrl\b)[A-Za-z]?[a-z]{2,}")  # but not a key
FIGURE = re.compile(r"\S+ [0-9][0-9.,]*")  # a name and its number
LEAST = 7  # letters that a template needs if words in its places have no translation
LONGEST = 2000  # characters of a message that is looked up; a longer one quotes a text


class Part(str):
    """The text in a place of a template. A single word stays as it is, since it may be a name, unless the
    translation has {:word} there."""

    def __format__(self, form: str) -> str:
        return catalogue().translated(str(self)) if form == "word" or len(self.split()) > 1 else str(self)

    @property
    def is_clear(self) -> bool:
        """Whether it is a name, an option, a command, or has a translation."""
        is_name = len(self.split()) < 2 or self.startswith(("-", "rnn ")) or not WORD.search(self)
        return is_name or FIGURE.fullmatch(self) is not None or catalogue().translated(str(self)) != self


class Template:
    """A message with places to fill, and its translation.

    weight: how specific it is: by its own letters first, then by whether they are at its ends, then by how
        few places it has.
    """

    def __init__(self, key: str, translation: str):
        self._translation = translation
        self._between: list[str] = []
        self._open: list[str] = []
        self._compiled: list[re.Pattern[str]] = []
        for text, field, form, conversion in _pieces(key):
            self._between.append(text)
            if field is not None:
                is_number = form[-1:] in {*"defgn%,"}
                self._open.append(NUMBER if is_number else QUOTED if conversion == "r" else ANY)
        ends = bool(self._between[0]) + (len(self._between) > len(self._open))
        self.weight = (sum(map(len, self._between)), ends, -len(self._open))
        self._is_short = len("".join(WORD.findall(" ".join(self._between)))) < LEAST

    def filled(self, text: str) -> Iterator[str]:
        """Yield the translations of a message that may be made from this template: with as little text as
        possible in the first places, and with as much as possible."""
        if not all(between in text for between in self._between):
            return
        if not self._compiled:  # most are never needed
            least = "".join(self._pattern())
            patterns = dict.fromkeys((least, least.replace(ANY, ANY.replace("?", ""))))
            self._compiled = [re.compile(pattern, re.DOTALL) for pattern in patterns]
        for pattern in self._compiled:
            if found := pattern.fullmatch(text):
                parts = [*map(Part, found.groups())]
                if not self._is_short or all(part.is_clear for part in parts):
                    yield self._joined(parts)

    def _pattern(self) -> Iterator[str]:
        for at, (between, place) in enumerate(zip_longest(self._between, self._open, fillvalue="")):
            yield re.escape(between)
            is_followed = self._between[at + 1 : at + 2] == [""] and at + 1 < len(self._open)
            yield NAME if place == ANY and is_followed else place

    def _joined(self, parts: list[Part]) -> str:
        """Return the translation with its parts. The spaces around a part are for Latin letters and digits:
        they are dropped if the part is Chinese."""
        line = ""
        for number, (text, field, form, _) in enumerate(_pieces(self._translation)):
            is_apart = text[:1] == " " and text[1:2] >= HAN and line[-1:] >= HAN
            line += text[1:] if is_apart else text
            if field is not None:
                part = format(parts[int(field or number)], form)
                is_apart = line[-1:] == " " and line[-2:-1] >= HAN and part[:1] >= HAN
                line = (line[:-1] if is_apart else line) + part
        return line


class Catalogue:
    """The messages of a language, by the English ones."""

    def __init__(self, messages: dict[str, str]):
        self._whole = {key.format(): said.format() for key, said in messages.items() if not _is_open(key)}
        templates = (Template(key, said) for key, said in messages.items() if _is_open(key))
        self._templates = sorted(templates, key=lambda each: each.weight, reverse=True)
        self.translated = cache(self._translated)

    def _translated(self, text: str) -> str:
        """Return a message in this language; white space around it is kept."""
        stripped = text.strip()
        if text in self._whole or not stripped or len(text) > LONGEST:
            return self._whole.get(text, text)
        if text != stripped and (said := self._filled(text)) != text:
            return said
        before, after = text.split(stripped, 1)
        return before + (self._whole.get(stripped) or self._filled(stripped)) + after

    def _filled(self, text: str) -> str:
        """Return the translation by a template that leaves the fewest words of a message untranslated."""
        found = [said for each in self._templates for said in each.filled(text)]
        return min(found, key=lambda said: len(WORD.findall(said)), default=text)


def _pieces(template: str) -> Iterator[tuple[str, str | None, str, str | None]]:
    """Yield each place of a template with the text before it, as (text, number, format, conversion); then the
    text after the last place, if there is any, with None for the number."""
    before = ""
    for text, field, form, conversion in Formatter().parse(template):
        before += text
        if field is not None:  # otherwise an escaped brace ends the text
            yield before, field, form or "", conversion
            before = ""
    if before:
        yield before, None, "", None


def _is_open(key: str) -> bool:
    return any(field is not None for _, field, _, _ in _pieces(key))


@cache
def catalogue() -> Catalogue:
    """Return the Chinese catalogue."""
    with resources.as_file(resources.files("rnn_cli") / FOLDER) as folder:
        found = gettext.translation(DOMAIN, folder, [CHINESE])
    messages: dict[str, str] = found._catalog  # type: ignore[attr-defined]  # gettext lists them nowhere else
    return Catalogue({key: said for key, said in messages.items() if key and said})
