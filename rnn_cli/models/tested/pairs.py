"""Testing a translator on pairs that it has not learned from."""

from collections.abc import Sequence
from typing import NamedTuple

from rnn_cli.errors import RnnError
from rnn_cli.models.encoded.paired import LONGEST, Sides
from rnn_cli.models.translator import Translator
from rnn_cli.scoring.bleu import HAN, bleu, chrf
from rnn_cli.scoring.sequences import exact_match, token_error_rate
from rnn_cli.text.pairs.numbered import Pairs, in_vocabulary
from rnn_cli.text.pairs.parts import by_text
from rnn_cli.text.rows import Numbers

CHINESE = 0.5  # share of Chinese characters in the references from which on BLEU counts characters


class TestedPairs(NamedTuple):
    """The figures of a test.

    texts: the number of different sources. values: the figures of all together, by name; None: not defined.
    bleu: how BLEU splits texts, a row of bleu.TOKENIZERS. references: the number of pairs, larger than that
    of sources if some have several targets.
    """

    texts: int
    values: dict[str, float | None]
    bleu: str
    references: int


def tested_pairs(
    model: Translator, pairs: Pairs, sources: Sequence[str], targets: Sequence[str], rows: Numbers
) -> TestedPairs:
    """Return how good a model is on some rows of pairs, whose sides are given as strings.

    Rows with equal sources are references for one. Raises RnnError if the state overflows.
    """
    wanted = set(rows.tolist())
    groups = [[row for row in group.tolist() if row in wanted] for group in by_text(pairs)]
    groups = [group for group in groups if group]
    split = model.target.tokenizer.split
    references = [[targets[row] for row in group] for group in groups]
    said = [each.targets[0] for each in model.predict(sources[group[0]] for group in groups)]
    predicted = [target.text for target in said]
    of_references = [[split(reference) for reference in each] for each in references]
    of_predicted = [split(text) for text in predicted]
    characters = "".join(reference for each in references for reference in each)
    kind = "zh" if len(HAN.findall(characters)) >= CHINESE * len(characters) else "13a"
    values: dict[str, float | None] = {
        "exact": exact_match(of_predicted, of_references),
        "token_error_rate": token_error_rate(of_predicted, of_references),
        "bleu": bleu(predicted, references, kind),
        "chrf": chrf(predicted, references),
    }
    return TestedPairs(len(groups), values | _nats(model, pairs, rows), kind, len(rows))


def _nats(model: Translator, pairs: Pairs, rows: Numbers) -> dict[str, float | None]:
    """Return the nats per target token of the pairs that are not too long; nothing if there are none."""
    assert pairs.targets is not None
    y = in_vocabulary(pairs.targets, model.target.vocabulary, ends=True)
    sides = Sides(in_vocabulary(pairs.texts, model.source.vocabulary), y)
    rows = rows[sides.lengths[rows] <= LONGEST]
    if not len(rows):
        return {}
    total, count = model.nats(sides, rows)
    if not total < float("inf"):
        raise RnnError("the state of the model has overflowed while it read")
    return {"nats": total / count}
