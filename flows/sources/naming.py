"""Naming: the instrument of each row of a table, from the file or from the user's options."""

import re

import numpy as np
from numpy.typing import NDArray

from domain.errors import InputError
from domain.instruments import check_name, instrument_id, symbol_of, venue_of
from flows.sources.cells import Cells, distinct

UNNAMED = 0
"""The instrument of a row without a valid name."""
_SYMBOL_IN_NAME = re.compile(r"([A-Z0-9]+(?:[-_][A-Z0-9]+)?)[-_][1-9]\d{0,4}[smhd][-_.]")
"""Common names of downloaded bars, such as BTC_USDT-5m.feather or ADAUSDT_1m.csv.gz."""


class Naming:
    """Names of instruments in one file.

    Parameters
    ----------
    given
        The user's option: `venue:symbol` if the file has no symbol column, `venue:*` if its symbols lack the
        venue or the symbol is in its name (`BTC_USDT-5m.feather` is BTCUSDT), or None. If the file has symbols,
        they must match it.
    source
        Name of the file, for messages.

    Attributes
    ----------
    names
        The instruments seen so far.

    Raises
    ------
    InputError
        If `given` does not have that form.
    """

    def __init__(self, given: str | None, source: str) -> None:
        self.names: dict[int, str] = {}
        self._given = check_name(given) if given else ""
        self._source = source
        self._known: dict[str, int] = {}

    def only(self) -> int:
        """The instrument of a file without a symbol column.

        Raises
        ------
        InputError
            If neither the options nor the name of the file have it.
        """
        match = _SYMBOL_IN_NAME.match(self._source)
        if match and self._given and symbol_of(self._given) == "*":
            return self._register(f"{venue_of(self._given)}:{re.sub('[-_]', '', match[1])}")
        if not self._given or symbol_of(self._given) == "*":
            raise InputError(
                f"input {self._source!r} does not name its instrument; add --instrument venue:symbol, "
                f"such as --instrument binance:BTCUSDT"
            )
        return self._register(self._given)

    def each(self, symbols: Cells) -> NDArray[np.int64]:
        """The instrument of each cell, or UNNAMED.

        Raises
        ------
        InputError
            If the symbols lack the venue and the options do not have it.
        """
        codes, texts = distinct(symbols)
        return np.array([*(self._find(text) if text else UNNAMED for text in texts), UNNAMED], np.int64)[codes]

    def _find(self, text: str) -> int:
        if text not in self._known:
            self._known[text] = self._name(text)
        return self._known[text]

    def _name(self, text: str) -> int:
        if ":" not in text and not self._given:
            raise InputError(
                f"input {self._source!r} names the symbol {text!r} without its venue; add --instrument 'venue:*', "
                f"such as --instrument 'binance:*'"
            )
        name = text if ":" in text else f"{venue_of(self._given)}:{text}"
        if self._given and symbol_of(self._given) != "*" and name != self._given:
            return UNNAMED
        try:
            return self._register(check_name(name))
        except InputError:
            return UNNAMED

    def _register(self, name: str) -> int:
        number = instrument_id(name)
        self.names[number] = name
        return number
