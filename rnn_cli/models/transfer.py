"""Transferring layers learned on one task to another: a language model's to an encoder (Dai and Le 2015).

The token table is the same. Each direction of the encoder starts with the language model's cells. Above the
first layer a direction receives the states of both: the entries of U for the other direction start at 0.
"""

import numpy as np

from rnn_cli.network.arrays import Parameters
from rnn_cli.network.layers import Layers
from rnn_cli.network.network import Network


def layers_into(encoder: Layers, model: Network, p: Parameters) -> Parameters:
    """Return the encoder parameters that a language model provides. p: the language model's parameters.

    The encoder has the cell, the sizes and the vocabulary of the language model, in one direction or both.
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
