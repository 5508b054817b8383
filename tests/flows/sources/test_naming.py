import re

import pyarrow as pa
import pytest

from domain.errors import InputError
from domain.instruments import instrument_id
from flows.sources.naming import UNNAMED, Naming


def test_one_instrument_is_given() -> None:
    naming = Naming("binance:BTCUSDT", "x.csv")
    assert naming.only() == instrument_id("binance:BTCUSDT")
    assert naming.names == {instrument_id("binance:BTCUSDT"): "binance:BTCUSDT"}


@pytest.mark.parametrize("given", [None, "binance:*"])
def test_a_file_without_symbols_needs_an_instrument(given: str | None) -> None:
    message = "input 'x.csv' does not name its instrument; add --instrument venue:symbol"
    with pytest.raises(InputError, match=re.escape(message)):
        Naming(given, "x.csv").only()


def test_symbols_with_their_venue_need_nothing() -> None:
    naming = Naming(None, "x.csv")
    column = pa.array(["kraken:XBT", "okx:BTC", None, "kraken:XBT", "a b:c", ""]).dictionary_encode()
    kraken, okx = instrument_id("kraken:XBT"), instrument_id("okx:BTC")
    assert naming.each(column).tolist() == [kraken, okx, UNNAMED, kraken, UNNAMED, UNNAMED]
    assert naming.names == {kraken: "kraken:XBT", okx: "okx:BTC"}


def test_a_venue_completes_symbols() -> None:
    assert Naming("okx:*", "x.csv").each(pa.array(["BTC", "okx:BTC"])).tolist() == [instrument_id("okx:BTC")] * 2


def test_symbols_must_agree_with_a_given_instrument() -> None:
    own = instrument_id("okx:BTC")
    assert Naming("okx:BTC", "x.csv").each(pa.array(["BTC", "ETH", "okx:BTC"])).tolist() == [own, UNNAMED, own]


def test_symbols_without_any_venue_are_refused() -> None:
    message = "input 'x.csv' names the symbol 'BTC' without its venue; add --instrument 'venue:*'"
    with pytest.raises(InputError, match=re.escape(message)):
        Naming(None, "x.csv").each(pa.array(["BTC"]))


def test_a_malformed_instrument_is_refused() -> None:
    with pytest.raises(InputError, match="instrument 'BTCUSDT' is not venue:symbol"):
        Naming("BTCUSDT", "x.csv")


@pytest.mark.parametrize(
    ("source", "symbol"),
    [("BTC_USDT-5m.feather", "BTCUSDT"), ("ADAUSDT_240m.csv.gz", "ADAUSDT"), ("SPY-1d.csv", "SPY")],
)
def test_symbol_is_read_from_the_name_of_a_file_of_bars(source: str, symbol: str) -> None:
    naming = Naming("binance:*", source)
    assert naming.only() == instrument_id(f"binance:{symbol}")
    assert naming.names == {naming.only(): f"binance:{symbol}"}
