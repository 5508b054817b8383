"""`backtest` and `report` on the command line."""

import json

import numpy as np
import psycopg
import pytest

from flows.__main__ import main
from tests.flows.backtesting import generators
from tests.flows.backtesting.generators import DAILY
from tests.recordings import recording


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNALENGINE_SERVICES_DIRECTORY", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def walk(tmp_path):
    rng = np.random.default_rng(8)
    table = generators.bars(*generators.garch(10 * DAILY, rng), rng)
    return str(generators.written(table, tmp_path / "WALK-5m.feather"))


OPTIONS = ("--instrument", "test:*", "--timeframes", "5m,15m,1h")


def test_backtest_prints_and_writes_the_same_report(home, walk, tmp_path, capsys, database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    out = tmp_path / "out"
    options = ("--fee-bps", "2", "--slippage-bps", "0", "--equity", "5000", "--risk-fraction", "0.02", "--name", "mine")
    assert main(["backtest", walk, *OPTIONS, *options, "--folds", "2", "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((out / "report.json").read_text())
    assert report["card"]["verdict"]["verdict"] == "INSUFFICIENT"
    assert (report["name"], report["start_equity"], report["instruments"]) == ("mine", 5000.0, ["test:WALK"])
    assert report["card"]["costs"] == {"fee_pct": 0.02, "slippage_pct": 0.0, "latency_s": 0.0}
    assert report["settings"]["paper"]["risk_fraction"] == 0.02
    assert len(report["folds"]) == 2
    assert report["trials"]["usual"]
    assert report["trials"]["ledger"] == str(home / "trials.jsonl")
    with psycopg.connect(database_url) as connection:
        counted = connection.execute("SELECT id, name FROM trials").fetchall()
    assert counted == [(json.loads((home / "trials.jsonl").read_text())["hash"], "mine")]
    assert main(["report", str(out / "report.json"), "--out", str(out / "again.html")]) == 0
    assert (out / "again.html").read_text() == (out / "report.html").read_text()


def test_strategies_are_evaluated_without_the_gate(home, walk, capsys):
    assert main(["backtest", walk, *OPTIONS, "--json"]) == 0
    gated = json.loads(capsys.readouterr().out)
    assert main(["backtest", walk, *OPTIONS, "--json", "--no-gate"]) == 0
    free = json.loads(capsys.readouterr().out)
    assert (gated["settings"]["score"]["gate"], free["settings"]["score"]["gate"]) == (True, False)
    assert free["settings"]["paper"]["kelly_fraction"] == 0.0
    assert gated["counts"]["candidates"] == free["counts"]["candidates"]
    assert gated["counts"]["emitted"] < free["counts"]["emitted"]
    hints = [[each for each in report["card"]["verdict"]["reasons"] if "--no-gate" in each] for report in (gated, free)]
    assert [len(each) for each in hints] == [1, 0]


def test_reset_keeps_trials(home, walk, capsys):
    assert main(["backtest", walk, *OPTIONS]) == 0
    assert main(["reset", "--yes"]) == 0
    assert main(["backtest", walk, *OPTIONS, "--fee-bps", "7"]) == 0
    assert "Attempts on this data                  2 different, of 2 lines" in capsys.readouterr().out


def test_unreachable_database_is_reported_and_ignored(home, walk, capsys, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    assert main(["backtest", walk, *OPTIONS]) == 0
    output = capsys.readouterr()
    assert output.err.startswith(
        "signalengine: this attempt is counted in the trial ledger only: Postgres at 127.0.0.1:1/none"
    )
    assert output.out.startswith("INSUFFICIENT")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--folds", "0"], "--folds 0 must lie between 1 and 1,000"),
        (["--warmup", "100"], "--warmup 100 must be at least 0 and under 100 percent"),
        (["--fee-bps", "-1"], "fee_bps -1.0 must not be negative"),
        (["--equity", "0"], "equity 0 must be above 0 and at most inf"),
        (["--trials", "."], "is not a file; name one with --trials"),
    ],
)
def test_invalid_option_is_one_line(home, walk, capsys, options, error):
    assert main(["backtest", walk, *OPTIONS, *options]) == 2
    stderr = capsys.readouterr().err
    assert error in stderr
    assert stderr.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"form": 1}'])
def test_file_that_is_not_a_report_is_refused(tmp_path, capsys, content):
    (tmp_path / "report.json").write_bytes(content)
    assert main(["report", str(tmp_path / "report.json")]) == 2
    assert "is not a report of a backtest" in capsys.readouterr().err


@pytest.mark.slow
def test_recorded_markets_have_no_edge(home, tmp_path, capsys):
    paths = [str(recording(f"bars/{symbol}_USDT-5m.feather")) for symbol in ("BTC", "ETH", "SOL")]
    for options, verdict in [(["--no-gate"], "NOT SIGNIFICANT"), ([], "INSUFFICIENT")]:
        given = ["--instrument", "binance:*", "--timeframes", "5m,15m,1h", "--json", *options]
        assert main(["backtest", *paths, *given]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["instruments"] == ["binance:BTCUSDT", "binance:ETHUSDT", "binance:SOLUSDT"]
        assert report["card"]["verdict"]["verdict"] == verdict
