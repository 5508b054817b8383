"""Runs: small constructed results, evaluated like those of the dataflow."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from domain.aligned import Aligned
from domain.clock import DAY, HOUR
from domain.executions import EQUITY, EXECUTION, LOSS, WIN
from domain.slices import BAR, CANDIDATE, OUTCOME
from flows.backtesting.backtest import Backtest, judge
from flows.backtesting.report import InputFile, Report
from flows.backtesting.run_results import RunResults
from flows.replay import Plan
from flows.settings import EngineSettings
from tests.builders import records
from tests.flows.backtesting.generators import START
from tests.flows.backtesting.markets import FRAMES, NOW

INPUT = InputFile("made.csv", 10, "ab" * 32)
NAME = "test:HAND"


def gathered(
    results: Sequence[float], days: Sequence[float], *, name: str = NAME, confidence: float = 0.6
) -> RunResults:
    """One trade per hour with these results in R, and days with these returns."""
    at = [START + hour * HOUR for hour in range(len(results))]
    key = [{"ts": ts, "instrument": 7, "direction": 1, "strategy": hour % 2} for hour, ts in enumerate(at)]
    decided = [{**each, "entry_price": 100.0, "stop_loss": 99.0, "confidence": confidence} for each in key]
    ended = [
        {**each, "entry_at": each["ts"], "exit_at": each["ts"] + HOUR, "entry_price": 100.0, "return_r": result}
        for each, result in zip(key, results, strict=True)
    ]
    traded = [{**each, "state": WIN if result > 0 else LOSS} for each, result in zip(key, results, strict=True)]
    worth = 10_000.0 * np.cumprod(1 + np.nan_to_num(np.array([0.0, *days])))[1:]
    peaks = np.maximum.accumulate(np.array([10_000.0, *worth]))[1:]
    marks = [
        {"day": START + (place + 1) * DAY, "return": change, "equity": value, "drawdown": value / peak - 1}
        for place, (change, value, peak) in enumerate(zip(days, worth, peaks, strict=True))
    ]
    last_ns = START + max(len(days) * DAY, len(results) * HOUR, HOUR)
    bars = records(BAR, {"open_time": START, "close_time": START + HOUR}, {"open_time": START, "close_time": last_ns})
    run = RunResults()
    run.add(
        Aligned(
            last_ns,
            names={7: name},
            bars=bars,
            candidates=records(CANDIDATE, *decided),
            outcomes=records(OUTCOME, *ended),
            executions=records(EXECUTION, *traded),
            equity=records(EQUITY, *marks),
        )
    )
    return run


def judged(
    results: Sequence[float],
    days: Sequence[float],
    ledger: Path,
    *,
    name: str = NAME,
    fee_bps: float = 4.0,
    usual: bool = True,
    title: str = "by hand",
    database_url: str | None = None,
    confidence: float = 0.6,
) -> Report:
    """The report on such a run, without a warm-up."""
    plan = Plan(paths=["made.csv"], instrument=name)
    asked = Backtest(
        plan=plan,
        name=title,
        warmup_share=0.0,
        folds=3,
        ledger=str(ledger),
        usual=usual,
        database_url=database_url,
    )
    settings = EngineSettings(timeframes=FRAMES, fee_bps=fee_bps, slippage_bps=1.0)
    return judge(asked, gathered(results, days, name=name, confidence=confidence), settings, [INPUT], now=NOW)
