"""Finding tables: whales, the track records of wallets, and opportunities as Arrow tables."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

from domain.opportunities import Opportunity
from domain.whale_trades import Wallet, WhaleTrade
from flows.sinks.slice_tables import TIME

Columns = dict[str, pa.DataType]
_TEXT: Final[pa.DataType] = pa.string()
_NUMBER: Final[pa.DataType] = pa.float64()
_COUNT: Final[pa.DataType] = pa.int32()
_FLAG: Final[pa.DataType] = pa.bool_()
_RECORD: Final[Columns] = {
    "markets": _COUNT,
    "edge": _NUMBER,
    "edge_se": _NUMBER,
    "average_entry": _NUMBER,
    "purity": _NUMBER,
    "flags": pa.list_(_TEXT),
}
_WHALES: Final[Columns] = {
    **dict.fromkeys(("id", "kind", "token", "market", "slug", "outcome", "wallet"), _TEXT),
    **dict.fromkeys(("detected_at", "first_at", "last_at"), TIME),
    "side": _TEXT,
    "direction": pa.int8(),
    **dict.fromkeys(("notional", "max_gain", "contracts", "vwap"), _NUMBER),
    "fills": _COUNT,
    **dict.fromkeys(("rank", "rank_n", "share"), _NUMBER),
    **dict.fromkeys(("wallets", "against"), _COUNT),
    **dict.fromkeys(("posterior", "chance"), _NUMBER),
    "record": pa.struct(list(_RECORD.items())),
    "revision": _COUNT,
    **dict.fromkeys(("status", "suppressed_reason", "reason"), _TEXT),
    "simulated": _FLAG,
}
_WALLETS: Final[Columns] = {"id": _TEXT, "seen_at": TIME, **_RECORD}
_MONEY: Final = ("size", "payoff", "gross", "fees", "gas", "net", "capital", "best_size")
_OPPORTUNITIES: Final[Columns] = {
    **dict.fromkeys(("id", "kind", "code", "group", "slug", "title", "change"), _TEXT),
    "revision": _COUNT,
    **dict.fromkeys(("opened_at", "updated_at", "closed_at"), TIME),
    "close_reason": _TEXT,
    **dict.fromkeys((*_MONEY[:-1], "edge", "edge_after_1_tick", "roi", "apr"), _NUMBER),
    **dict.fromkeys(("best_edge", "best_net", "best_size", "duration_s"), _NUMBER),
    **dict.fromkeys(("grade", "exhaustiveness", "rule_equivalence", "fee_certainty", "market_state"), _TEXT),
    **dict.fromkeys(("leg_risk", "staleness_ms", "skew_ms", "time_lock_days"), _NUMBER),
    "reasons": pa.list_(_TEXT),
    "legs": _COUNT,
    **dict.fromkeys(("execution_plan", "risk_assessment", "settlement"), _TEXT),
    "simulated": _FLAG,
}
_RISK: Final = (
    *("grade", "exhaustiveness", "rule_equivalence", "fee_certainty", "market_state"),
    *("leg_risk", "staleness_ms", "skew_ms", "time_lock_days", "reasons"),
)


def whale_trades(records: Sequence[WhaleTrade]) -> pa.Table:
    """Whales, consensus and disagreement, emitted and suppressed; the highest revision of an id is current."""
    return _table(_WHALES, [{**_fields(one), "record": _fields(one.record)} for one in records])


def wallets(records: Sequence[Wallet]) -> pa.Table:
    """Wallets with their track records."""
    return _table(_WALLETS, [{"id": one.id, "seen_at": one.seen_at, **_fields(one.record)} for one in records])


def opportunities(changes: Sequence[Opportunity]) -> pa.Table:
    """Every change of every opportunity; the highest revision of an id is current.

    Plan, risk and settlement are JSON, with exact decimals; scalar fields of the risk have columns as well.
    """
    return _table(_OPPORTUNITIES, [_row(one) for one in changes])


def _row(one: Opportunity) -> dict[str, Any]:
    fields = _fields(one)
    return {
        **{name: fields[name] for name in _OPPORTUNITIES if name in fields},
        **{name: float(fields[name]) for name in _MONEY},
        **{name: getattr(one.risk, name) for name in _RISK},
        "legs": len(one.plan.legs),
        "execution_plan": _json(one.plan),
        "risk_assessment": _json(one.risk),
        "settlement": None if one.settlement is None else _json(one.settlement),
    }


def _fields(one: msgspec.Struct | None) -> dict[str, Any]:
    return {} if one is None else {name: getattr(one, name) for name in one.__struct_fields__}


def _json(one: msgspec.Struct) -> str:
    return msgspec.json.encode(one).decode()


def _table(columns: Columns, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema(list(columns.items())))
