"""An opportunity is executed once, while it is open and unchanged; its paper trade ends once."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from domain.executions import Execution
from domain.opportunities import Opportunity
from store import arbitrage_executions, opportunities
from store.arbitrage_executions import ArbitrageExecution
from tests.opportunities import opportunity, settled
from tests.store.conftest import AsyncCaller
from tests.store.paper import trade

AT = opportunity(1).opened_at


def request(number: int = 1) -> ArbitrageExecution:
    return ArbitrageExecution(key="k1", opportunity_id=f"{number:032x}", revision=0, execution_id=f"{7:032x}", at=AT)


def open_trade(planned_at: datetime = AT) -> Execution:
    return trade(1, None, id=f"{7:032x}", planned_at=planned_at, updated_at=planned_at, entry_time=planned_at)


def settled_first_plan(at: datetime) -> Opportunity:
    """Opportunity 1 after its first plan was settled."""
    settlement = settled(1).settlement
    assert settlement is not None
    settlement = msgspec.structs.replace(settlement, revision=0, judged_at=at)
    return opportunity(1, 1, change="settled", settlement=settlement, plan=opportunity(1).plan)


def rows(connection: psycopg.Connection, columns: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT {columns} FROM arbitrage_executions").fetchall()


def test_closed_opportunity_is_not_executed_even_at_its_revision(
    connection: psycopg.Connection, call: AsyncCaller
) -> None:
    opportunities.write(connection, [opportunity(1, 2)])
    assert not call(arbitrage_executions.create, request(), open_trade(), at_revision=2)
    assert rows(connection, "key") == []


def test_trade_does_not_end_before_it_is_planned(connection: psycopg.Connection, call: AsyncCaller) -> None:
    opportunities.write(connection, [settled_first_plan(AT + timedelta(seconds=1))])
    planned_at = AT + timedelta(seconds=5)
    assert call(arbitrage_executions.create, request(), open_trade(planned_at), at_revision=1)
    opportunities.write(connection, [opportunity(3)])
    ended = call(arbitrage_executions.trade_of, request())
    assert (ended.outcome, ended.exit_time, ended.updated_at) == ("loss", planned_at, planned_at)


def test_ended_trade_is_not_written_again(connection: psycopg.Connection, call: AsyncCaller) -> None:
    opportunities.write(connection, [opportunity(1)])
    assert call(arbitrage_executions.create, request(), open_trade(), at_revision=0)
    opportunities.write(connection, [settled_first_plan(AT + timedelta(seconds=1))])
    (before,) = rows(connection, "ended, xmin::text")
    opportunities.write(connection, [opportunity(3)])
    assert rows(connection, "ended, xmin::text") == [before]
    assert before[0] is True
