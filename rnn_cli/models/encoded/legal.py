"""Which sequences of tags mark spans without a breach, as those of BMES, IOB2 and BIOES do.

I, M and E go on with a span of their type that is open: only B, I and M of it come before them
where E or S occurs, a span that is open goes on until its E
"""

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.viterbi import Legal
from rnn_cli.scoring.tags import LETTERS, Scheme
from rnn_cli.text.rows import Rows

ENOUGH = 0.99  # of the sentences to learn from: if so many are legal, all that are predicted are to be


def legal_sequences(scheme: Scheme) -> Legal:
    """Return what may follow what, among the tags of a scheme."""
    has_ends = bool(_among(scheme, "ES").any())
    opens, goes_on = _among(scheme, "BIM"), _among(scheme, "IME")
    same_type = scheme.type[:, None] == scheme.type
    must_go_on = opens & has_ends
    following = np.where(goes_on, opens[:, None] & same_type, ~must_go_on[:, None])
    return Legal(~goes_on, following, ~must_go_on)


def legal_share(tags: Rows, legal: Legal) -> float:
    """Return the share of sentences whose tags are legal; each has one at least."""
    first, last = tags.starts[:-1], tags.starts[1:] - 1
    is_legal = legal.following[np.append(0, tags.ids[:-1]), tags.ids]
    is_legal[first] = legal.first[tags.ids[first]]
    is_legal[last] &= legal.last[tags.ids[last]]
    return float(np.logical_and.reduceat(is_legal, first).mean())


def _among(scheme: Scheme, letters: str) -> NDArray[np.bool_]:
    return np.isin(scheme.letter, [LETTERS.index(letter) for letter in letters])
