"""BLEU and chrF of translations, as sacrebleu computes them by default (Post 2018).

BLEU (Papineni et al. 2002), in percent: the brevity penalty times the geometric mean of the shares of
n-grams, n = 1 … 4, that also occur in a reference; a share of 0 is smoothed by halving (Chen and Cherry 2014,
method 3).
chrF (Popović 2015), in percent: F2 of the n-grams of characters, n = 1 … 6, without white space.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

ORDER = 4  # of BLEU
CHARACTERS = 6  # of chrF
BETA = 2.0  # recall counts BETA times as much as precision
ENTITIES = {"<skipped>": "", "-\n": "", "\n": " ", "&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">"}
SIGNS = [  # mteval-v13a's rules, in its order
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
]
HAN = re.compile(  # what sacrebleu's zh tokenizer cuts into characters; the first range is as in its code
    "([\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u33ff\u3400-\u4db5"
    "\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef])"
)


def words_13a(text: str) -> list[str]:
    """Return the tokens of mteval-v13a, the default of sacrebleu."""
    for entity, character in ENTITIES.items():
        text = text.replace(entity, character)
    return _signs(f" {text} ")


def words_zh(text: str) -> list[str]:
    """Return sacrebleu's tokens for Chinese: characters, and words as in mteval-v13a."""
    return _signs(HAN.sub(r" \1 ", text.strip()))


def characters(text: str) -> list[str]:
    """Return the characters except white space."""
    return [*"".join(text.split())]


def _signs(text: str) -> list[str]:
    for pattern, replacement in SIGNS:
        text = pattern.sub(replacement, text)
    return text.split()


TOKENIZERS: dict[str, Callable[[str], list[str]]] = {
    "13a": words_13a,
    "zh": words_zh,
    "char": characters,
    "none": str.split,
}


def bleu(predicted: Sequence[str], references: Sequence[Sequence[str]], tokenizer: str = "13a") -> float:
    """Return the BLEU of a text, in percent.

    references: one or more for each prediction. tokenizer: a row of TOKENIZERS.
    """
    split = TOKENIZERS[tokenizer]
    right, total = [0] * ORDER, [0] * ORDER
    length = reference_length = 0
    for prediction, of_prediction in zip(predicted, references, strict=True):
        tokens = split(prediction)
        others = [split(reference) for reference in of_prediction]
        length += len(tokens)
        reference_length += min((abs(len(o) - len(tokens)), len(o)) for o in others)[1]
        for n in range(1, ORDER + 1):
            most: Counter[tuple[str, ...]] = Counter()
            for other in others:
                most |= _grams(other, n)
            right[n - 1] += (_grams(tokens, n) & most).total()
            total[n - 1] += max(0, len(tokens) - n + 1)
    if not all(total) or not any(right):
        return 0.0
    zeros = 0
    nats = 0.0
    for r, t in zip(right, total, strict=True):
        zeros += r == 0
        nats += math.log(r / t if r else 1 / (2**zeros * t))
    brevity = min(0.0, 1 - reference_length / length)
    return 100 * math.exp(brevity + nats / ORDER)


def _grams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[k:] for k in range(n)), strict=False))


Counts = list[tuple[int, int, int]]  # for each n, n-grams of the prediction, of the reference, and of both


def chrf(predicted: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return the chrF of a text, in percent; of several references, that with the highest chrF is used."""
    sums = [(0, 0, 0)] * CHARACTERS
    for prediction, of_prediction in zip(predicted, references, strict=True):
        grams = _character_grams(prediction)
        every = [_counts(grams, _character_grams(reference)) for reference in of_prediction]
        best = max(every, key=_f_score)
        sums = [(a + d, b + e, c + f) for (a, b, c), (d, e, f) in zip(sums, best, strict=True)]
    return _f_score(sums)


def _character_grams(text: str) -> list[Counter[str]]:
    text = "".join(text.split())
    return [Counter(text[k : k + n] for k in range(len(text) - n + 1)) for n in range(1, CHARACTERS + 1)]


def _counts(predicted: list[Counter[str]], reference: list[Counter[str]]) -> Counts:
    return [
        (p.total() if r else 0, r.total(), (p & r).total()) for p, r in zip(predicted, reference, strict=True)
    ]


def _f_score(counts: Counts) -> float:
    """Return F2, in percent, of the mean precision and recall over the lengths of n-grams that both have."""
    shares = [(both / p, both / r) for p, r, both in counts if p and r]
    if not shares:
        return 0.0
    precision, recall = (sum(each) / len(shares) for each in zip(*shares, strict=True))
    divisor = BETA**2 * precision + recall
    return 100 * (1 + BETA**2) * precision * recall / divisor if divisor else 0.0
