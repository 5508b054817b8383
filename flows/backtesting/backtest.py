"""Backtest: files through the very dataflow that runs live, then judged.

Walk-forward comes for free: scores, thresholds and calibration learn online, from what was settled
before, so there is no second pass that could look ahead. What remains is to leave out the time in
which they had nothing to learn from, and to count every attempt.
"""

from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from bytewax.outputs import Sink

from domain import clock
from domain.errors import InputError, SettingError
from domain.instruments import venue_of
from domain.statistics import card
from domain.statistics.sharpe import sharpe
from flows import cluster
from flows.backtesting.assess import Evidence, assess, counts_of, evidence, gross_of, tried
from flows.backtesting.gather import CountSink, Gathered, GatherSink
from flows.backtesting.inputs import config_hash, deciding, input_files
from flows.backtesting.ledger import Attempt, Ledger
from flows.backtesting.periods import folds, warmup
from flows.backtesting.report import InputFile, Mark, Report, Span, Tried
from flows.backtesting.shared import Shared, share
from flows.backtesting.tables import tables
from flows.replay import EPOCH, Plan
from flows.settings import EngineSettings
from flows.signals import recipe, vocabulary
from flows.sources.files import Files
from operators.settle import Costs

MARKED = ("day", "equity", "drawdown")


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, and how to judge it.

    Attributes
    ----------
    plan
        Input and settings, as of a replay; what it says of outputs and workers is not looked at.
    name
        What to call it.
    folds
        Parts of the judged time that are shown beside each other.
    warmup_share
        Share of the time that is run but not judged, since scores begin with nothing to learn from.
    ledger
        The file in which attempts are counted.
    usual
        Whether that is the one in the home directory.
    database_url
        Postgres in which attempts are counted too; None asks none.
    """

    plan: Plan
    name: str = "backtest"
    folds: int = 5
    warmup_share: float = 0.2
    ledger: str
    usual: bool = True
    database_url: str | None = None

    def checked(self) -> "Backtest":
        """The same, if it makes sense.

        Raises
        ------
        SettingError
            If a number is out of range; the message names it and the way out.
        """
        if not 1 <= self.folds <= 1_000:
            raise SettingError(f"--folds {self.folds} must lie between 1 and 1,000")
        if not 0.0 <= self.warmup_share < 1.0:
            raise SettingError(f"--warmup {100.0 * self.warmup_share:g} must be at least 0 and under 100 percent")
        return self


def backtest(asked: Backtest, *, now: datetime) -> Report:
    """Run it, write it into the ledger, and judge it by all that the ledger knows.

    Parameters
    ----------
    asked
        What to run.
    now
        The instant of the run, for the ledger and the report; nothing is concluded from it.

    Raises
    ------
    SetupError
        If an input, a setting or the ledger cannot be used.
    RejectLimitError
        If too much of the input was rejected.
    """
    plan = asked.plan
    Ledger(Path(asked.ledger)).check()
    source = plan.read()
    settings = plan.settings_for(source)
    inputs = input_files(plan.paths)
    run = conclude(plan, source, settings)
    if not run.last_ns:
        raise InputError("the data closes no bar, so there is nothing to judge; give more of it")
    return judge(asked, run, settings, inputs, now=now)


def judge(
    asked: Backtest, run: Gathered, settings: EngineSettings, inputs: list[InputFile], *, now: datetime
) -> Report:
    """Write a run into the ledger, and judge it by all that the ledger knows.

    Parameters
    ----------
    run
        What was concluded, with at least one bar.
    settings
        As they suited the input.
    inputs
        What it was concluded from.
    """
    plan = asked.plan
    deciders = deciding(plan, settings, asked.warmup_share)
    costs = Costs(settings.fee_bps, settings.slippage_bps)
    found = evidence(run, cost=costs.both_sides, warmup_share=asked.warmup_share)
    hashes = tuple(each.sha256 for each in inputs)
    book = Ledger(Path(asked.ledger)).record(_attempt(asked, found, hashes, config_hash(deciders), now))
    shared = share(book, hashes, asked.database_url) if asked.database_url else Shared()
    attempts = book.on(hashes, shared.attempts)
    words = vocabulary(settings)
    return Report(
        card=assess(
            found,
            attempts=attempts,
            book=book,
            ledger=None if asked.usual else asked.ledger,
            costs=card.Costs(settings.fee_bps / 100.0, settings.slippage_bps / 100.0, 0.0),
        ),
        name=asked.name,
        version=version("signalengine"),
        made_at=now,
        span=Span(*map(clock.to_datetime, (run.first_ns, found.period.begin_ns, run.last_ns))),
        simulated=any(venue_of(name) == "sim" for name in run.names.values()),
        instruments=sorted(run.names.values()),
        inputs=inputs,
        settings=deciders,
        counts=counts_of(run, found),
        gross=gross_of(found.trades),
        calibrated_share=float(found.candidates["scored"].mean()) if found.candidates.size else None,
        warmup=warmup(run.first_ns, found.period, run.equity, found.every[found.every["traded"]]),
        folds=folds(found.period, found.trades, count=asked.folds),
        tables=tables(found.trades, found.candidates, run.names, words),
        start_equity=plan.intelligence.paper.equity,
        equity=[
            Mark(clock.to_datetime(day), equity, drawdown)
            for day, equity, drawdown in zip(*(run.equity[name].tolist() for name in MARKED), strict=True)
        ],
        trials=Tried(
            ledger=asked.ledger,
            usual=asked.usual,
            lines=len(book.attempts),
            attempts=len(attempts),
            variance=tried(attempts).variance,
            faults=book.faults,
            elsewhere=len(shared.attempts),
            unshared=shared.problem,
        ),
        assumptions=assumptions(settings, plan),
    )


def conclude(plan: Plan, source: Files, settings: EngineSettings) -> Gathered:
    """What the recipe concludes of the input."""
    run = Gathered()
    sinks: dict[str, Sink[Any]] = {"count": CountSink(run)}
    flow = recipe(
        source.source(),
        sinks,
        settings,
        intelligence=plan.intelligence,
        aligned_sinks={"gather": GatherSink(run)},
        from_bars=source.kind == "bars",
    )
    cluster.run(flow, epoch=EPOCH)
    return run


def assumptions(settings: EngineSettings, plan: Plan) -> list[str]:
    """What was taken for granted, in sentences."""
    paper = plan.intelligence.paper
    return [
        f"Each side of a trade pays {settings.fee_bps:g} bps of fees and {settings.slippage_bps:g} bps of slippage.",
        "A position is entered at the first price after the decision.",
        "A bar that holds both stop and target counts as a stop; one that is jumped over is paid at the worse price.",
        f"The account risks at most {100 * paper.risk_fraction:g} % of its equity a trade and moves no price.",
        f"It holds at most {paper.positions_max} positions, none above {paper.notional_max:g} times its equity.",
        "Daily returns are net and marked to market at 00:00 UTC, quiet days included; 365 make a year.",
        "A day that had not ended with the data is not counted.",
        "Results that overlap in time on one instrument count in part (n_eff).",
        "Instruments are taken to be independent there, which narrows intervals too much where they move together.",
        "Instruments that have failed since are missing unless the user gave them: then every figure is too good.",
    ]


def _attempt(asked: Backtest, found: Evidence, files: tuple[str, ...], config: str, now: datetime) -> Attempt:
    days = found.period.days
    return Attempt(
        at=clock.iso(clock.from_datetime(now)),
        name=asked.name,
        files=files,
        config=config,
        first_day=int(days["day"][0]) // clock.DAY - 1 if days.size else 0,
        returns=tuple(found.returns.tolist()),
        sharpe=sharpe(found.returns).per_period,
    )
