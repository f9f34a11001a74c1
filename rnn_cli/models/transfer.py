"""Layers that were learned on one task and go on in another: a language model's as an encoder's (Dai and Le
2015).

The table of tokens is the same. Each direction of the encoder begins with the language model's cells. In the
layers above the first a direction sees the states of both: for those of the other direction U begins at 0.
"""

import numpy as np

from rnn_cli.network.arrays import Parameters
from rnn_cli.network.layers import Layers
from rnn_cli.network.network import Network


def layers_into(encoder: Layers, model: Network, p: Parameters) -> Parameters:
    """Return those of an encoder's parameters that a language model has, whose p they are.

    The encoder has the cell, the sizes and the vocabulary of the language model, in one direction or in both.
    """
    table = model.input.table
    found = {"C": p[table].T if model.tie else p[table]} if model.embedding else {}
    for suffix in encoder.suffixes:
        for place, way in enumerate(encoder.directions):
            for letter in encoder.letters:
                array, name = p[letter + suffix], letter + suffix + way
                shape = encoder.layer_shapes[name]
                if array.shape != shape:  # U above the first layer
                    array, own = np.zeros(shape, np.float32), array
                    array[:, place * encoder.n : (place + 1) * encoder.n] = own
                found[name] = array
    return found
