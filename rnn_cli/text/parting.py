"""Where a very long line may be divided, so that the tokens of both parts are the tokens of the whole."""

import unicodedata

from rnn_cli.text.tokenizers import Tokenizer

CONTEXT = 8  # characters on either side of a place, enough to decide whether a line may be divided there
SEARCHED = 1 << 16  # characters before the end that are searched for a place


def cuttable(tokenizer: Tokenizer, text: str) -> int:
    """Return the last place at which a line that begins with this text may be divided, whatever follows; 0 if
    there is none near its end."""
    if place := _place_in_long_run(tokenizer, text):
        return place
    may_part = tokenizer.may_part
    if may_part is None:
        return 0
    for place in range(len(text), max(0, len(text) - SEARCHED), -1):
        left, right = text[max(0, place - CONTEXT) : place], text[place : place + CONTEXT]
        if may_part(tokenizer.normalize(left), tokenizer.normalize(right)) and (
            "normalize" not in tokenizer.settings or begins_afresh(right[:1])
        ):
            return place
    return 0


def begins_afresh(character: str) -> bool:
    """Return whether it is certain that no normalization joins a character to those before it."""
    first = unicodedata.normalize("NFKD", character)[:1]
    category = first and unicodedata.category(first)
    return category[:1] not in ("", "M") and (category != "Lo" or "\u3041" <= first <= "\ud7ff")


def _place_in_long_run(tokenizer: Tokenizer, text: str) -> int:
    """Return the last place at which the run at the end of a text is cut because of its length, or 0."""
    if tokenizer.runs is None:
        return 0
    begin, place = tokenizer.runs.last_cut(text)
    if place and "normalize" in tokenizer.settings:
        before, run = tokenizer.normalize(text[max(0, begin - CONTEXT) : begin]), text[begin:]
        if tokenizer.runs.reaches_into(before) or tokenizer.normalize(run) != run:
            return 0  # after normalization, the run has another length
    return place
