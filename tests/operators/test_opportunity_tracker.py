"""Opportunity tracker: rows equal their documents, and annual returns."""

import math

import pytest

from domain.blocks import quotes_block
from domain.clock import DAY, SECOND, from_datetime
from domain.findings import Findings
from domain.instruments import instrument_id
from domain.opportunities import CHANGES, GRADES
from domain.quotes import DROP
from tests.operators.arbitrage_feed import C_NO, EVENT, MS, NAMES, books, feed, machine
from tests.prediction import START, beat, group, market, message, quote


def told(*blocks: bytes) -> list[Findings]:
    return machine(EVENT).on_batch(list(blocks))[0]


@pytest.mark.parametrize("gone", [False, True])
def test_row_equals_its_document(gone: bool) -> None:
    drop = [quotes_block(message(quote(C_NO, DROP, 200 * MS)))] if gone else []
    (found,) = told(quotes_block(books()), *drop, beat(SECOND))
    assert len(found.rows) == len(found.opportunities) == 2 + gone
    for row, one in zip(found.rows, found.opportunities, strict=True):
        judged = one.settlement if one.change == "settled" else None
        net, edge, size = (judged.net, judged.edge, judged.size) if judged else (one.net, one.edge, one.size)
        assert (row["net"], row["edge"]) == pytest.approx(
            (math.nan, math.nan) if net is None or edge is None else (float(net), edge), nan_ok=True
        )
        assert row["size"] == float(size)
        assert (CHANGES[row["change"]], GRADES[row["grade"]]) == (one.change, one.risk.grade)
        assert (row["at"], row["opened_at"]) == (from_datetime(one.updated_at), from_datetime(one.opened_at))
        assert f"{int(one.id[:16], 16) >> 1}" == f"{row['id']}"
        assert (row["group"], row["legs"]) == (instrument_id(one.group), len(one.plan.legs))
    assert [math.isnan(row["net"]) for row in found.rows] == [False] * (1 + gone) + [gone]


@pytest.mark.parametrize(("days", "lock", "times"), [(73, 73.0, 5.0), (None, None, None)])
def test_annual_return_is_given_where_the_payoff_date_is_known(
    days: int | None, lock: float | None, times: float | None
) -> None:
    closes_at_ns = START + days * DAY if days else 0
    markets = (market(name, mirrored=True, closes_at_ns=closes_at_ns) for name in NAMES)
    (found,) = feed(machine(group(*markets, exclusive=True)), books())
    assert found.risk.time_lock_days == lock
    assert found.apr == (times and pytest.approx(times * found.roi))
