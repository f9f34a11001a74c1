"""The figures of a prediction: perplexity and bits per character."""

import math
from dataclasses import dataclass

MOST_NATS = 700.0  # whose exponential is still a float


def perplexity(loss: float) -> float:
    """Return exp(loss), of a loss in nats per token; a loss beyond MOST_NATS counts as that."""
    return math.exp(min(loss, MOST_NATS))


def bits_per_character(nats: float, characters: int) -> float:
    """Return all nats of a text, spellings included, over all its characters; a line end is one character."""
    return nats / characters / math.log(2)


@dataclass
class Totals:
    """What a text cost a predictor, in sums; the divisions come last.

    tokens: predicted; line ends count. unknown: of these. characters: line ends count.
    nats: -log p of the tokens. spelling_nats: of the spellings of the unknown ones.
    """

    lines: int = 0
    tokens: int = 0
    unknown: int = 0
    characters: int = 0
    nats: float = 0.0
    spelling_nats: float = 0.0

    @property
    def perplexity(self) -> float:
        """Of tokens, without spellings, as the literature has it; nan without tokens."""
        return perplexity(self.nats / self.tokens) if self.tokens else math.nan

    @property
    def bits_per_character(self) -> float:
        """nan without characters."""
        if not self.characters:
            return math.nan
        return bits_per_character(self.nats + self.spelling_nats, self.characters)

    @property
    def figures(self) -> dict[str, float]:
        """As `rnn score --json` has them: nats with those of the spellings."""
        return {
            "nats": self.nats + self.spelling_nats,
            "spelling_nats": self.spelling_nats,
            "perplexity": self.perplexity,
            "bits_per_character": self.bits_per_character,
        }
