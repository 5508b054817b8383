"""Repeats: the ids of trades that were seen lately, in a table that is half full at most; 0 is no id."""

from operators.kernels import kernel


@kernel
def put_ids(numbers, given):
    """Put numbers into an empty half of those seen."""
    for at in range(given.size):
        numbers[place_of_id(numbers, given[at])] = given[at]


@kernel
def place_of_id(numbers, number):
    """Where a number is among those seen, or where it would go."""
    mask = numbers.size - 1
    at = (number >> 1) & mask
    while numbers[at] != 0 and numbers[at] != number:
        at = (at + 1) & mask
    return at
