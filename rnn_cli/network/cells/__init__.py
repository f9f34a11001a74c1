"""Cells, the recurrent part of a layer: CELLS has a row for each (cell.py is their interface)."""

from rnn_cli.network.cells.cell import Cell
from rnn_cli.network.cells.gru import Gru
from rnn_cli.network.cells.lstm import Lstm
from rnn_cli.network.cells.simple import RELU_CELL, TANH_CELL

CELLS: dict[str, Cell] = {
    "tanh": TANH_CELL,
    "relu": RELU_CELL,
    "gru": Gru(),
    "lstm": Lstm(),
}
