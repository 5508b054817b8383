"""Account records: convert the paper account's trades and results to the records of the ledger and the feed.

Pure functions of an Aligned and its vocabulary, as in flows/aligned_records.py.
"""

from datetime import datetime

from domain import clock, ids
from domain.aligned import Aligned
from domain.branches import INSTRUMENTS
from domain.executions import SKIP_REASONS, STATES, EquityDay, Execution
from domain.performance import ALERTS, BUCKET, BUCKETS, GROUPS, LEVELS, OVERALL, STRATEGY, Alert, Performance
from domain.scores import REGIMES
from domain.vocabulary import Vocabulary
from flows.plain_values import finite_or_none, rows
from flows.reasons import alert_message
from flows.slice_records import instrument


def executions(given: Aligned, vocabulary: Vocabulary) -> list[Execution]:
    """Paper trades, one record per state change."""
    records = []
    for row in rows(given.executions):
        listed, strategy = instrument(given.names[row["instrument"]]), vocabulary.strategies[row["strategy"]]
        signal = ids.signal_id(listed.name, vocabulary.primary, strategy, row["direction"], row["ts"])
        records.append(
            Execution(
                id=ids.execution_id(signal),
                signal_id=signal,
                venue=listed.venue,
                symbol=listed.symbol,
                market_slug=listed.market_slug,
                signal_type=strategy,
                timeframe=vocabulary.primary,
                direction="long" if row["direction"] > 0 else "short",
                planned_at=clock.to_datetime(row["ts"]),
                updated_at=clock.to_datetime(row["at"]),
                entry_price=row["entry_price"],
                entry_time=_datetime_or_none(row["entry_at"]),
                exit_price=finite_or_none(row["exit_price"]),
                exit_time=_datetime_or_none(row["exit_at"]),
                shares=row["shares"],
                notional=row["notional"],
                risk=row["risk"],
                fees=row["fees"],
                pnl=finite_or_none(row["pnl"]),
                pnl_pct=finite_or_none(row["pnl_pct"]),
                pnl_r=finite_or_none(row["pnl_r"]),
                outcome=STATES[row["state"]],  # type: ignore[arg-type]  # the names of TradeState
                skipped_reason=SKIP_REASONS[row["skipped"]] or None,
                regime=REGIMES[row["regime"]],
                probability=finite_or_none(row["probability"]),
                equity=row["equity"],
                simulated=listed.simulated,
            )
        )
    return records


def equity(given: Aligned, vocabulary: Vocabulary) -> list[EquityDay]:
    """Equity of the paper account at the end of each day."""
    return [
        EquityDay(
            day=clock.to_datetime(row["day"]),
            equity=row["equity"],
            daily_return=finite_or_none(row["return"]),
            drawdown=row["drawdown"],
            open_positions=row["open_positions"],
            gross_exposure=finite_or_none(row["gross_exposure"]),
            account=vocabulary.branch,
        )
        for row in rows(given.equity)
    ]


def performance(given: Aligned, vocabulary: Vocabulary) -> list[Performance]:
    """Performance of each group of trades, one record per trade that ended."""
    return [
        Performance(
            group=GROUPS[row["group"]],
            name=_group_name(row["group"], row["index"], vocabulary),
            last_updated=clock.to_datetime(row["ts"]),
            total_trades=row["trades"],
            wins=row["wins"],
            losses=row["losses"],
            streak=row["streak"],
            total_pnl=row["pnl"],
            gains=row["gains"],
            losings=row["losings"],
            total_r=row["r"],
            r_squares=row["r_squares"],
            max_drawdown=row["drawdown"],
            predicted=row["predicted"],
            probability_sum=row["probability"],
            brier_sum=row["brier"],
            days=row["days"],
            day_returns=row["returns"],
            day_return_squares=row["return_squares"],
            account=vocabulary.branch,
        )
        for row in rows(given.performance)
    ]


def alerts(given: Aligned, vocabulary: Vocabulary) -> list[Alert]:
    """Alerts on streaks, drawdowns and degraded strategies."""
    records = []
    account = "" if vocabulary.branch == INSTRUMENTS else vocabulary.branch
    for row in rows(given.alerts):
        strategy = vocabulary.strategies[row["strategy"]] if row["strategy"] >= 0 else None
        kind = ALERTS[row["kind"]]
        records.append(
            Alert(
                id=ids.alert_id(kind, strategy or account, row["ts"], row["count"]),
                kind=kind,
                level=LEVELS[row["kind"]],  # type: ignore[arg-type]  # "info" or "warning"
                message=alert_message(kind, strategy or account, row["value"], row["bound"], row["count"]),
                at=clock.to_datetime(row["ts"]),
                signal_type=strategy,
                value=row["value"],
                trades=row["count"],
            )
        )
    return records


def _datetime_or_none(at_ns: int) -> datetime | None:
    return clock.to_datetime(at_ns) if at_ns else None


def _group_name(group: int, index: int, vocabulary: Vocabulary) -> str:
    if group == STRATEGY:
        return vocabulary.strategies[index]
    return f"{index / BUCKETS:.1f}-{(index + 1) / BUCKETS:.1f}" if group == BUCKET else GROUPS[OVERALL]
