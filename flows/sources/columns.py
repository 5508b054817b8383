"""Columns: match the columns of a table to the fields of trades and bars.

Column names are matched against synonyms, ignoring case (`Timestamp` is `timestamp`). Names of one letter
are those of Binance's messages and are case-sensitive, since `t` and `T` differ there. For other names the
user gives `--map NAME=COLUMN`:

    --map price=Last                     the column is called Last
    --map ts=0 --map price=1             a CSV file without a header: columns by number, from 0
    --map ts=time@ms                     the unit of integer times: s, ms, us or ns
    --map ts=0@ms+2013-10-07T04:00:00Z   the same, relative to that instant
    --map price=1/10000                  values are divided by 10000
    --map id=                            no column is used, whatever their names are
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from domain import clock
from domain.errors import InputError
from flows.sources.inputs import Kind

_TIME = ("ts", "timestamp", "time", "datetime", "date", "timestamp_ms", "timestamp_us", "timestamp_ns")
_SYMBOL = ("instrument", "symbol", "market", "ticker", "pair", "s")
TRADES: dict[str, tuple[str, ...]] = {
    "ts": (*_TIME, "trade_time", "transact_time", "event_time", "exchange_time", "ts_event", "T"),
    "price": ("price", "px", "trade_price", "p"),
    "size": ("size", "qty", "quantity", "amount", "volume", "q"),
    "id": ("id", "trade_id", "tradeid", "agg_trade_id", "aggregate_trade_id", "t", "a"),
    "side": ("side", "taker_side", "aggressor_side"),
    "is_buyer_maker": ("is_buyer_maker", "isbuyermaker", "buyer_maker", "m"),
    "symbol": _SYMBOL,
}
BARS: dict[str, tuple[str, ...]] = {
    "ts": ("open_time", "opentime", *_TIME, "t"),
    "open": ("open", "open_price", "o"),
    "high": ("high", "high_price", "h"),
    "low": ("low", "low_price", "l"),
    "close": ("close", "close_price", "c"),
    "volume": ("volume", "base_volume", "vol", "v"),
    "quote_volume": ("quote_volume", "quote_asset_volume", "turnover", "q"),
    "buy_volume": (
        *("taker_buy_base", "taker_buy_volume", "taker_buy_base_volume", "taker_buy_base_asset_volume"),
        *("buy_volume", "V"),
    ),
    "trades": ("trades", "count", "trade_count", "number_of_trades", "num_trades", "n"),
    "symbol": _SYMBOL,
}
REQUIRED: dict[Kind, tuple[str, ...]] = {
    "trades": ("ts", "price", "size"),
    "bars": ("ts", "open", "high", "low", "close", "volume"),
}
_SCALED = {"price", "size", "open", "high", "low", "close", "volume", "quote_volume", "buy_volume"}
_RULE = re.compile(r"(?P<name>.*?)(?:@(?P<unit>s|ms|us|ns)(?:\+(?P<origin>.+))?|/(?P<divisor>[0-9.]+))?")


class Column(NamedTuple):
    """A column of the file and how its values are converted.

    Attributes
    ----------
    unit
        Unit of integer times; empty: inferred from their size.
    origin_ns
        Instant from which integer times count.
    divisor
        Divisor of numbers.
    """

    name: str
    unit: str = ""
    origin_ns: int = 0
    divisor: float = 1.0


def parse_mapping(options: Sequence[str]) -> dict[str, str]:
    """Parse the `--map` options into one mapping.

    Raises
    ------
    InputError
        If one is not NAME=COLUMN, its NAME is unknown, or a NAME is given twice.

    Examples
    --------
    >>> parse_mapping(["ts=0@ms+2013-10-07T04:00:00Z", "price=1/10000"])
    {'ts': '0@ms+2013-10-07T04:00:00Z', 'price': '1/10000'}
    """
    mapping: dict[str, str] = {}
    for option in options:
        name, equals, column = option.partition("=")
        if not equals:
            raise InputError(f"--map {option!r} is not NAME=COLUMN; write it like --map price=Last")
        if name in mapping:
            raise InputError(f"--map {name!r} is given twice; give it once")
        _check_name(name)
        mapping[name] = column
    return mapping


def choose(found: Sequence[str], mapping: Mapping[str, str], source: str) -> tuple[Kind, dict[str, Column]]:
    """Decide whether a table holds trades or bars, and match its columns to their fields.

    Parameters
    ----------
    found
        The columns of the file.
    mapping
        The user's column mapping (`parse_mapping`).
    source
        Name of the file, for messages.

    Raises
    ------
    InputError
        If a required column is missing, or `mapping` names one that does not exist; the message
        lists the columns found.

    Examples
    --------
    >>> choose(["Date", "Px", "Qty"], {}, "trades.csv")[1]["price"]
    Column(name='Px', unit='', origin_ns=0, divisor=1.0)
    """
    for name in mapping:
        _check_name(name)
    bars = _resolve(BARS, found, mapping, source)
    if {"open", "high", "low", "close"} <= bars.keys():
        return "bars", _complete("bars", bars, found, source)
    return "trades", _complete("trades", _resolve(TRADES, found, mapping, source), found, source)


def _check_name(name: str) -> None:
    known = sorted(TRADES.keys() | BARS.keys())
    if name not in known:
        close = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        raise InputError(f"--map {name!r} is not a field of a trade or bar; {hint}")


def _resolve(
    synonyms: Mapping[str, tuple[str, ...]], found: Sequence[str], mapping: Mapping[str, str], source: str
) -> dict[str, Column]:
    folded = {name.strip().lower(): name for name in reversed(found) if len(name) > 1} | {
        name: name for name in found if len(name) == 1
    }
    columns: dict[str, Column] = {}
    for quantity, names in synonyms.items():
        if quantity in mapping:
            if mapping[quantity]:
                columns[quantity] = _parse_rule(quantity, mapping[quantity], found, source)
        elif match := next((folded[name] for name in names if name in folded), None):
            columns[quantity] = Column(match)
    return columns


def _parse_rule(quantity: str, text: str, found: Sequence[str], source: str) -> Column:
    option = f"--map {quantity}={text}"
    if text in found:
        return Column(text)
    rule = _RULE.fullmatch(text)
    name = rule["name"] if rule else text
    if rule is None or name not in found:
        raise InputError(f"{option}: input {source!r} has no column {name!r}; found: {', '.join(found)}")
    if rule["unit"] and quantity != "ts":
        raise InputError(f"{option}: only ts has a unit of time; leave @{rule['unit']} out")
    if rule["divisor"] and quantity not in _SCALED:
        raise InputError(f"{option}: {quantity} cannot be divided; leave /{rule['divisor']} out")
    try:
        origin_ns = clock.parse_iso(rule["origin"]) if rule["origin"] else 0
        divisor = float(rule["divisor"] or 1)
    except ValueError as problem:
        raise InputError(f"{option}: {problem}; write it like ts=0@ms+2013-10-07T04:00:00Z or price=1/10000") from None
    if divisor == 0.0:
        raise InputError(f"{option}: cannot divide by 0")
    return Column(name, rule["unit"] or "", origin_ns, divisor)


def _complete(kind: Kind, columns: dict[str, Column], found: Sequence[str], source: str) -> dict[str, Column]:
    for column in columns.values():
        if found.count(column.name) > 1:
            raise InputError(f"input {source!r} has several columns {column.name!r}; keep only one")
    missing = [name for name in REQUIRED[kind] if name not in columns]
    if missing:
        what = "trades need ts, price and size; bars ts, open, high, low, close and volume"
        hint = f"name it with --map {missing[0]}=COLUMN"
        raise InputError(
            f"input {source!r} has no column for {', '.join(missing)} ({what}); found: {', '.join(found)}; {hint}"
        )
    return columns
