"""Seen ids: hash set of recent trade ids (open addressing, at most half full); 0 marks a free entry."""

from operators.kernels import kernel


@kernel
def put_ids(numbers, given):
    """Insert ids into an empty hash set."""
    for at in range(given.size):
        numbers[place_of_id(numbers, given[at])] = given[at]


@kernel
def place_of_id(numbers, number):
    """Position of an id in the set, or the position at which to insert it."""
    mask = numbers.size - 1
    at = (number >> 1) & mask
    while numbers[at] != 0 and numbers[at] != number:
        at = (at + 1) & mask
    return at
