"""Whale scan: aggregate the trades of a shard into episodes, and report large and ended ones.

The clock is the newest time stamp of any row. A fill joins the episode of its wallet if the episode was last
updated within the gap by this clock, so that a late row within the allowed lateness counts as of now.
"""

import numpy as np

from domain.blocks import KIND_TRADE, NO_ID
from domain.wallets import UNKNOWN
from operators.kernels import kernel
from operators.kernels.episode_gates import REPORTED, end_episode, evaluate_gates, write_found
from operators.kernels.episodes import (
    EPISODES,
    FREE,
    FREE_MARKETS,
    HALF,
    MARKETS,
    NEWEST,
    NONE,
    NOW,
    OLDEST,
    OPEN,
    OVER,
    ROTATE_AT,
    SEEN,
    UNSET,
    append_newest,
    find_episode,
    mixed,
    open_episode,
    unlink,
)
from operators.kernels.seen_ids import place_of_id
from operators.kernels.slots import find_slot

DONE, OUT_FULL, NO_EPISODE, NO_MARKET, NO_ID_ROOM = range(5)
"""Stop reason of a pass: all rows processed, or the array that must grow before it can continue."""
ACCEPTED, DUPLICATES, LATE, BAD, ENDED_MARKETS, UNKNOWN_TOKENS, HEADLINES, CROWDED = range(8)
TALLY = 8
EPISODES_MAX, IDS_MAX = 1 << 17, 1 << 18
"""Bounds: open episodes, beyond which the oldest is ended early; ids in one half of the id set."""


@kernel
def scan_trades(rows, start, clock, rules, arrays, table, free, seen, out, tally):
    """Process rows of TRADE from `start` on.

    Parameters
    ----------
    arrays
        Markets, their sketches (markets, SIZE), the pool of episodes, and the heads of its hash chains.
    table
        Hash table from tokens to twice the slot of their market, plus 1 for the second token.
    free
        Stack of free market slots.
    seen
        (2, size) recent ids, 0 for a free entry.
    out
        FOUND; filled.

    Returns
    -------
    tuple
        The next row to process, the number of rows written to `out`, and the stop reason.
    """
    markets, _, episodes, _ = arrays
    count = 0
    for at in range(start, rows.size):
        row = rows[at]
        if row.kind == KIND_TRADE and not (0.0 < row.price < 1.0 and 0.0 < row.size < np.inf):
            tally[BAD] += 1
            continue
        number, place = np.int64(0), np.int64(0)
        if row.kind == KIND_TRADE and row.id != NO_ID:
            number = np.int64(mixed(row.instrument, row.id) | np.uint64(1))
            newer, older = seen[clock[HALF]], seen[1 - clock[HALF]]
            place = place_of_id(newer, number)
            if newer[place] or older[place_of_id(older, number)]:
                tally[DUPLICATES] += 1
                continue
        now = max(clock[NOW], row.ts)
        count, full = _end_those_due(now, clock, rules, arrays, out, count)
        if full:
            return at, count, OUT_FULL
        clock[NOW] = now
        if row.kind != KIND_TRADE:
            continue
        if now - row.ts > rules.lateness:
            tally[LATE] += 1
            continue
        # Check the capacity for all that this row may need before changing any state.
        if count + 3 > out.size:
            return at, count, OUT_FULL
        if 2 * clock[SEEN] >= seen.shape[1] and seen.shape[1] < IDS_MAX:
            return at, count, NO_ID_ROOM
        if clock[FREE] == NONE and clock[EPISODES] == episodes.size:
            if episodes.size < EPISODES_MAX:
                return at, count, NO_EPISODE
            tally[CROWDED] += 1
            count = end_episode(clock[OLDEST], clock[NOW], clock, rules, arrays, out, count)
        slot, answer = _market_of(row.instrument, clock, rules, markets, table, free)
        if slot == NONE:
            return at, count, NO_MARKET
        if row.id != NO_ID:
            if now > clock[ROTATE_AT] or 2 * clock[SEEN] >= seen.shape[1]:
                clock[HALF] = 1 - clock[HALF]
                seen[clock[HALF]] = 0
                clock[SEEN], clock[ROTATE_AT] = 0, now + rules.lateness
                place = place_of_id(seen[clock[HALF]], number)
            seen[clock[HALF], place] = number
            clock[SEEN] += 1
        market = markets[slot]
        if market.state == OVER:
            tally[ENDED_MARKETS] += 1
            continue
        tally[ACCEPTED] += 1
        tally[UNKNOWN_TOKENS] += 1 - market.told
        count = _fill(row, slot, answer, clock, rules, arrays, out, count, tally)
    return rows.size, count, DONE


