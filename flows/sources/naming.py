"""Naming: which instrument a row of a table is of, as the file says or as the user gives it."""

import re

import numpy as np
from numpy.typing import NDArray

from domain.errors import InputError
from domain.instruments import check_name, instrument_id, symbol_of, venue_of
from flows.sources.cells import Cells, distinct

UNNAMED = 0
"""The instrument of a row that cannot be named."""
_SYMBOL_IN_NAME = re.compile(r"([A-Z0-9]+(?:[-_][A-Z0-9]+)?)[-_][1-9]\d{0,4}[smhd][-_.]")
"""Downloads of bars are called BTC_USDT-5m.feather or ADAUSDT_1m.csv.gz."""


class Naming:
    """Names of instruments in one file.

    Parameters
    ----------
    given
        What the user gave: `venue:symbol` where the file names no instrument, `venue:*` where it names
        symbols without their venue, or bears one in its name (`BTC_USDT-5m.feather` is BTCUSDT), or
        nothing. A file that has symbols must then agree with it.
    source
        Name of the file, for messages.

    Attributes
    ----------
    names
        The instruments met so far.

    Raises
    ------
    InputError
        If `given` is not of that form.
    """

    def __init__(self, given: str | None, source: str) -> None:
        self.names: dict[int, str] = {}
        self._given = check_name(given) if given else ""
        self._source = source
        self._known: dict[str, int] = {}

    def only(self) -> int:
        """The instrument of a file that names none.

        Raises
        ------
        InputError
            If none was given.
        """
        told = _SYMBOL_IN_NAME.match(self._source)
        if told and self._given and symbol_of(self._given) == "*":
            return self._learn(f"{venue_of(self._given)}:{re.sub('[-_]', '', told[1])}")
        if not self._given or symbol_of(self._given) == "*":
            raise InputError(
                f"input {self._source!r} does not name its instrument; give it: --instrument venue:symbol, "
                f"such as --instrument binance:BTCUSDT"
            )
        return self._learn(self._given)

    def each(self, symbols: Cells) -> NDArray[np.int64]:
        """The instrument of each cell, or UNNAMED.

        Raises
        ------
        InputError
            If the symbols lack their venue and none was given.
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
                f"input {self._source!r} names the symbol {text!r} without its venue; give it: --instrument 'venue:*', "
                f"such as --instrument 'binance:*'"
            )
        name = text if ":" in text else f"{venue_of(self._given)}:{text}"
        if self._given and symbol_of(self._given) != "*" and name != self._given:
            return UNNAMED
        try:
            return self._learn(check_name(name))
        except InputError:
            return UNNAMED

    def _learn(self, name: str) -> int:
        number = instrument_id(name)
        self.names[number] = name
        return number
