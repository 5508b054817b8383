"""Accounts: what the paper account did and earned, in words: the records that the ledger and the feed take.

Pure functions of an Aligned and the vocabulary of its recipe, as in flows/judgements.py.
"""

from datetime import datetime

from domain import clock, ids
from domain.aligned import Aligned
from domain.branches import INSTRUMENTS
from domain.executions import SKIP_REASONS, STATES, EquityDay, Execution
from domain.performance import ALERTS, BUCKET, BUCKETS, GROUPS, LEVELS, OVERALL, STRATEGY, Alert, Performance
from domain.scores import REGIMES
from domain.vocabulary import Vocabulary
from flows.conclusions import instrument
from flows.plain import known, rows
from flows.reasons import alarm


def executions(given: Aligned, vocabulary: Vocabulary) -> list[Execution]:
    """Paper trades, as of each of their changes."""
    found = []
    for row in rows(given.executions):
        listed, strategy = instrument(given.names[row["instrument"]]), vocabulary.strategies[row["strategy"]]
        signal = ids.signal_id(listed.name, vocabulary.primary, strategy, row["direction"], row["ts"])
        found.append(
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
                entry_time=_moment(row["entry_at"]),
                exit_price=known(row["exit_price"]),
                exit_time=_moment(row["exit_at"]),
                shares=row["shares"],
                notional=row["notional"],
                risk=row["risk"],
                fees=row["fees"],
                pnl=known(row["pnl"]),
                pnl_pct=known(row["pnl_pct"]),
                pnl_r=known(row["pnl_r"]),
                outcome=STATES[row["state"]],  # type: ignore[arg-type]  # the names of TradeState
                skipped_reason=SKIP_REASONS[row["skipped"]] or None,
                regime=REGIMES[row["regime"]],
                probability=known(row["probability"]),
                equity=row["equity"],
                simulated=listed.simulated,
            )
        )
    return found


def equity(given: Aligned, vocabulary: Vocabulary) -> list[EquityDay]:
    """What the paper account was worth at the end of each day."""
    return [
        EquityDay(
            day=clock.to_datetime(row["day"]),
            equity=row["equity"],
            daily_return=known(row["return"]),
            drawdown=row["drawdown"],
            open_positions=row["open_positions"],
            gross_exposure=known(row["gross_exposure"]),
            account=vocabulary.branch,
        )
        for row in rows(given.equity)
    ]


def performance(given: Aligned, vocabulary: Vocabulary) -> list[Performance]:
    """What the trades of each group earned, as of each trade that ended."""
    return [
        Performance(
            group=GROUPS[row["group"]],
            name=_group(row["group"], row["index"], vocabulary),
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
    """What is worth telling a person."""
    found = []
    account = "" if vocabulary.branch == INSTRUMENTS else vocabulary.branch
    for row in rows(given.alerts):
        strategy = vocabulary.strategies[row["strategy"]] if row["strategy"] >= 0 else None
        kind = ALERTS[row["kind"]]
        found.append(
            Alert(
                id=ids.alert_id(kind, strategy or account, row["ts"], row["count"]),
                kind=kind,
                level=LEVELS[row["kind"]],  # type: ignore[arg-type]  # "info" or "warning"
                message=alarm(kind, strategy or account, row["value"], row["bound"], row["count"]),
                at=clock.to_datetime(row["ts"]),
                signal_type=strategy,
                value=row["value"],
                trades=row["count"],
            )
        )
    return found


def _moment(at_ns: int) -> datetime | None:
    return clock.to_datetime(at_ns) if at_ns else None


def _group(group: int, index: int, vocabulary: Vocabulary) -> str:
    if group == STRATEGY:
        return vocabulary.strategies[index]
    return f"{index / BUCKETS:.1f}-{(index + 1) / BUCKETS:.1f}" if group == BUCKET else GROUPS[OVERALL]
