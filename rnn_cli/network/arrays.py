"""The types of a network's arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32; float64 when gradients are checked
Ids = NDArray[np.intp]
Parameters = dict[str, Array]
State = dict[str, Array]  # what one step hands to the next, each (B, n): {"s": …}, and "c" for an lstm
Masks = dict[str, Array]  # of dropout, each (T or 1, B, width): "x" for an embedding, "s", "s2" … for states;
# and of DropConnect, as the matrix of that name: "W", "W2" …
NO_MASKS: Masks = {}
