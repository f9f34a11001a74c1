"""Guesses at the encoding of bytes that do not decode, so that a message can propose one."""

import codecs
import string

SAMPLE_BYTES = 4096  # from which an encoding is guessed
GUESSES = ("gb18030", "big5", "utf-16-le", "utf-16-be", "cp1252")
# Frequent in any text of their script, rare in text that was decoded wrongly.
FREQUENT = frozenset(
    string.ascii_letters + string.digits + " \n,.'，。、：？！的一是不了在人有我他這这個个們们中來来上大為为"
    "和國国地到以說说時时要就出會会可也你對对生能而子那得於着著下自之年過过發发後后作里用道行所然家種种事成方多經经麼么去法"
)


def guess_around(error: UnicodeDecodeError) -> str:
    """Return what the bytes around the first bad one look like, and the way out, in words."""
    if error.reason == "unexpected end of data":
        return "it ends in the middle of a character"
    line = error.object.rfind(b"\n", 0, error.start) + 1
    return guess(error.object[max(line, error.start - SAMPLE_BYTES // 2) :])


def guess(sample: bytes) -> str:
    """Return what the bytes look like, and the way out, in words."""
    scores = {}
    for encoding in GUESSES:
        try:
            text = codecs.getincrementaldecoder(encoding)("strict").decode(sample[:SAMPLE_BYTES])
        except UnicodeDecodeError:
            continue
        if text and all(c.isprintable() or c.isspace() for c in text):
            scores[encoding] = sum(c in FREQUENT for c in text) / len(text)
    if not scores:
        return "looks like binary data; --encoding NAME reads other encodings"
    best = max(scores, key=scores.__getitem__)
    return f"looks like {best.upper()}: try --encoding {best}"
