"""Text from a model: sampling rules, constraints on what is written, samples, and what they copy."""

from rnn_cli.models.sampling.rules import Sampling
from rnn_cli.models.sampling.samples import Novelty, Sample

__all__ = ["Novelty", "Sample", "Sampling"]
