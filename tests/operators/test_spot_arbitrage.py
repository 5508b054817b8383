"""Opportunities from their opening to their settlement."""

from decimal import Decimal as D

import pytest

from domain.clock import SECOND
from domain.quotes import ASK, DROP
from tests.operators.arbitrage_feed import (
    A_NO,
    B_NO,
    C_NO,
    MS,
    changes,
    feed,
    opened,
)
from tests.prediction import beat, level, message, quote


def test_lifecycle_of_an_opportunity() -> None:
    made, first = opened()
    assert (first.kind, first.code, first.change, first.size, first.payoff) == ("buy_all_no", "P4", "opened", 100, 2)
    bigger = feed(made, message(level(C_NO, 100 * MS, ASK, "0.69", "50")))
    assert changes(bigger) == [("updated", None)]
    end = feed(made, message(level(B_NO, 150 * MS, ASK, "0.65", "0")))
    assert changes(end) == [("closed", "edge gone")]
    judged = feed(made, beat(SECOND))
    assert changes(judged) == [("settled", "edge gone")] * 2
    assert {each.id for each in (first, *bigger, *end, *judged)} == {first.id}
    assert [each.revision for each in (first, *bigger, *end, *judged)] == [0, 1, 2, 3, 4]
    assert [each.plan.revision for each in (first, *bigger, *end, *judged)] == [0, 1, 1, 1, 1]
    assert [each.settlement.revision for each in judged if each.settlement] == [0, 1], "each plan is judged"
    assert judged[0].best_edge == max(first.edge, bigger[0].edge) > first.edge
    assert judged[0].duration_s == 0.15
    again = feed(made, message(level(B_NO, 2 * SECOND, ASK, "0.65", "100")))
    assert changes(again) == [("opened", None)]
    assert again[0].id != first.id


def test_the_figures_are_those_of_the_walk() -> None:
    """40 sets at .60 and 60 at .61, beside .65 and .70; r = .04."""
    _, found = opened()
    fees = D("0.04") * (40 * D("0.24") + 60 * D("0.2379") + 100 * (D("0.2275") + D("0.21")))
    assert found.gross == 200 - 40 * D("0.60") - 60 * D("0.61") - 65 - 70
    assert found.fees == fees
    assert found.net == found.gross - fees
    assert found.capital == 200 - found.gross
    assert found.edge == pytest.approx(float(found.net / 100), abs=1e-15)
    thin, *others = found.plan.legs
    assert (thin.token, thin.limit_price, thin.levels, thin.visible_size) == (B_NO, D("0.65"), 1, 100)
    assert [leg.token for leg in others] == [A_NO, C_NO], "the thinnest first"
    assert others[0].average_price == D("0.606")
    assert others[0].limit_price == D("0.61")
    tick = 100 * (D("0.01") + D("0.04") * (D("0.66") * D("0.34") - D("0.65") * D("0.35")))
    assert found.edge_after_1_tick == pytest.approx(float((found.net - tick - D("0.0001") * found.capital) / 100))


def test_immaterial_change_is_not_published_but_counts_for_the_best() -> None:
    made, first = opened()
    assert feed(made, message(level(A_NO, MS, ASK, "0.60", "44"))) == []
    (end,) = feed(made, beat(SECOND), message(level(B_NO, 2 * SECOND, ASK, "0.65", "0")))[-1:]
    assert first.best_edge < end.best_edge < 1.1 * first.best_edge


@pytest.mark.parametrize(
    ("settled", "size", "late", "fills"),
    [
        ((level(A_NO, 200 * MS, ASK, "0.60", "80"),), 100, None, [1.0, 1.0, 1.0]),
        ((level(C_NO, 200 * MS, ASK, "0.70", "30"),), 30, C_NO, [1.0, 1.0, 0.3]),
        ((level(B_NO, 200 * MS, ASK, "0.65", "50"),), 50, B_NO, [0.5, 0.5, 0.5]),
        ((level(B_NO, 200 * MS, ASK, "0.65", "0"),), 0, B_NO, [0.0, 0.0, 0.0]),
        ((level(B_NO, 300 * MS, ASK, "0.65", "0"),), 100, None, [1.0, 1.0, 1.0]),
    ],
)
def test_the_plan_is_settled_against_the_books_one_latency_later(settled, size, late, fills) -> None:
    made, first = opened()
    told = feed(made, *(message(rows) for rows in settled), beat(SECOND))
    judged = next(each.settlement for each in told if each.change == "settled")
    assert judged
    assert (judged.size, judged.late_leg, judged.fills) == (size, late, fills)
    assert judged.outcome == ("filled" if size == 100 else "partial" if size else "missed")
    assert (judged.judged_at - first.opened_at).total_seconds() == 0.25
    assert judged.net is not None
    if size == 100:
        assert judged.net >= first.net
    elif late == C_NO:
        assert judged.net < 0, "what stood alone was undone at the bids"


def test_missing_book_leaves_the_plan_unjudged() -> None:
    made, _ = opened()
    told = feed(made, message(quote(C_NO, DROP, 200 * MS)), beat(SECOND))
    assert changes(told) == [("closed", "book void: feed interrupted"), ("settled", "book void: feed interrupted")]
    assert told[1].settlement
    assert (told[1].settlement.outcome, told[1].settlement.net) == ("unjudged", None)
