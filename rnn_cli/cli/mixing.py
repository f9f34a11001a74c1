"""Mixtures as the options define them: models, n-grams and weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rnn_cli.cli.console import say
from rnn_cli.errors import UsageError

if TYPE_CHECKING:  # slow to import, and most commands do not need them
    from rnn_cli.models.language_model import LanguageModel
    from rnn_cli.models.scores.chunks import Reading
    from rnn_cli.models.scores.mixture import Floats
    from rnn_cli.models.scores.sides import Counted, Makers, Ngrams


@dataclass(frozen=True)
class Mixing:
    """The source of a mixture's weights: fitted to a text, or given as numbers; equal if neither is set."""

    valid: str | None
    weights: str | None

    def of(
        self, makers: "Makers", model: "LanguageModel", reading: "Reading", encoding: str | None
    ) -> "Floats":
        """Return the weights of the predictors, and print them. model: any of the models, which number the
        tokens alike.

        Raises UsageError for a wrong number of weights, and RnnError for a file without text.
        """
        from rnn_cli.models.scores.mixture import equal, parse_weights
        from rnn_cli.models.scores.sides import weights_on

        if self.valid is not None:
            plain = replace(reading, exact=False, tokens=False, at_once=False)
            weights = weights_on(self.valid, encoding, model.lexicon, plain, makers)
        elif self.weights is not None:
            weights = parse_weights(self.weights, len(makers))
        else:
            weights = equal(len(makers))
        named = zip(makers, weights.tolist(), strict=True)
        say(f"mixture: {', '.join(f'{weight:.3f} {name}' for name, weight in named)}")
        return weights


def mixing_of(
    models: Sequence[Path], mix: bool, baseline: str | None, valid: str | None, weights: str | None
) -> Mixing | None:
    """Return how models are mixed; None without --mix. Raises UsageError for a mixture of one, for several
    models without --mix, and for options that do not go together."""
    for option, value in {"--valid": valid, "--weights": weights}.items():
        if value is not None and not mix:
            raise UsageError(f"{option} needs --mix")
    if len(models) > 1 and not mix:
        raise UsageError("several --model need --mix, which mixes what they predict")
    if not mix:
        return None
    if valid is not None and weights is not None:
        raise UsageError("--valid and --weights exclude each other")
    if len(models) == 1 and baseline is None:
        raise UsageError("--mix needs something to mix with: another --model, or --baseline TRAIN.txt")
    if len({*models}) < len(models):
        raise UsageError("--mix: one --model is named twice")
    return Mixing(valid, weights)


def counted_ngrams(model: "LanguageModel", counted: "Counted", encoding: str | None) -> "Ngrams":
    """Return the n-grams of a text; if not all of it was counted, print how much."""
    from rnn_cli.models.scores.sides import Ngrams
    from rnn_cli.text.reading import display_name

    ngrams = Ngrams.of(model, counted, encoding)
    if ngrams.is_cut:
        what = f"the first {counted.most:,} tokens of {display_name(counted.path)}"
        say(
            f"the n-grams are counted on {what} (rnn score --baseline-tokens counts more, at about 40 "
            "bytes each)"
        )
    return ngrams


def load_mixture(paths: Sequence[Path], mixing: Mixing, baseline: str | None) -> "LanguageModel":
    """Return a language model that predicts as a mixture of models, and of a text's n-grams if `baseline`
    names one. Raises RnnError for models that cannot be mixed."""
    from rnn_cli.models.language_model import LanguageModel
    from rnn_cli.models.mixed import mixture
    from rnn_cli.models.scores.chunks import Reading
    from rnn_cli.models.scores.lines import BASELINE_TOKENS
    from rnn_cli.models.scores.sides import Counted, makers_of, refuse_unlike

    models = {str(path): LanguageModel.load(path) for path in paths}
    refuse_unlike(models)
    first = next(iter(models.values()))
    ngrams = None
    if baseline is not None:
        ngrams = counted_ngrams(first, Counted(baseline, None, BASELINE_TOKENS), None)
    makers = makers_of(models, ngrams, dynamic=0.0, threads=None)
    weights = mixing.of(makers, first, Reading(carry_state=first.carry_state), None)
    return mixture(models, ngrams.counts if ngrams else None, weights)
