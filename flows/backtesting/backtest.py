"""Backtest: run files through the same dataflow as live data, then evaluate the results.

The evaluation is walk-forward by construction: scores, thresholds and calibration learn online, from outcomes
known before, so no second pass could look ahead. What remains is to exclude the period in which they had too
little data, and to count every attempt.
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
from flows.backtesting.assess import Evidence, assess, counts_of, evidence, gross_of, trials_of
from flows.backtesting.inputs import config_hash, deciding_settings, input_files
from flows.backtesting.ledger import Attempt, Ledger
from flows.backtesting.periods import folds, warmup
from flows.backtesting.report import EquityPoint, InputFile, Report, Span, TrialCounts
from flows.backtesting.run_results import RunResults, RunResultsSink, ShardCountSink
from flows.backtesting.shared_attempts import SharedAttempts, sync_attempts
from flows.backtesting.tables import tables
from flows.replay import EPOCH, Plan
from flows.settings import EngineSettings
from flows.signals import recipe, vocabulary
from flows.sources.files import Files
from operators.settle import Costs

EQUITY_FIELDS = ("day", "equity", "drawdown")


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, and how to evaluate it.

    Attributes
    ----------
    plan
        Input and settings, as of a replay; its outputs and workers are ignored.
    name
        Name of the backtest.
    folds
        Number of folds of the evaluated period.
    warmup_share
        Share of the time that is run but not evaluated, since scores start without any history.
    ledger
        The file in which attempts are recorded.
    usual
        Whether that is the default one in the home directory.
    database_url
        Postgres in which attempts are recorded as well; None for none.
    """

    plan: Plan
    name: str = "backtest"
    folds: int = 5
    warmup_share: float = 0.2
    ledger: str
    usual: bool = True
    database_url: str | None = None

    def checked(self) -> "Backtest":
        """Validate the options and return them.

        Raises
        ------
        SettingError
            If a number is out of range; the message names it and the allowed range.
        """
        if not 1 <= self.folds <= 1_000:
            raise SettingError(f"--folds {self.folds} must lie between 1 and 1,000")
        if not 0.0 <= self.warmup_share < 1.0:
            raise SettingError(f"--warmup {100.0 * self.warmup_share:g} must be at least 0 and under 100 percent")
        return self


def backtest(request: Backtest, *, now: datetime) -> Report:
    """Run a backtest, record it in the ledger, and evaluate it given all attempts in the ledger.

    Parameters
    ----------
    request
        What to run.
    now
        Time of the run, for the ledger and the report; it does not affect the results.

    Raises
    ------
    SetupError
        If an input, a setting or the ledger is invalid.
    RejectLimitError
        If too much of the input was rejected.
    """
    plan = request.plan
    Ledger(Path(request.ledger)).check()
    source = plan.read()
    settings = plan.settings_for(source)
    inputs = input_files(plan.paths)
    run = run_dataflow(plan, source, settings)
    if not run.last_ns:
        raise InputError("no bar closes in the data, so there is nothing to evaluate; use a longer recording")
    return judge(request, run, settings, inputs, now=now)


def judge(
    request: Backtest, run: RunResults, settings: EngineSettings, inputs: list[InputFile], *, now: datetime
) -> Report:
    """Record a run in the ledger, and evaluate it given all attempts in the ledger.

    Parameters
    ----------
    run
        Results of the run, with at least one bar.
    settings
        Settings of the run, adapted to the input.
    inputs
        Input files of the run.
    """
    plan = request.plan
    deciders = deciding_settings(plan, settings, request.warmup_share)
    costs = Costs(settings.fee_bps, settings.slippage_bps)
    found = evidence(run, cost=costs.both_sides, warmup_share=request.warmup_share)
    hashes = tuple(each.sha256 for each in inputs)
    contents = Ledger(Path(request.ledger)).record(_attempt(request, found, hashes, config_hash(deciders), now))
    shared = sync_attempts(contents, hashes, request.database_url) if request.database_url else SharedAttempts()
    attempts = contents.on(hashes, shared.attempts)
    names = vocabulary(settings)
    return Report(
        card=assess(
            found,
            attempts=attempts,
            contents=contents,
            ledger=None if request.usual else request.ledger,
            costs=card.Costs(settings.fee_bps / 100.0, settings.slippage_bps / 100.0, 0.0),
        ),
        name=request.name,
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
        folds=folds(found.period, found.trades, count=request.folds),
        tables=tables(found.trades, found.candidates, run.names, names),
        start_equity=plan.intelligence.paper.equity,
        equity=[
            EquityPoint(clock.to_datetime(day), equity, drawdown)
            for day, equity, drawdown in zip(*(run.equity[name].tolist() for name in EQUITY_FIELDS), strict=True)
        ],
        trials=TrialCounts(
            ledger=request.ledger,
            usual=request.usual,
            lines=len(contents.attempts),
            attempts=len(attempts),
            variance=trials_of(attempts).variance,
            faults=contents.faults,
            elsewhere=len(shared.attempts),
            unshared=shared.problem,
        ),
        assumptions=assumptions(settings, plan),
    )


def run_dataflow(plan: Plan, source: Files, settings: EngineSettings) -> RunResults:
    """Run the dataflow over the input and collect its results."""
    run = RunResults()
    sinks: dict[str, Sink[Any]] = {"count": ShardCountSink(run)}
    flow = recipe(
        source.source(),
        sinks,
        settings,
        intelligence=plan.intelligence,
        aligned_sinks={"gather": RunResultsSink(run)},
        from_bars=source.kind == "bars",
    )
    cluster.run(flow, epoch=EPOCH)
    return run


def assumptions(settings: EngineSettings, plan: Plan) -> list[str]:
    """The assumptions of the backtest, as sentences."""
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


def _attempt(request: Backtest, found: Evidence, files: tuple[str, ...], config: str, now: datetime) -> Attempt:
    days = found.period.days
    return Attempt(
        at=clock.iso(clock.from_datetime(now)),
        name=request.name,
        files=files,
        config=config,
        first_day=int(days["day"][0]) // clock.DAY - 1 if days.size else 0,
        returns=tuple(found.returns.tolist()),
        sharpe=sharpe(found.returns).per_period,
    )
