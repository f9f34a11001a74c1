"""The tag sequences that mark spans legally, in schemes such as BMES, IOB2 and BIOES.

I, M and E continue an open span of their type: they come only after B, I or M of that type. If E or S occurs
in the scheme, an open span continues until its E.
"""

import numpy as np
from numpy.typing import NDArray

from rnn_cli.network.viterbi import Legal
from rnn_cli.scoring.tags import LETTERS, Scheme
from rnn_cli.text.rows import Rows

ENOUGH = 0.99  # of the training sentences: if as many are legal, all predictions must be


def legal_sequences(scheme: Scheme) -> Legal:
    """Return which tags of a scheme may follow which."""
    has_ends = bool(_among(scheme, "ES").any())
    opens, goes_on = _among(scheme, "BIM"), _among(scheme, "IME")
    same_type = scheme.type[:, None] == scheme.type
    must_go_on = opens & has_ends
    following = np.where(goes_on, opens[:, None] & same_type, ~must_go_on[:, None])
    return Legal(~goes_on, following, ~must_go_on)


def legal_share(tags: Rows, legal: Legal) -> float:
    """Return the share of sentences whose tags are legal. Each sentence has at least one tag."""
    first, last = tags.starts[:-1], tags.starts[1:] - 1
    is_legal = legal.following[np.append(0, tags.ids[:-1]), tags.ids]
    is_legal[first] = legal.first[tags.ids[first]]
    is_legal[last] &= legal.last[tags.ids[last]]
    return float(np.logical_and.reduceat(is_legal, first).mean())


def _among(scheme: Scheme, letters: str) -> NDArray[np.bool_]:
    return np.isin(scheme.letter, [LETTERS.index(letter) for letter in letters])
