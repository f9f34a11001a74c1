"""What the samples of a trained model copy from its text."""

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
TOKENS = 200  # of a sample, at most
COMPARED = 1 << 20  # characters of the text, its first: less than a second, and some 50 MB
LINES = 1 << 12  # read at a time
NO_TEXT = "\ufffe"  # for an unknown token, which no sample holds


def copied_by_samples(path: Path, data: Data, seed: int) -> Copied | None:
    """Return what of SAMPLES samples of the model in a file stands in the text that it learned: the longest
    run of all, the clauses of all, and how many of those stand there.

    None where there is nothing to say: every token of a tiny text is learned by heart, and a state of relu
    can overflow. Raises RnnError for a model file that is gone.
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
