"""From tokens to the text of a sample, and to its end."""

import copy
from typing import TYPE_CHECKING, Protocol, Self

from rnn_cli.models.sampling.prompts import Prompt
from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.units import LINE_END
from rnn_cli.text.vocabulary import END, UNK

if TYPE_CHECKING:
    from rnn_cli.models.sampling.verse import Verse

ENDS_SENTENCE = frozenset(".!?。！？｡．؟।")
CLOSES = frozenset("\"')]}”’）」』】》〉")  # closing marks that belong to the sentence before them
NEEDS_SPACE = frozenset(".!?؟")  # a sentence does not end within 3.14


class Pen:
    """Writes tokens one after another: adds separators, and completes an unfinished word."""

    def __init__(self, lexicon: Lexicon, prompt: Prompt, verse: "Verse | None" = None):
        self._tokenizer, self._vocabulary, self._verse = lexicon.tokenizer, lexicon.vocabulary, verse
        self._skipped = len(prompt.begun)
        self._is_parted = not prompt.text or prompt.text[-1].isspace() or self._skipped > 0
        if verse is not None:
            self.place = verse.begin(prompt)
            self._line = verse.line_before(self.place, prompt)

    def write(self, id: int) -> str:
        """Return what a token adds to the text; END gives a line end."""
        if self._verse is not None:
            return self._write_verse(self._verse, id)
        if id == END:
            self._is_parted = True
            return "\n"
        return self._separated(self._vocabulary.token(id))

    def _separated(self, token: str) -> str:
        is_line_end = token == LINE_END  # inside a paragraph
        separator = "" if self._is_parted or is_line_end else self._tokenizer.separator
        token = token[self._skipped :]
        self._is_parted, self._skipped = is_line_end, 0
        return separator + token

    def _write_verse(self, verse: "Verse", id: int) -> str:
        here, self.place = self.place, int(verse.after(self.place)[id])
        if id == END:
            return ""  # the line end is written when the next line begins
        before, self._line = self._line, verse.line_of(here)
        breaks = verse.breaks(before, self._line)
        self._is_parted = self._is_parted or breaks != ""
        return breaks + self._separated(verse.unread(here) if id == UNK else self._vocabulary.token(id))

    def copy(self) -> Self:
        return copy.copy(self)


class Watcher(Protocol):
    """Finds the end of a text."""

    reason: str

    def find(self, text: str, /) -> int | None:
        """Return where the text ends if it ends within its continuation `text`, else None. May be called
        until it finds an end."""

    def held(self, text: str, /) -> int:
        """Return how many of a text's last characters may yet turn out to lie beyond its end."""


class Sentences:
    """Ends a text after a number of sentences.

    A sentence ends with . ! ? 。 and the like, with any quotes and brackets that close there, if white space
    follows (after 。！？, anything). It also ends with its line.
    """

    reason = "sentences"

    def __init__(self, number: int):
        self._left, self._is_open, self._mark = number, False, ""

    def find(self, text: str) -> int | None:
        for place, character in enumerate(text):
            if self._ends_before(character):
                self._left -= 1
                self._is_open, self._mark = False, ""
                if not self._left:
                    return place
            if character in ENDS_SENTENCE:
                self._mark = character
            elif character not in CLOSES:
                self._mark = ""
            self._is_open = self._is_open or not character.isspace()
        return None

    def _ends_before(self, character: str) -> bool:
        if character == "\n":
            return self._is_open
        if not self._mark or character in ENDS_SENTENCE or character in CLOSES:
            return False
        return character.isspace() or self._mark not in NEEDS_SPACE

    def held(self, text: str) -> int:
        return 0


class Stops:
    """Ends a text before the first of some texts."""

    reason = "stop"

    def __init__(self, texts: tuple[str, ...]):
        self._texts, self._tail = texts, ""
        self._longest = max(map(len, texts)) - 1  # characters of an incomplete stop text, at most

    def find(self, text: str) -> int | None:
        whole, before = self._tail + text, len(self._tail)
        found = [place for place in map(whole.find, self._texts) if place >= 0]
        self._tail = whole[len(whole) - self._longest :] if self._longest else ""
        return min(found) - before if found else None

    def held(self, text: str) -> int:
        return max(
            (n for stop in self._texts for n in range(1, len(stop)) if text.endswith(stop[:n])), default=0
        )


class Writer:
    """Writes one sample, and finds where it ends.

    over: why it ended: "line", "lines", "form", "sentences" or "stop"; "" while it goes on.
    """

    def __init__(self, pen: Pen, verse: "Verse | None", rules: Sampling, ends_with_line: bool):
        """ends_with_line: whether the first END ends the sample, unless the rules say otherwise."""
        self._pen, self._verse, self.over = pen, verse, ""
        self._lines_left = rules.lines or (1 if ends_with_line and not rules.sentences else None)
        self._line_reason = "lines" if rules.lines else "line"
        self._counts_lines = rules.lines is not None and verse is None
        self._held = ""
        self._watchers: list[Watcher] = []
        if rules.sentences:
            self._watchers.append(Sentences(rules.sentences))
        if rules.stop:
            self._watchers.append(Stops(tuple(rules.stop)))

    def write(self, id: int) -> str:
        """Return the text that, after this token, is certain to belong to the sample."""
        if self._verse is None and id == END and self._lines_left is not None:
            self._lines_left -= 1
            if not self._lines_left:
                self.over = self._line_reason
                return self.rest()
        piece = self._pen.write(id)
        if self._counts_lines and id != END and piece == LINE_END:  # inside a paragraph
            self._lines_left = (self._lines_left or 0) - 1
            if not self._lines_left:
                self.over = self._line_reason
                return self.rest()
        found = [(place, each.reason) for each in self._watchers if (place := each.find(piece)) is not None]
        if found:
            place, self.over = min(found)
            whole = self.rest() + piece
            return whole[: len(whole) - len(piece) + place]
        if self._verse is not None and self._pen.place == self._verse.last:
            self.over = "form"
            return self.rest() + piece
        return self._release(piece)

    def _release(self, piece: str) -> str:
        whole = self._held + piece
        held = max((watcher.held(whole) for watcher in self._watchers), default=0)
        self._held = whole[len(whole) - held :]
        return whole[: len(whole) - held]

    def rest(self) -> str:
        """Return the text held back, once the sample has ended."""
        rest, self._held = self._held, ""
        return rest

    def copy(self) -> Self:
        """Return an independent writer that continues from here."""
        twin = copy.copy(self)
        twin._pen = self._pen.copy()
        twin._watchers = [copy.copy(watcher) for watcher in self._watchers]
        return twin
