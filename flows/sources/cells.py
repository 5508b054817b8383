"""Cells: convert Arrow columns of any type to numpy columns, cell by cell.

An unreadable cell affects only itself, and whether a cell is readable never depends on its neighbours; so the
result does not depend on the batch size.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from domain import clock

Cells = Any
"""An Arrow array. (The published stubs of pyarrow lack many functions used here.)"""
NO_TIME = np.iinfo(np.int64).min
"""The time of a cell without a readable one."""
NO_SIDE = 2
"""The side of a cell with an unknown value."""
_UNITS = {"s": clock.SECOND, "ms": clock.MILLISECOND, "us": clock.MICROSECOND, "ns": 1}
_LIMITS = np.array([1e11, 1e14, 1e17])
_UNIT_BY_SIZE = np.array([clock.SECOND, clock.MILLISECOND, clock.MICROSECOND, 1])
"""The units of numbers below each of the limits, and above the last."""
_SIDE_WORDS = {"buy": 1, "buyer": 1, "b": 1, "bid": 1, "1": 1, "sell": -1, "seller": -1, "s": -1, "ask": -1, "-1": -1}
_MAKER_WORDS = {"true": -1, "t": -1, "1": -1, "yes": -1, "false": 1, "f": 1, "0": 1, "no": 1}


def numbers(column: Cells) -> NDArray[np.float64]:
    """Convert to float64; NaN where a cell is empty or not a number.

    Examples
    --------
    >>> numbers(pa.array(["1.5", "", "one"])).tolist()
    [1.5, nan, nan]
    """
    return _by_halves(_plain(column), lambda part: _numpy(part.cast(pa.float64(), safe=False), np.nan), np.nan)


def whole_numbers(column: Cells) -> NDArray[np.int64]:
    """Convert to int64; -1 where a cell is empty, negative or not an integer.

    Examples
    --------
    >>> whole_numbers(pa.array(["7", "", "a1", "-2"])).tolist()
    [7, -1, -1, -1]
    """
    column = _plain(column)
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    values = _by_halves(column, lambda part: _numpy(part.cast(pa.int64()), -1), -1)
    return np.where(values < 0, -1, values)


def times(column: Cells, unit: str = "", origin_ns: int = 0) -> NDArray[np.int64]:
    """Convert to nanoseconds UTC; NO_TIME where a cell is empty, not a time, or outside 1677 to 2262.

    Timestamp types are converted as typed, and text is ISO 8601; without a time zone both are UTC. Numbers
    count from 1970, or from `origin_ns`, in `unit`; without a unit it is inferred from the size of each number:
    seconds up to 1e11, milliseconds up to 1e14, microseconds up to 1e17, and nanoseconds above, which
    separates them for every date from 1973 to 5138. (Binance changed its files to microseconds in
    2025.) Numbers with decimals are rounded to the microsecond.

    Examples
    --------
    >>> times(pa.array(["1723161300", "1723161300000", "2024-08-08T23:55:00Z", "noon"])).tolist()
    [1723161300000000000, 1723161300000000000, 1723161300000000000, -9223372036854775808]
    """
    column = _plain(column)
    typed = partial(_typed_times, unit=unit, origin_ns=origin_ns)
    if not _is_text(column):
        return _by_halves(column, typed, NO_TIME)
    # Integers are converted separately, since a float cannot hold nanoseconds exactly.
    integer = pc.match_substring_regex(column, r"^[+-]?[0-9]{1,19}$")
    null = pa.scalar(None, pa.string())
    from_integers = _by_halves(pc.if_else(integer, column, null), lambda part: typed(part.cast(pa.int64())), NO_TIME)
    if pc.all(integer).as_py():
        return from_integers
    from_text = _by_halves(pc.if_else(integer, null, column), partial(_text_times, typed=typed), NO_TIME)
    return np.where(from_integers == NO_TIME, from_text, from_integers)


def sides(column: Cells) -> NDArray[np.int8]:
    """Convert to +1 for taker buy, -1 for taker sell, 0 where a cell is empty, NO_SIDE where it is unknown.

    Examples
    --------
    >>> sides(pa.array(["Buy", "sell", None, "up"])).tolist()
    [1, -1, 0, 2]
    """
    return _look_up(column, _SIDE_WORDS, {1: 1, -1: -1, 0: 0})


def sides_of_makers(column: Cells) -> NDArray[np.int8]:
    """As `sides`, from a column that tells whether the buyer was the maker, in which case the taker sold.

    Examples
    --------
    >>> sides_of_makers(pa.array([True, False, None])).tolist()
    [-1, 1, 0]
    """
    return _look_up(column, _MAKER_WORDS, {1: -1, 0: 1})


def distinct(column: Cells) -> tuple[NDArray[np.int64], list[str]]:
    """Each cell as an index into the list of distinct texts of the column; -1 where it is empty.

    Examples
    --------
    >>> codes, texts = distinct(pa.array(["BTC", " ETH", "", "BTC"]))
    >>> [texts[code] if code >= 0 else None for code in codes.tolist()]
    ['BTC', 'ETH', None, 'BTC']
    """
    encoded = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
    texts = ["" if text is None else str(text).strip() for text in encoded.dictionary.to_pylist()]
    codes = _numpy(encoded.indices.cast(pa.int64()), -1)
    return np.array([*(code if text else -1 for code, text in enumerate(texts)), -1])[codes], texts


def _look_up(column: Cells, by_text: Mapping[str, int], values: Mapping[int, int]) -> NDArray[np.int8]:
    if pa.types.is_dictionary(column.type) or _is_text(column):
        codes, texts = distinct(column)
        return np.array([*(by_text.get(text.lower(), NO_SIDE) for text in texts), 0], np.int8)[codes]
    cells = numbers(column)
    known = [cells == value for value in values] + [np.isnan(cells)]
    return np.select(known, np.array([*values.values(), 0], np.int8), np.int8(NO_SIDE))


def _plain(column: Cells) -> Cells:
    """Decode a dictionary; strip text, and replace empty text by null."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_text(column):
        column = pc.utf8_trim_whitespace(column.cast(pa.string()))
        column = pc.if_else(pc.equal(column, pa.scalar("")), pa.scalar(None, pa.string()), column)
    return column


