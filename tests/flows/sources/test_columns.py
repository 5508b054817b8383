import re

import pytest

from domain.clock import parse_iso
from domain.errors import InputError
from flows.sources.columns import Column, choose, parse_mapping


def names(found: list[str], mapping: dict[str, str] | None = None) -> tuple[str, dict[str, str]]:
    kind, columns = choose(found, mapping or {}, "x.csv")
    return kind, {quantity: column.name for quantity, column in columns.items()}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # Binance's public files, of trades and of aggregate trades
        (
            ["id", "price", "qty", "quote_qty", "time", "is_buyer_maker"],
            {"ts": "time", "price": "price", "size": "qty", "id": "id", "is_buyer_maker": "is_buyer_maker"},
        ),
        (
            ["agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker"],
            {
                "ts": "transact_time",
                "price": "price",
                "size": "quantity",
                "id": "agg_trade_id",
                "is_buyer_maker": "is_buyer_maker",
            },
        ),
        # Bybit's
        (
            ["timestamp", "symbol", "side", "size", "price", "tickDirection", "trdMatchID"],
            {"ts": "timestamp", "symbol": "symbol", "side": "side", "size": "size", "price": "price"},
        ),
        # Binance's messages: t and T, and q and Q, differ
        (
            ["e", "E", "s", "t", "p", "q", "T", "m"],
            {"ts": "T", "price": "p", "size": "q", "id": "t", "is_buyer_maker": "m", "symbol": "s"},
        ),
        (["Date", "Price", "Volume"], {"ts": "Date", "price": "Price", "size": "Volume"}),
    ],
)
def test_trades_are_recognised(found: list[str], expected: dict[str, str]) -> None:
    assert names(found) == ("trades", expected)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            ["date", "open", "high", "low", "close", "volume"],
            {"ts": "date", "open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"},
        ),
        (
            [
                "open_time",
                "Open",
                "High",
                "Low",
                "Close",
                "Volume",
                "close_time",
                "quote_volume",
                "count",
                "taker_buy_volume",
                "ignore",
            ],
            {
                "ts": "open_time",
                "open": "Open",
                "high": "High",
                "low": "Low",
                "close": "Close",
                "volume": "Volume",
                "quote_volume": "quote_volume",
                "trades": "count",
                "buy_volume": "taker_buy_volume",
            },
        ),
        (
            ["t", "T", "s", "o", "c", "h", "l", "v", "n", "q", "V", "Q"],
            {
                "ts": "t",
                "symbol": "s",
                "open": "o",
                "close": "c",
                "high": "h",
                "low": "l",
                "volume": "v",
                "trades": "n",
                "quote_volume": "q",
                "buy_volume": "V",
            },
        ),
    ],
)
def test_bars_are_recognised(found: list[str], expected: dict[str, str]) -> None:
    assert names(found) == ("bars", expected)


def test_mapping_overrides_column_names() -> None:
    found = ["time", "id", "Last", "vol", "px"]
    assert names(found, {"price": "Last", "size": "vol", "id": ""}) == (
        "trades",
        {"ts": "time", "price": "Last", "size": "vol"},
    )


def test_rules_of_columns() -> None:
    midnight = parse_iso("2013-10-07T04:00:00Z")
    mapping = {"ts": "0@ms+2013-10-07T04:00:00Z", "price": "1/10000", "size": "2"}
    assert choose(["0", "1", "2"], mapping, "spy.csv") == (
        "trades",
        {"ts": Column("0", "ms", midnight), "price": Column("1", divisor=10_000), "size": Column("2")},
    )
    mapping = {"ts": "time@us", "price": "price/usd", "size": "size"}
    assert choose(["time", "price/usd", "size"], mapping, "x")[1]["ts"] == Column("time", "us")
    assert choose(["time", "price/usd", "size"], mapping, "x")[1]["price"] == Column("price/usd")


def test_mapping_options() -> None:
    assert parse_mapping([]) == {}
    assert parse_mapping(["ts=0@ms", "price=a=b", "id="]) == {"ts": "0@ms", "price": "a=b", "id": ""}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["price"], "--map 'price' is not NAME=COLUMN; write it like --map price=Last"),
        (["price=a", "price=b"], "--map 'price' is given twice; give it once"),
        (["prize=a"], "--map 'prize' is not a field of a trade or bar; did you mean 'price'?"),
        (
            ["zzz=a"],
            "--map 'zzz' is not a field of a trade or bar; known: buy_volume, close, high, id, is_buyer_maker,",
        ),
    ],
)
def test_wrong_options(options: list[str], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        parse_mapping(options)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({}, "input 'x.csv' has no column for price, size (trades need ts, price and size; bars ts, open, high, low,"),
        ({}, "found: time, foo, bar, bar; name it with --map price=COLUMN"),
        ({"price": "Foo"}, "--map price=Foo: input 'x.csv' has no column 'Foo'; found: time, foo, bar, bar"),
        ({"price": "bar", "size": "foo"}, "input 'x.csv' has several columns 'bar'; keep only one"),
        ({"price": "foo@ms"}, "--map price=foo@ms: only ts has a unit of time; leave @ms out"),
        ({"ts": "time/10"}, "--map ts=time/10: ts cannot be divided; leave /10 out"),
        ({"price": "foo/0"}, "--map price=foo/0: cannot divide by 0"),
        ({"price": "foo/1.2.3"}, "--map price=foo/1.2.3: could not convert string to float: '1.2.3'; write it like"),
        ({"ts": "time@ms+noon"}, "--map ts=time@ms+noon: Invalid isoformat string: 'noon'; write it like ts=0@ms+2013"),
        ({"prise": "foo"}, "--map 'prise' is not a field of a trade or bar; did you mean 'price'?"),
    ],
)
def test_columns_that_cannot_be_used(mapping: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        choose(["time", "foo", "bar", "bar"], mapping, "x.csv")
