"""What the samples of a trained model copy from its training text."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rnn_cli.errors import RnnError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.models.sampling import Novelty, Sampling
from rnn_cli.runs.data import Data
from rnn_cli.scoring.copying import Copied, Original
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.store.corpus import Part
from rnn_cli.text.vocabulary import END, UNK

SAMPLES = 20
TOKENS = 200  # per sample, at most
COMPARED = 1 << 20  # first characters of the text: takes less than a second, and about 50 MB
LINES = 1 << 12  # read at a time
NO_TEXT = "\ufffe"  # stands for an unknown token; no sample contains it


def copied_by_samples(path: Path, data: Data, seed: int) -> Copied | None:
    """Return what SAMPLES samples of the model in a file copy from the text that it learned: the longest run,
    the number of clauses in all samples, and how many of those are in the text.

    None if that would say nothing: a tiny text is memorised as a whole, and a relu state can overflow. Raises
    RnnError if the model file is gone.
    """
    if data.is_tiny:
        return None
    model = LanguageModel.load(path)
    original = Original.of(_lines(data.lexicon, data.train), COMPARED)
    rules = Sampling(length=TOKENS, seed=seed)
    try:
        samples = [*model.draw([""], SAMPLES, rules, Novelty(original))]
    except RnnError:
        return None
    found = [sample.copied for sample in samples if sample.copied]
    longest = max((copied.run for copied in found), key=len)
    return Copied(longest, sum(each.clauses for each in found), sum(each.copied for each in found))


def _lines(lexicon: Lexicon, part: Part) -> Iterator[str]:
    """Yield the lines of a part as text."""
    spelled = [NO_TEXT] * (UNK + 1) + [*lexicon.vocabulary.tokens]
    ids, starts = part.corpus.ids, part.corpus.starts
    for begin, end in part.ranges:
        for first in range(begin, end, LINES):
            for number in part.among(first, min(first + LINES, end)).tolist():
                of_line = np.take(part.table, ids[starts[number] : starts[number + 1]]).tolist()
                yield lexicon.tokenizer.join(spelled[id] for id in of_line if id != END)