@kernel
def end_market(slot, clock, rules, arrays, out):
    """End the open episodes of a market; return the number of rows written, and whether `out` was too small."""
    episodes = arrays[2]
    count = 0
    at = clock[OLDEST]
    while at != NONE:
        newer = episodes[at].newer
        if episodes[at].market == slot:
            if count == out.size:
                return count, True
            count = end_episode(at, clock[NOW], clock, rules, arrays, out, count)
        at = newer
    return count, False


@kernel
def _end_those_due(now, clock, rules, arrays, out, count):
    episodes = arrays[2]
    while clock[OLDEST] != NONE and now - episodes[clock[OLDEST]].touched_at > rules.gap:
        if count == out.size:
            return count, True
        at = clock[OLDEST]
        count = end_episode(at, episodes[at].touched_at + rules.gap + 1, clock, rules, arrays, out, count)
    return count, False


@kernel
def _market_of(instrument, clock, rules, markets, table, free):
    """Slot of a token's market, and +1 or -1 for its first or second token; an unknown token becomes a market."""
    keys, places = table
    at = find_slot(keys, places, instrument)
    slot, answer = NONE, 1
    if places[at] >= 0:
        slot, answer = places[at] >> 1, 1 - 2 * (places[at] & 1)
        market = markets[slot]
        if market.seen_at == UNSET:  # the market was added before the first time stamp
            market.seen_at = clock[NOW]
        quiet = clock[NOW] - market.seen_at > rules.quiet
        if quiet and market.state == OVER:  # expired: its token is treated as unknown
            if answer > 0:
                market.first = 0
            else:
                market.second = 0
            slot, answer = NONE, 1
        elif quiet:
            market.started_at, market.volume = UNSET, 0.0
    if slot == NONE:
        if clock[FREE_MARKETS] > 0:
            clock[FREE_MARKETS] -= 1
            slot = free[clock[FREE_MARKETS]]
        elif clock[MARKETS] < markets.size:
            slot = clock[MARKETS]
            clock[MARKETS] += 1
        else:
            return NONE, 1
        market = markets[slot]
        market.slot, market.market, market.first, market.second = slot, instrument, instrument, 0
        market.started_at, market.volume, market.state, market.told = UNSET, 0.0, OPEN, 0
        market.seen_at = clock[NOW]
        keys[at], places[at] = instrument, 2 * slot
    return slot, answer


@kernel
def _fill(row, slot, answer, clock, rules, arrays, out, count, tally):
    """Add a trade to its episode; report the episode if it is large now."""
    markets, sketches, episodes, heads = arrays
    market, now = markets[slot], clock[NOW]
    dollars = row.size * row.price
    if dollars >= rules.headline:
        tally[HEADLINES] += 1
    if market.volume > 0.0 and now > market.volume_at:
        market.volume *= np.exp(-(now - market.volume_at) / rules.volume)
    market.volume += dollars
    market.volume_at = market.seen_at = now

    at = find_episode(episodes, heads, row.wallet, row.instrument, row.side)
    if at == NONE:
        at = open_episode(episodes, heads, clock, row.wallet, row.instrument, row.side)
        mine = episodes[at]
        mine.market, mine.answer = slot, answer
        mine.opened_at, mine.first_at, mine.last_at = now, row.ts, row.ts
    elif clock[NEWEST] != at:
        unlink(episodes, clock, at)
        append_newest(episodes, clock, at)
    mine = episodes[at]
    mine.touched_at = now
    mine.first_at, mine.last_at = min(mine.first_at, row.ts), max(mine.last_at, row.ts)
    mine.fills += 1
    mine.contracts += row.size
    mine.notional += dollars
    mine.gain += row.size * (1.0 - row.price)
    if mine.notional >= rules.floor:
        what = evaluate_gates(mine, market, sketches, clock, rules)
        if what:
            write_found(out[count], mine, market, now, what)
            count += 1
            if what & REPORTED:
                mine.revision += 1
    if row.wallet == UNKNOWN:
        count = end_episode(at, now, clock, rules, arrays, out, count)  # the next fill may be another wallet's
    return count
