"""The recurrent part of a layer: a cell is a row of CELLS (cell.py says what is in one)."""

from rnn_cli.network.cells import gru, lstm
from rnn_cli.network.cells.cell import Cell
from rnn_cli.network.cells.simple import simple_recurrent, spread_of_U
from rnn_cli.network.functions import RELU, TANH, identity, orthogonal

CELLS = {
    "tanh": Cell({"s": 0.0}, ("s",), orthogonal, *simple_recurrent(TANH), spread_of_U),
    # Its states have no bound: at 0.5 they grow past all use in long windows.
    "relu": Cell({"s": 0.0}, ("s",), identity, *simple_recurrent(RELU), lambda m, n: 0.1),
    "gru": Cell(gru.GATES, gru.STATE, orthogonal, gru.step, gru.forward),
    "lstm": Cell(lstm.GATES, lstm.STATE, orthogonal, lstm.step, lstm.forward),
}
