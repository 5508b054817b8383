"""Known markets: payouts after the resolution, and bounds of the state."""

from typing import Any

import msgspec
import numpy as np

from domain.clock import DAY, HOUR, MINUTE
from domain.evidence import EVIDENCE
from domain.slices import BAR, PAYOUT, SYNTHETIC
from operators.known_markets import DUE_NS, OVER_NS, KnownMarkets
from tests.builders import records
from tests.whales import START, market, token

HELD = ("open", "high", "low", "close")


def bars(name: str, *opened: int) -> np.ndarray:
    return records(BAR, *(bar(name, at) for at in opened))


def bar(name: str, opened: int) -> dict[str, Any]:
    return {"instrument": token(name), "open_time": opened, **dict.fromkeys(HELD, 0.4)}


def leg(name: str, at_ns: int) -> dict[str, Any]:
    return {"ts": at_ns, "instrument": token(name), "direction": 1}


def test_resolved_market_is_worth_its_payout() -> None:
    for winner, worth in (("yes", 1.0), ("no", 0.0), ("", 0.5)):
        known = KnownMarkets()
        known.update(market("a", "resolved", winner), START + MINUTE)
        known.update(market("a", "resolved", winner), START + HOUR)  # told again
        given = bars("a-yes", START, START + MINUTE, START + OVER_NS + 2 * MINUTE)
        paid = known.with_payouts(given)
        assert [row[name] for row in paid for name in HELD] == [0.4] * 4 + [worth] * 4 + [0.4] * 4
        assert paid["flags"].tolist() == [0, SYNTHETIC | PAYOUT, 0]
        assert np.all(given["close"] == 0.4)


def test_reopened_market_is_not_resolved() -> None:
    known = KnownMarkets()
    known.update(market("a", "resolved", "yes"), START)
    known.update(market("a"), START + 1)
    assert np.all(known.with_payouts(bars("a-yes", START + MINUTE))["close"] == 0.4)


def test_legs_are_expressed_in_first_outcomes() -> None:
    known = KnownMarkets()
    known.update(market("a"), START)
    rows = records(EVIDENCE, *(leg(name, START) for name in ("a-yes", "a-no", "b-no")))
    told = known.as_first_outcome(rows)
    assert told["instrument"].tolist() == [token(name) for name in ("a-yes", "a-yes", "b-no")]
    assert told["direction"].tolist() == [1, -1, 1]


def test_markets_are_kept_until_they_are_long_over_or_long_due() -> None:
    known = KnownMarkets()
    known.update(market("a", "resolved", "yes"), START)
    known.update(msgspec.structs.replace(market("b"), closes_at_ns=START + DAY), START)
    known.update(market("c"), START)
    left = []
    for now in (START, START + OVER_NS, START + OVER_NS + HOUR, START + DAY + DUE_NS, START + 2 * DAY + DUE_NS):
        known.evict(now)
        left.append(len(known))
    assert left == [3, 3, 2, 2, 1]


def test_memory_is_freed_at_most_once_an_hour() -> None:
    known, over = KnownMarkets(), START + OVER_NS
    known.update(market("a", "resolved", "yes"), START)
    left = []
    for now in (over, over + HOUR - 1, over + HOUR):
        known.evict(now)
        left.append(len(known))
    assert left == [1, 1, 0]


def test_a_market_that_is_told_of_after_it_was_due_is_known_as_long_as_from_then_on() -> None:
    known, due = KnownMarkets(), msgspec.structs.replace(market("b"), closes_at_ns=START + DAY)
    known.update(due, START + 9 * DAY)
    known.evict(START + 9 * DAY + DUE_NS)
    assert known.fees(due.yes.instrument, START + 9 * DAY + DUE_NS) == due.fees
    assert known.fees(due.yes.instrument, START + 9 * DAY + DUE_NS + 1) is None
    assert known.fees(token("a-yes"), START) is None


def test_results_do_not_depend_on_the_time_of_eviction() -> None:
    late = records(EVIDENCE, leg("b-no", START + DUE_NS + 2 * DAY))
    swept, not_swept = KnownMarkets(), KnownMarkets()
    for known in (swept, not_swept):
        known.update(msgspec.structs.replace(market("b"), closes_at_ns=START + DAY), START)
    swept.evict(int(late["ts"][0]))
    assert swept.as_first_outcome(late).tobytes() == not_swept.as_first_outcome(late).tobytes() == late.tobytes()


def test_state_is_restored() -> None:
    known, resumed = KnownMarkets(), KnownMarkets()
    known.update(market("a", "resolved", "no"), START)
    known.update(market("b"), START)
    resumed.restore(known.state())
    assert resumed.state() == known.state()
    assert np.all(resumed.with_payouts(bars("a-yes", START + MINUTE))["close"] == 0.0)
