import json
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.blocks import CONTIGUOUS_IDS, TRADE
from domain.instruments import instrument_id
from domain.slices import Reject
from flows.venues import binance
from flows.venues.binance import Decoded
from tests.recordings import recording

RECEIVED = 1_723_161_255_088_176_367
SPOT = {
    "e": "trade", "E": 1723161255343, "s": "BTCUSDT", "t": 3735683259, "p": "61837.63000000", "q": "0.02000000",
    "T": 1723161255342, "m": True, "M": True,
}  # fmt: skip
USDM = {
    "e": "trade", "E": 1723161256322, "T": 1723161256322, "s": "BTCUSDT", "t": 5266583935, "p": "61800.30",
    "q": "0.006", "X": "MARKET", "m": False,
}  # fmt: skip
AGGREGATE = {
    "e": "aggTrade", "E": 1723161256322, "a": 3477868433, "s": "BTCUSDT", "p": "83091.70", "q": "0.022", "nq": "0.022",
    "f": 8153634393, "l": 8153634394, "T": 1723161256338, "m": False, "st": 1,
}  # fmt: skip


def line(frame: dict[str, Any], *, wrapped: bool = True, received: int = RECEIVED) -> bytes:
    message = {"stream": f"{frame['s'].lower()}@{frame['e']}", "data": frame} if wrapped else frame
    return f"{received} {json.dumps(message, separators=(',', ':'))}".encode()


def decode(*lines: bytes, with_trades: frozenset[str] = frozenset()) -> tuple[Decoded, Counter[str]]:
    ignored: Counter[str] = Counter()
    found = binance.decode(list(lines), first=1, source="x.gz", ignored=ignored, with_trades=lambda: with_trades)
    return found, ignored


def row(name: str, ts_ms: int, price: float, size: float, number: int, side: int) -> tuple[Any, ...]:
    return (ts_ms * 1_000_000, instrument_id(name), price, size, number, 0, side, 0, CONTIGUOUS_IDS, 0)


EXPECTED = [
    (SPOT, row("binance:BTCUSDT", 1723161255342, 61837.63, 0.02, 3735683259, -1)),
    (USDM, row("binance_usdm:BTCUSDT", 1723161256322, 61800.3, 0.006, 5266583935, 1)),
    (AGGREGATE, row("binance_usdm:BTCUSDT", 1723161256338, 83091.7, 0.022, 3477868433, 1)),
    ({**AGGREGATE, "M": True}, row("binance:BTCUSDT", 1723161256338, 83091.7, 0.022, 3477868433, 1)),
    ({**SPOT, "T": 1723161255342000}, row("binance:BTCUSDT", 1723161255342, 61837.63, 0.02, 3735683259, -1)),
]


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize(("frame", "expected"), EXPECTED)
def test_frames_of_every_kind(frame: dict[str, Any], expected: tuple[Any, ...], wrapped: bool) -> None:
    found, ignored = decode(line(frame, wrapped=wrapped))
    assert found.rows.dtype == TRADE
    assert found.rows.tolist() == [expected]
    name = "binance:BTCUSDT" if "M" in frame else "binance_usdm:BTCUSDT"
    assert found.names == {instrument_id(name): name}
    assert found.streams == {name: frame["e"]}
    assert (found.rejects, ignored) == ([], Counter())


def test_wrapped_and_raw_lines_may_be_mixed() -> None:
    found, _ = decode(line(SPOT), line(USDM, wrapped=False), line(AGGREGATE))
    assert found.rows.tolist() == [EXPECTED[0][1], EXPECTED[1][1], EXPECTED[2][1]]


