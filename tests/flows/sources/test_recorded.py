import gzip
from pathlib import Path

from domain.instruments import instrument_id
from domain.slices import Reject
from flows.sources.recorded import Recording
from tests.flows.venues.test_binance import AGGREGATE, EXPECTED, SPOT, USDM, line


def test_positions_are_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"\n".join([line(SPOT), b"broken", line(USDM)])))
    chunks = list(Recording(path).read(0, 0, 1))
    assert [chunk.rows.tolist() for chunk in chunks] == [[EXPECTED[0][1]], [], [EXPECTED[1][1]]]
    assert [chunk.consumed for chunk in chunks] == [1, 2, 3]
    assert chunks[1].rejects == [Reject("x.gz", 2, "line is not `RECV_NS JSON`", b"broken")]
    assert [chunk.rows.tolist() for chunk in Recording(path).read(2, 0, 1)] == [[EXPECTED[1][1]]]


def test_stream_choice_depends_on_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"\n".join([line(AGGREGATE), line({**AGGREGATE, "s": "ETHUSDT"}), line(USDM)]))
    recording = Recording(path)
    rows = [row for chunk in recording.read(0, 0, 1) for row in chunk.rows.tolist()]
    assert [row[1] for row in rows] == [instrument_id("binance_usdm:ETHUSDT"), instrument_id("binance_usdm:BTCUSDT")]
    assert recording.streams == {"binance_usdm:ETHUSDT": "aggTrade", "binance_usdm:BTCUSDT": "trade"}
    assert recording.ignored == {"aggTrade": 1}
    path.write_bytes(b"\n".join([line(USDM), line(AGGREGATE)]))
    assert [chunk.rows.size for chunk in Recording(path).read(1, 0, 1)] == [0]


def test_a_truncated_recording_ends_in_a_reject(tmp_path: Path) -> None:
    content = b"\n".join(line({**USDM, "t": number}) for number in range(5_000))
    whole = gzip.compress(content)
    path = tmp_path / "x.gz"
    path.write_bytes(whole[:-2_000])
    chunks = list(Recording(path).read(0, 0, 100_000))
    ids = [number for chunk in chunks for number in chunk.rows["id"].tolist()]
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    assert ids == list(range(len(ids)))
    assert len(ids) > 1_000
    assert rejects[0] == Reject("x.gz", len(ids) + 1, "line is not `RECV_NS JSON`", rejects[0].raw, rejects[0].at_ns)
    assert rejects[-1].reason.startswith("compressed data is damaged from here")
    assert chunks[-1].consumed == rejects[-1].position
