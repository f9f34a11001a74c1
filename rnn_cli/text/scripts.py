"""Words in scripts that jieba does not know.

jieba finds words in Han characters and ASCII; every other character is a token by itself. It cuts ASCII at
apostrophes and hyphens: "don't" is don, ', t. Here the letters, marks and digits of all other scripts are
joined into words in the same way:

- A word is a run of letters, marks and digits: Кошка, καλημέρα, 한국어, हिन्दी. It includes adjacent ASCII
  letters and digits (café, Straße), zero-width joiners and soft hyphens.
- Apostrophes and hyphens stand alone in every script, as with jieba in ASCII. Unicode's annex 29 would join
  "l'été", but then "l'été" and "don't" would be cut by two rules.
- Kana, Thai and other scripts without spaces between words are cut where the script changes, as their
  letters do not show where a word ends. Their runs are not joined to adjacent Latin words.
- Han characters outside jieba's range (䓬, 𠀀), punctuation and symbols stand alone, as in jieba. Only marks
  stay with their symbol, and the parts of an emoji stay together.

The classes are those of annex 29 (ALetter, Numeric, Katakana, Extend; Line_Break=SA for Thai and similar
scripts), read from `unicodedata`. `re` alone is not enough: its \\w does not include marks, so it would cut
Devanagari and decomposed accents. A library (`regex`, ICU) implements all of annex 29, which joins what jieba
cuts, and has another version of Unicode than Python, with which the text is normalized.
"""

import re
import unicodedata

# The characters in which jieba looks for words (its re_han_default): Han, letters, digits and a few signs.
HAN = "\u4e00-\u9fd5"
RUN = rf"{HAN}a-zA-Z0-9+#&\._%\-"

# Every character has a kind, one letter. Characters not named below have the kind ALONE.
ALONE = " "
JIEBAS = "ha0.+"  # jieba's Han characters, letters, digits, full stop, other signs
LETTER, MARK, JOINER, SYMBOL, FLAG, LONG_VOWEL = "w", "m", "z", "s", "r", "~"
SPELLED = f"a0{LETTER}"  # letters and digits, jieba's and others, of scripts with spaces between words
BOUND = f"{SPELLED}{MARK}{JOINER}"  # the characters of a word in those scripts
# Scripts without spaces between words, as prefixes of their characters' names: the kinds A, B, ...
WITHOUT_SPACES = (
    *("HIRAGANA", "KATAKANA", "HENTAIGANA", "THAI", "LAO", "KHMER", "MYANMAR"),
    *("TAI LE", "NEW TAI LUE", "TAI THAM", "TAI VIET", "AHOM"),
)
# Signs that stand for a word or a syllable each.
IDEOGRAPHS = ("CJK", "IDEOGRAPHIC", "VERTICAL IDEOGRAPHIC", "HANGZHOU", "TANGUT", "KHITAN", "NUSHU")
ZERO_WIDTH_JOINER = "\u200d"
JOINING = "\u200c\u00ad"  # the zero-width non-joiner and the soft hyphen: format characters inside words
HELD = 1 << 14  # code points whose kind is cached


def kind(character: str) -> str:
    """Return the kind of a character."""
    if re.match(f"[{RUN}]", character):
        return _kind_in_run(character)
    category = unicodedata.category(character)
    if character.isascii() or category[0] in "ZP":
        return ALONE
    if character == ZERO_WIDTH_JOINER:
        return JOINER
    if category[0] == "M" or character in JOINING or "\U000e0020" <= character <= "\U000e007f":  # tags
        return MARK
    name = unicodedata.name(character, "").removeprefix("HALFWIDTH ")
    if name.startswith("KATAKANA-HIRAGANA"):
        return LONG_VOWEL
    if category[0] == "L" or category in ("Nd", "Nl"):
        return _kind_of_letter(name)
    if category[0] == "S":
        return _kind_of_symbol(name)
    return ALONE


def _kind_in_run(character: str) -> str:
    if character.isalpha():
        return "a" if character.isascii() else "h"
    return "0" if character.isdigit() else "." if character == "." else "+"


def _kind_of_letter(name: str) -> str:
    for number, script in enumerate(WITHOUT_SPACES):
        if name.startswith(f"{script} "):
            return chr(ord("A") + number)
    return ALONE if name.startswith(IDEOGRAPHS) else LETTER


def _kind_of_symbol(name: str) -> str:
    if name.startswith("EMOJI MODIFIER"):
        return MARK
    return FLAG if name.startswith("REGIONAL INDICATOR") else SYMBOL


class _Kinds(dict[int, str]):
    """A cache from code points to kinds."""

    def __missing__(self, point: int) -> str:
        if len(self) >= HELD:
            self.clear()
        found = self[point] = kind(chr(point))
        return found


_KINDS = _Kinds()


def kinds_of(text: str) -> str:
    """Return the kinds of a text's characters, as a string of the same length."""
    return text.translate(_KINDS)


# Matches, in a string of kinds, the tokens that are not jieba's. The group `jieba` matches an ASCII word or
# number, which is left to jieba, so that 3.14µm is 3.14, µm.
TOKEN = re.compile(
    r"(?P<jieba>[a0]+(?![a0wmz])(?:\.0+)?)"
    r"|[a0w][a0wmz]*"
    r"|(?P<script>[A-Z])(?:(?P=script)|[~mz])*"
    r"|s[mz]+(?:(?<=z)s[mz]*)*"
    r"|rr"
)
# Matches, in a string of kinds, a run whose ends no token and no run of jieba's crosses, whatever follows.
UNBROKEN = (
    r"[ha0.+wmz](?:(?<![wmz])[h.+]|(?<![h.+])[wmz]|[a0])*"
    r"|(?P<script>[A-Z])(?:(?P=script)|[~mz])*"
    r"|s(?:[mz]|(?<=z)s)*"
    r"|r+"
)
# Matches a character whose kind may be neither jieba's nor ALONE; most texts have none and need nothing else.
# Compiled at its first use: patterns with the Han characters take a millisecond each.
OTHER = f"[^\\0-\x7f{HAN}‘’“”…—·、。〈〉《》「」『』【】〔〕！（），：；？．／％－–•※\u3000\xa0]"
