"""Types for the arrays of a network."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32, or float64 to check gradients
Ids = NDArray[np.intp]
Parameters = dict[str, Array]
State = dict[str, Array]  # what one step hands to the next, each array (B, n): "s", and "c" for an lstm
Masks = dict[str, Array]  # dropout masks (T or 1, B, width): "x" for an embedding, "s", "s2" … for states;
# and DropConnect masks, each in the shape of the matrix of that name: "W", "W2" …
NO_MASKS: Masks = {}
