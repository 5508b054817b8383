"""Markets: generated data through the whole backtest, as a user would run it."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from domain.paper import PaperSettings
from domain.scoring import ScoreSettings
from flows.backtesting.backtest import Backtest, backtest
from flows.backtesting.report import Report
from flows.intelligence import DEFAULTS, Intelligence
from flows.replay import Plan
from flows.settings import EngineSettings
from tests.flows.backtesting.generators import bars, written

NOW = datetime(2024, 1, 1, tzinfo=UTC)
FRAMES = ("5m", "15m", "1h")
NAME = "test:WALK"


TRUSTING = Intelligence(score=ScoreSettings(gate=False), paper=PaperSettings(kelly_fraction=0.0))
"""Whatever is proposed is emitted and traded at one size: the strategies themselves are judged."""


def plan_of(path: Path, *, intelligence: Intelligence = DEFAULTS, **settings) -> Plan:
    """How to read a file of generated bars."""
    return Plan(
        paths=[str(path)],
        instrument=NAME,
        settings=EngineSettings(timeframes=FRAMES, **settings).checked(),
        intelligence=intelligence,
    )


def asked(path: Path, ledger: Path, *, settings=None, **options) -> Backtest:
    """A backtest of such a file."""
    return Backtest(plan=plan_of(path, **(settings or {})), ledger=str(ledger), **options).checked()


def judged(returns, deviations, seed: int, folder: Path, **settings) -> Report:
    """The report on a generated walk without earlier attempts."""
    path = written(bars(returns, deviations, np.random.default_rng([seed, 1])), folder / f"walk-{seed}.feather")
    return backtest(asked(path, folder / "trials.jsonl", settings=settings), now=NOW)
