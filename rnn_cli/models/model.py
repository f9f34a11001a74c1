"""The language model interface that drawing and scoring need."""

from typing import Protocol

from rnn_cli.network.arrays import Parameters
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon


class Model(Protocol):
    """A language model, as drawing and scoring see it."""

    @property
    def lexicon(self) -> Lexicon: ...
    @property
    def network(self) -> Network: ...
    @property
    def p(self) -> Parameters: ...
    @property
    def carry_state(self) -> bool: ...