def test_trades_rule_out_aggregate_trades_of_the_same_instrument_only() -> None:
    other = {**AGGREGATE, "s": "ETHUSDT"}
    lines = [line(AGGREGATE), line(other), line(USDM)]
    with_trades = binance.instruments_with_trades([lines[:2], lines[2:]])
    assert with_trades == {"binance_usdm:BTCUSDT"}
    found, ignored = decode(*lines, with_trades=with_trades)
    assert found.rows["id"].tolist() == [3477868433, 5266583935]
    assert found.streams == {"binance_usdm:ETHUSDT": "aggTrade", "binance_usdm:BTCUSDT": "trade"}
    assert ignored == {"aggTrade": 1}


def test_whether_there_are_trades_is_asked_only_for_aggregate_trades() -> None:
    def never() -> frozenset[str]:
        raise AssertionError

    lines = [line(SPOT), line(USDM)]
    assert binance.decode(lines, first=1, source="x", ignored=Counter(), with_trades=never).rows.size == 2


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1}}', "depth"),
        (b'{"stream":"btcusdt@bookTicker","data":{"u":1}}', "bookTicker"),
        (b'{"stream":"btcusdt@kline_1m","data":{"e":"kline"}}', "kline"),
        (b'{"e":"bookTicker","u":1}', "bookTicker"),
        (b'[{"e":"24hrTicker","s":"BTCUSDT"}]', "24hrTicker"),
        (b'{"result":null,"id":1}', "result"),
        (b'{"lastUpdateId":50093239218,"bids":[],"asks":[]}', "lastUpdateId"),
        (b'{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}', "method"),
        (b'{"stream":"x@more","data":{"e":"serverShutdown","why":"no more \\"trade\\""}}', "more"),
        (line({**AGGREGATE, "s": "BTCUSD_PERP"})[20:], "aggTrade"),
        (line({**USDM, "s": "BTCUSD_210625"})[20:], "trade"),
    ],
)
def test_other_messages_are_counted(text: bytes, kind: str) -> None:
    found, ignored = decode(b"%d %s" % (RECEIVED, text))
    assert (found.rows.size, found.rejects, ignored) == (0, [], {kind: 1})


def test_contracts_with_a_date_and_in_busd_are_not_inverse() -> None:
    found, _ = decode(line({**USDM, "s": "BTCUSDT_210625"}), line({**USDM, "s": "BTCBUSD_210226"}))
    assert set(found.names.values()) == {"binance_usdm:BTCUSDT_210625", "binance_usdm:BTCBUSD_210226"}


AHEAD = RECEIVED // 1_000_000 + 5_001


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (line({**USDM, "p": "0", "q": "0", "X": "NA"}), "price is not a positive number"),
        (line({**USDM, "p": "-1"}), "price is not a positive number"),
        (line({**USDM, "p": "NaN"}), "price is not a positive number"),
        (line({**USDM, "p": "1e999"}), "trade frame: Number out of range.*"),
        (line({**USDM, "q": "0.000"}), "size is not a positive number"),
        (line({**USDM, "q": "-0.5"}), "size is not a positive number"),
        (line({**USDM, "q": "Infinity"}), "size is not a positive number"),
        (line({**USDM, "T": 1_723_161}), "timestamp is before 1971"),
        (line({**USDM, "T": AHEAD}), "timestamp is more than 5 s ahead of its receive time"),
        (line({key: value for key, value in USDM.items() if key != "t"}), "frame has no trade id"),
        (
            line({key: value for key, value in USDM.items() if key != "p"}),
            "trade frame: .*missing required field `p`.*",
        ),
        (line({**AGGREGATE, "p": "cheap"}), "aggTrade frame: .*"),
        (line({**USDM, "T": 0}), "trade frame: .*"),
        (line({**USDM, "t": 1 << 63}), "trade frame: .*"),
        (line(USDM)[:-1], "line is not JSON"),
        (line(USDM)[:-2] + b"]", "line is not JSON"),
        (line(USDM)[:-9], "line is not `RECV_NS JSON`"),
        (line(USDM)[1:], "line is not `RECV_NS JSON`"),
        (line({**USDM, "s": ""}), "symbol is missing or malformed"),
        (line({**USDM, "s": "BTC USDT"}), "symbol is missing or malformed"),
        (line(USDM).replace(b"BTCUSDT", b"BTC\xff"), "line is not JSON"),
        (line({**USDM, "X": [None]}).replace(b"null", b"[" * 20_000 + b"]" * 20_000), "line is not JSON"),
        (b"9" + line(USDM)[1:], "line is not `RECV_NS JSON`"),
        (b"%d " % RECEIVED, "line is not `RECV_NS JSON`"),
        (b"\xff\x00 binary", "line is not `RECV_NS JSON`"),
    ],
)
def test_broken_lines_are_rejected_alone(text: bytes, reason: str) -> None:
    found, _ = decode(line(SPOT), b"", text, line(USDM))
    assert found.rows.tolist() == [EXPECTED[0][1], EXPECTED[1][1]]
    assert re.fullmatch(reason, found.rejects[0].reason)
    received = RECEIVED if text.startswith(b"%d {" % RECEIVED) else 0
    assert found.rejects == [Reject("x.gz", 3, found.rejects[0].reason, text[:1_000], received)]


