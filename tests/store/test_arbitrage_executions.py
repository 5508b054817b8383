"""An opportunity is taken once, while it is open and as it was read; its paper trade ends once."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from domain.executions import Execution
from domain.opportunities import Opportunity
from store import arbitrage_executions, opportunities
from store.arbitrage_executions import ArbitrageExecution
from tests.opportunities import opportunity, settled
from tests.store.conftest import Asker
from tests.store.paper import trade

AT = opportunity(1).opened_at


def taken(number: int = 1) -> ArbitrageExecution:
    return ArbitrageExecution(key="k1", opportunity_id=f"{number:032x}", revision=0, execution_id=f"{7:032x}", at=AT)


def paper(planned_at: datetime = AT) -> Execution:
    return trade(1, None, id=f"{7:032x}", planned_at=planned_at, updated_at=planned_at, entry_time=planned_at)


def judged(at: datetime) -> Opportunity:
    """Opportunity 1 when its first plan was judged."""
    settlement = settled(1).settlement
    assert settlement is not None
    settlement = msgspec.structs.replace(settlement, revision=0, judged_at=at)
    return opportunity(1, 1, change="settled", settlement=settlement, plan=opportunity(1).plan)


def rows(connection: psycopg.Connection, columns: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT {columns} FROM arbitrage_executions").fetchall()


def test_closed_opportunity_is_not_taken_though_its_revision_is_known(
    connection: psycopg.Connection, ask: Asker
) -> None:
    opportunities.write(connection, [opportunity(1, 2)])
    assert not ask(arbitrage_executions.create, taken(), paper(), at_revision=2)
    assert rows(connection, "key") == []


def test_trade_does_not_end_before_it_began(connection: psycopg.Connection, ask: Asker) -> None:
    opportunities.write(connection, [judged(AT + timedelta(seconds=1))])
    began = AT + timedelta(seconds=5)
    assert ask(arbitrage_executions.create, taken(), paper(began), at_revision=1)
    opportunities.write(connection, [opportunity(3)])
    ended = ask(arbitrage_executions.trade_of, taken())
    assert (ended.outcome, ended.exit_time, ended.updated_at) == ("loss", began, began)


def test_trade_that_ended_is_not_written_again(connection: psycopg.Connection, ask: Asker) -> None:
    opportunities.write(connection, [opportunity(1)])
    assert ask(arbitrage_executions.create, taken(), paper(), at_revision=0)
    opportunities.write(connection, [judged(AT + timedelta(seconds=1))])
    (before,) = rows(connection, "ended, xmin::text")
    opportunities.write(connection, [opportunity(3)])
    assert rows(connection, "ended, xmin::text") == [before]
    assert before[0] is True
