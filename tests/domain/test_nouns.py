"""Frames, instruments, blocks, ids and the clock."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import blocks, catalogue, clock, ids
from domain.errors import InputError, SettingError
from domain.frames import Frame, parse_frames
from domain.instruments import SHARDS, check_name, instrument_id, shard_of, symbol_of, venue_of
from domain.quotes import QUOTE
from domain.slices import BAR, Reject
from domain.wallets import wallet_id
from tests.domain.test_markets import GROUP


@pytest.mark.parametrize(
    ("text", "name", "seconds"), [("1m", "1m", 60), ("60m", "1h", 3600), (" 90S ", "90s", 90), ("24h", "1d", 86400)]
)
def test_a_frame_has_one_name(text, name, seconds):
    assert Frame.parse(text) == Frame(name, seconds * clock.SECOND)


@pytest.mark.parametrize("text", ["", "5", "m", "0m", "-1m", "1.5m", "5x", "999999m"])
def test_invalid_frames_are_refused(text):
    with pytest.raises(SettingError, match="is not a length"):
        Frame.parse(text)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("1m", "60s"), "given twice"),
        (("2m", "5m"), "not a multiple"),
        ((), "0 timeframes"),
        (("1m",) * 9, "9 timeframes"),
    ],
)
def test_frames_that_do_not_nest_are_refused(names, said):
    with pytest.raises(SettingError, match=said):
        parse_frames(names)


def test_frames_come_finest_first_and_need_not_nest_in_each_other():
    assert [frame.name for frame in parse_frames(("1h", "7m", "5m", "1m"))] == ["1m", "5m", "7m", "1h"]


@given(st.text(min_size=1))
def test_instrument_ids_fit_a_signed_column(name):
    assert 0 <= instrument_id(name) < 2**63
    assert 0 <= shard_of(instrument_id(name)) < SHARDS


def test_names_are_venue_and_symbol():
    assert check_name("binance:BTCUSDT") == "binance:BTCUSDT"
    assert (venue_of("a:b:c"), symbol_of("a:b:c")) == ("a", "b:c")
    for name in ("BTCUSDT", ":BTCUSDT", "binance:", "a b:c", "a:b\n", "a:\0", "a:" + 200 * "b"):
        with pytest.raises(InputError, match="venue:symbol"):
            check_name(name)


def test_blocks_are_tagged_with_their_kind():
    rows = np.zeros(3, blocks.TRADE)
    rows["price"] = [1.0, math.nan, 3.0]
    assert blocks.read_block(blocks.trades_block(rows))[1].tobytes() == rows.tobytes()
    bars = np.ones(2, BAR)
    kind, back = blocks.read_block(blocks.bars_block(bars))
    assert (kind, back.tobytes()) == ("bars", bars.tobytes())
    assert blocks.read_block(blocks.names_block(["a:b"])) == ("names", {instrument_id("a:b"): "a:b"})
    reject = Reject("file", 7, "price is not a positive number", b"\xff\x00raw", 5)
    assert blocks.read_block(blocks.rejects_block([reject])) == ("rejects", [reject])
    quotes = np.ones(2, QUOTE)
    kind, back = blocks.read_block(blocks.quotes_block(quotes))
    assert (kind, back.tobytes()) == ("quotes", quotes.tobytes())
    address = "0x" + "Ab" * 20
    assert blocks.read_block(blocks.wallets_block([address])) == ("wallets", {wallet_id(address): address.lower()})
    assert blocks.read_block(blocks.markets_block([GROUP])) == ("markets", [GROUP])


def test_bundle_is_split_into_its_blocks():
    some = [blocks.names_block(["a:b"]), b"", blocks.trades_block(np.zeros(2, blocks.TRADE))]
    assert blocks.unbundled(blocks.bundled(some)) == some
    assert blocks.unbundled(some[0]) == [some[0]]


@given(st.lists(st.text()))
def test_fingerprints_differ_from_increasing_ids(parts):
    found = ids.trade_fingerprint(*parts)
    assert -(1 << 63) < found < blocks.NO_ID
    assert found == ids.trade_fingerprint(*parts) != ids.trade_fingerprint(*parts, "more")


def test_blocks_are_read_in_place():
    block = blocks.trades_block(np.zeros(3, blocks.TRADE))
    rows = blocks.read_block(block)[1]
    assert not rows.flags.writeable
    assert rows.ctypes.data % 8 == 0


def test_heartbeat_only_advances_time():
    rows = blocks.heartbeats([5, 7])
    assert rows[["ts", "kind", "id", "instrument"]].tolist() == [(5, 1, -1, 0), (7, 1, -1, 0)]


@given(st.integers(0, 4_102_444_800_000_000))
def test_time_survives_a_text_round_trip(at_us):
    at_ns = at_us * 1_000
    assert clock.parse_iso(clock.iso(at_ns)) == at_ns
    assert clock.from_datetime(clock.to_datetime(at_ns)) == at_ns


def test_a_naive_time_is_a_guess():
    with pytest.raises(ValueError, match="has no zone"):
        clock.from_datetime(clock.to_datetime(0).replace(tzinfo=None))
    assert clock.parse_iso("2024-01-01") == 1_704_067_200 * clock.SECOND


def test_ids_differ_where_anything_differs():
    given = ("a:b", "5m", "breakout", 1, 5)
    others = [
        ("a:c", *given[1:]),
        ("a:b", "1m", *given[2:]),
        (*given[:2], "x", 1, 5),
        (*given[:3], -1, 5),
        (*given[:4], 6),
    ]
    made = {ids.signal_id(*each) for each in (given, *others)}
    assert len(made) == 6
    assert ids.event_id("a:b", "5m", "breakout", 5) not in made


def test_catalogue_file_without_its_entry_is_named(tmp_path, monkeypatch):
    package = tmp_path / "ideas_of_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "good.py").write_text("good = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import ideas_of_test

    assert catalogue.load(ideas_of_test, int) == (1,)
    (package / "odd.py").write_text("other = 1\n")
    with pytest.raises(TypeError, match=r"odd\.py must export a int named 'odd'"):
        catalogue.load(ideas_of_test, int)