@given(data=st.data())
def test_no_malformed_line_affects_the_others(data: st.DataObject) -> None:
    text = bytearray(line(data.draw(st.sampled_from([SPOT, USDM, AGGREGATE])), wrapped=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 4)))
        junk = st.binary(max_size=4) | st.sampled_from(
            [b'"', b"{", b"}", b"null", b"1e400", b"\\u", b"-", b",", b"999"]
        )
        text[start:end] = data.draw(junk).replace(b"\n", b" ")
    found, ignored = decode(line(SPOT), bytes(text), line(USDM))
    assert found.rows.size + len(found.rejects) + sum(ignored.values()) + (not text.strip()) == 3
    assert found.rows.tolist()[0] == EXPECTED[0][1]
    assert found.rows.tolist()[-1] == EXPECTED[1][1]
    assert np.all(np.isfinite(found.rows["price"]) & (found.rows["price"] > 0))


def test_little_is_kept_of_a_long_broken_line() -> None:
    found, _ = decode(b"x" * 5_000)
    assert [len(reject.raw) for reject in found.rejects] == [1_000]


def test_five_seconds_ahead_are_allowed() -> None:
    found, _ = decode(line({**USDM, "T": AHEAD - 1}))
    assert found.rows.size == 1


def test_two_lines_in_one_are_broken() -> None:
    text = line(SPOT)
    found, _ = decode(text + b"," + text[20:], line(USDM))
    assert found.rows.tolist() == [EXPECTED[1][1]]
    assert [reject.position for reject in found.rejects] == [1]


@pytest.mark.parametrize(
    ("name", "trades", "instrument"),
    [
        ("venues/binance/usdm_ws_2021-07.jsonl", 91, "binance_usdm"),
        ("venues/binance/spot_ws_2021-10.jsonl", 2, "binance"),
    ],
)
def test_recorded_aggregate_trades_have_their_market(name: str, trades: int, instrument: str) -> None:
    lines = []
    for text in recording(name).read_text().splitlines():
        message = json.loads(text)
        lines.append(f"{int(message['recv_ts'] * 1e9)} {json.dumps(message['msg'])}".encode())
    found, _ = decode(*lines)
    assert found.rejects == []
    assert found.rows.size == trades
    assert {name.partition(":")[0] for name in found.names.values()} == {instrument}


def test_frames_from_tests_of_other_libraries() -> None:
    lines = [
        f"{1_700_000_000_000_000_000} {json.dumps(json.loads(text)['msg'])}".encode()
        for text in recording("venues/crypto_msg_parser/binance.jsonl").read_text().splitlines()
    ]
    found, ignored = decode(*lines)
    assert found.rejects == []
    assert {"binance:BTCUSDT", "binance_usdm:BTCUSDT", "binance_usdm:BTCUSDT_210625"} == set(found.names.values())
    assert sum(ignored.values()) == len(lines) - found.rows.size
