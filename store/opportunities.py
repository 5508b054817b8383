"""Opportunities: arbitrage opportunities at their latest revision, published with every batch that changes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from domain.opportunities import ExecutionPlan, Opportunity, RiskAssessment, Settlement
from store import arbitrage_executions
from store.listing import Listing
from store.outbox_table import OutboxTable
from store.postgres import Pool, map_errors

_COLUMNS: Final = {
    "id": "text",
    "kind": "text",
    "code": "text",
    "group_name": "text",
    "slug": "text",
    "title": "text",
    "change": "text",
    "revision": "int4",
    "opened_at": "timestamptz",
    "updated_at": "timestamptz",
    "closed_at": "timestamptz",
    "close_reason": "text",
    "size": "numeric",
    "payoff": "numeric",
    "gross": "numeric",
    "fees": "numeric",
    "gas": "numeric",
    "net": "numeric",
    "capital": "numeric",
    "edge": "float8",
    "edge_after_1_tick": "float8",
    "roi": "float8",
    "apr": "float8",
    "best_edge": "float8",
    "best_net": "float8",
    "best_size": "numeric",
    "duration_s": "float8",
    "plan": "json",
    "risk": "json",
    "settlement": "json",
    "simulated": "boolean",
}
"""Name and Postgres type, in the order of the table and of `Opportunity`, whose `group` is a reserved word in SQL."""

_DOCUMENTS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    "plan": msgspec.json.Decoder(ExecutionPlan),
    "risk": msgspec.json.Decoder(RiskAssessment),
    "settlement": msgspec.json.Decoder(Settlement | None),
}

_TABLE: Final = OutboxTable(
    "arbitrage_opportunities", "arbitrage", _COLUMNS, replace_if="old.revision < excluded.revision"
)
_SELECTED: Final = ", ".join(f"{name}::text" if name in _DOCUMENTS else name for name in _COLUMNS)


class _Row(Opportunity, frozen=True, kw_only=True):
    group_name: str


def _opportunity(row: tuple[Any, ...]) -> Opportunity:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["group"] = values.pop("group_name")
    for name, decoder in _DOCUMENTS.items():
        values[name] = decoder.decode(values[name])
    return Opportunity(**values)


LISTING: Final = Listing(
    "arbitrage_opportunities",
    "opened_at",
    _SELECTED,
    {
        "open": "(closed_at IS NULL) = %(open)s",
        "kind": "kind = %(kind)s",
        "group": "group_name = %(group)s",
        "slug": "slug = %(slug)s",
        "min_edge": "edge >= %(min_edge)s",
        "min_net": "net >= %(min_net)s",
        "simulated": "simulated = %(simulated)s",
        "since": "opened_at >= %(since)s",
        "until": "opened_at < %(until)s",
        "changed_since": "updated_at >= %(changed_since)s",
    },
    _opportunity,
    version="revision",
)
"""Opportunities, by (opened_at, id) descending."""


def write(connection: psycopg.Connection, opportunities: Sequence[Opportunity]) -> int:
    """Write opportunities at their latest revision, and an outbox row for each that is newer than the stored one.

    Also ends the paper trades of opportunities whose plan was settled (store/arbitrage_executions.py).

    Call it in a transaction, and `outbox.drain` after the commit. Of several revisions in a batch only the latest is
    published; it includes the earlier ones.

    Returns
    -------
    int
        The number of outbox rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    latest: dict[str, Opportunity] = {}
    for each in sorted(opportunities, key=lambda one: one.revision):
        latest[each.id] = each
    ordered = sorted(latest.values(), key=lambda one: (one.updated_at, one.id))
    rows = [_Row(**msgspec.structs.asdict(each), group_name=each.group) for each in ordered]
    published = _TABLE.write(connection, rows, ordered)
    return published + (arbitrage_executions.settle(connection, opportunities) if ordered else 0)


async def best(pool: Pool, *, limit: int) -> list[Opportunity]:
    """Open opportunities, highest net profit first.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    query = f"""
        SELECT {_SELECTED} FROM arbitrage_opportunities WHERE closed_at IS NULL ORDER BY net DESC, id LIMIT %s
    """  # noqa: S608  names of columns, no user input
    with map_errors():
        async with pool.connection() as connection:
            return [_opportunity(row) for row in await (await connection.execute(query, (limit,))).fetchall()]


async def changed_at(pool: Pool) -> datetime | None:
    """Time of the latest change of any opportunity; None if there are none.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT max(updated_at) FROM arbitrage_opportunities")
            row = await cursor.fetchone()
    return row[0] if row else None
