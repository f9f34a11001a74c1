"""The figures of a prediction: perplexity and bits per character."""

import math
from dataclasses import dataclass

MOST_NATS = 700.0  # exp(MOST_NATS) is still a finite float


def perplexity(loss: float) -> float:
    """Return exp(loss) for a loss in nats per token; a loss above MOST_NATS counts as MOST_NATS."""
    return math.exp(min(loss, MOST_NATS))


def bits_per_character(nats: float, characters: int) -> float:
    """Return the bits per character of a text. nats: of the whole text, with spellings. characters: of the
    whole text; a line end is one character."""
    return nats / characters / math.log(2)


@dataclass
class Totals:
    """The total cost of a text under a predictor, as sums, which are divided last.

    tokens: predicted, with line ends. unknown: those not in the vocabulary. characters: with line ends.
    nats: -log p of the tokens. spelling_nats: -log p of the spellings of the unknown ones.
    """

    lines: int = 0
    tokens: int = 0
    unknown: int = 0
    characters: int = 0
    nats: float = 0.0
    spelling_nats: float = 0.0

    @property
    def perplexity(self) -> float:
        """Perplexity per token, without spellings, as in the literature; nan without tokens."""
        return perplexity(self.nats / self.tokens) if self.tokens else math.nan

    @property
    def bits_per_character(self) -> float:
        """Bits per character, with spellings; nan without characters."""
        if not self.characters:
            return math.nan
        return bits_per_character(self.nats + self.spelling_nats, self.characters)

    @property
    def figures(self) -> dict[str, float]:
        """The figures in the form of `rnn score --json`, where nats include those of the spellings."""
        return {
            "nats": self.nats + self.spelling_nats,
            "spelling_nats": self.spelling_nats,
            "perplexity": self.perplexity,
            "bits_per_character": self.bits_per_character,
        }
