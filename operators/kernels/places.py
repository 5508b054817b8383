"""Places: a hash index (open addressing) from instruments to their positions in an array of states."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.slots import find_slot


@kernel
def index_instruments(instruments):
    """Build the hash table (keys, places) of the instruments; the place of each is its index."""
    size = 64
    while size < 4 * instruments.size:
        size *= 2
    keys, places = np.zeros(size, np.int64), np.full(size, -1, np.int64)
    for place in range(instruments.size):
        at = find_slot(keys, places, instruments[place])
        keys[at], places[at] = instruments[place], place
    return keys, places


@kernel
def find_places(table, instruments):
    """Look up the place of each instrument; -1 if it is absent."""
    keys, places = table
    found = np.empty(instruments.size, np.int64)
    for row in range(instruments.size):
        found[row] = places[find_slot(keys, places, instruments[row])]
    return found