def _is_text(column: Cells) -> bool:
    kind = column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _numpy(column: Cells, empty: float) -> NDArray[Any]:
    if column.null_count:
        column = pc.fill_null(column, empty)
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _by_halves(column: Cells, read: Callable[[Cells], NDArray[Any]], unreadable: float) -> NDArray[Any]:
    """Apply `read` to the column; if it fails, bisect down to the unreadable cells."""
    try:
        return read(column)
    except pa.ArrowInvalid:
        if len(column) == 1:
            return np.array([unreadable])
        middle = len(column) // 2
        parts = (column.slice(0, middle), column.slice(middle))
        return np.concatenate([_by_halves(part, read, unreadable) for part in parts])


def _text_times(column: Cells, typed: Callable[[Cells], NDArray[np.int64]]) -> NDArray[np.int64]:
    for kind in (pa.timestamp("ns", "UTC"), pa.timestamp("ns"), pa.float64()):
        try:
            return typed(column.cast(kind))
        except pa.ArrowInvalid:
            continue
    raise pa.ArrowInvalid("neither a time nor a number")


def _typed_times(column: Cells, unit: str, origin_ns: int) -> NDArray[np.int64]:
    kind = column.type
    if pa.types.is_date(kind):
        column, kind = column.cast(pa.timestamp("s")), pa.timestamp("s")
    if pa.types.is_timestamp(kind):
        return _scale(_numpy(column.cast(pa.int64()), NO_TIME), _UNITS[kind.unit], 0)
    if pa.types.is_integer(kind):
        values = _numpy(column.cast(pa.int64()), NO_TIME)
        return _scale(values, _UNITS[unit] if unit else _unit_of(values), origin_ns)
    values = _numpy(column.cast(pa.float64(), safe=False), np.nan)
    with np.errstate(over="ignore"):
        micros = np.rint(values * (_UNITS[unit] if unit else _unit_of(values)) / clock.MICROSECOND)
    readable = np.abs(micros) < 9.2e15
    return np.where(readable, _scale(np.where(readable, micros, 0).astype(np.int64), 1_000, origin_ns), NO_TIME)


def _unit_of(values: NDArray[Any]) -> Any:
    """The unit of each number by its size; a single unit if all agree, as they nearly always do."""
    size = np.abs(values)
    if size.size and size.min() >= 0:  # neither NaN nor NO_TIME, whose size is still negative
        least, most = np.searchsorted(_LIMITS, (size.min(), size.max()), side="right").tolist()
        if least == most:
            return int(_UNIT_BY_SIZE[least])
    return _UNIT_BY_SIZE.take(np.searchsorted(_LIMITS, size, side="right"))


def _scale(values: NDArray[np.int64], factor: int | NDArray[np.int64], origin_ns: int) -> NDArray[np.int64]:
    """`values` times `factor` plus `origin_ns`, or NO_TIME where that overflows int64."""
    largest = np.iinfo(np.int64).max // factor - np.abs(origin_ns) // factor - 1
    fits = (values != NO_TIME) & (np.abs(values) <= largest)
    return np.where(fits, np.where(fits, values, 0) * factor + origin_ns, NO_TIME)
