"""A recorded afternoon of trades: counts, and emitted and suppressed whales with their reasons."""

from collections import Counter

import numpy as np

from domain.whale_settings import WhaleSettings
from domain.whales import WhaleCounts
from tests.operators.recorded_whales import NAME, hushed, listed, recorded, said
from tests.recordings import recording

SMALL = "the lesser of its cost and its maximum gain is below the floor"
DEAR = "its price leaves little to gain"
UNKNOWN = "the usual size here is not yet known, and it is below the headline size"
USUAL = "its size is usual in this market"
COOLING = "the wallet was reported in this market shortly before"
COUNTS = WhaleCounts(accepted=9_777, duplicates=45, unknown=9_777, headlines=62)

TOLD = """
14:19:21 epl-mac-wes-2025-12-20-mac: $50,020 at 0.820, 74%
15:01:46 elc-she-bir-2025-12-20-she: $13,613 at 0.415, 81%
15:07:23 lal-lev-rso-2025-12-20-lev: $49,004 at 0.708, 74%
15:11:12 nfl-gb-chi-2025-12-20: $13,000 at 0.470, 57%
15:11:13 cfb-tulane-miss-2025-12-20: $100,000 at 0.892, 92%
15:25:34 bun-stu-hof-2025-12-20-stu: $18,286 at 0.490 in 2 fills, 59%
15:25:35 bun-stu-hof-2025-12-20-stu: $19,013 at 0.510 in 2 fills, 47%
15:28:36 bun-koe-uni-2025-12-20-total-2pt5: $25,433 at 0.570, 58%
15:28:37 bun-koe-uni-2025-12-20-total-2pt5: $12,085 at 0.430, 20%
15:44:01 nfl-gb-chi-2025-12-20: $53,000 at 0.530, 57%
15:44:01 nfl-gb-chi-2025-12-20: $63,544 at 0.530, 41%
16:05:05 nhl-nyi-buf-2025-12-20: $28,013 at 0.619, 63%
16:27:10 nfl-gb-chi-2025-12-20: $19,200 at 0.480, 10%
16:33:29 nhl-phi-nyr-2025-12-20: $14,302 at 0.560 in 4 fills, 66%
16:36:53 dota2-ts8-ty-2025-12-20: $12,131 at 0.490 in 2 fills, 18%
"""
"""Who was told of on 20 December 2025, while it was not yet known what is usual; no wallets."""


def test_counts_and_emitted_and_suppressed_whales():
    given = recorded(recording(NAME))
    assert given.trades.size == 9_824 - len(given.rejects)
    assert given.rejects == ["trade: market is missing"] * 2
    notional = given.trades["price"] * given.trades["size"]
    assert int((notional >= 10_000).sum()) == 62
    told = said(given, WhaleSettings())
    assert told.counts == COUNTS
    table = [
        line.replace("2025-12-20T", "")
        .replace("Z whale ", " ")
        .replace(": A wallet traded one outcome for ", ": ")
        .replace(" of the recent volume there.", "")
        for line in listed(given, told.rows)
    ]
    assert table == TOLD.strip().splitlines()
    assert hushed(told.rows) == Counter(
        {f"{SMALL}; {DEAR}; {UNKNOWN}": 179, UNKNOWN: 121, f"{SMALL}; {UNKNOWN}": 96, COOLING: 1}
    )


def test_without_sides_nobody_has_a_direction_and_nobody_agrees():
    told = said(recorded(recording(NAME)), WhaleSettings())
    assert not told.rows["direction"].any()
    assert not told.rows["kind"].any()


def test_smaller_whales_are_emitted_once_the_usual_size_is_known():
    told = said(recorded(recording(NAME)), WhaleSettings(span_h=1.0))
    assert told.counts == COUNTS
    assert hushed(told.rows) == Counter(
        {
            f"{SMALL}; {DEAR}; {USUAL}": 112,
            f"{SMALL}; {USUAL}": 68,
            f"{SMALL}; {DEAR}; {UNKNOWN}": 67,
            USUAL: 49,
            UNKNOWN: 49,
            f"{SMALL}; {UNKNOWN}": 28,
        }
    )
    emitted = told.rows[told.rows["status"] == 0]
    ranked = emitted[~np.isnan(emitted["rank"])]
    assert (emitted.size, ranked.size) == (39, 36)
    assert (ranked["rank"] >= 0.99).all()
    assert np.minimum(emitted["notional"], emitted["max_gain"]).min() >= 2_500.0
