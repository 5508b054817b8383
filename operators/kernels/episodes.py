"""Episodes: fills of one wallet, token and side that follow each other closely, and the markets they fall in.

Open episodes stand in a pool; each is found through a chain of those whose hash is the same, and all
stand in one list, the one that was touched longest ago first, so that those whose time is up are at
its head. Market 0 is no market: its sketch is that of all markets together.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.sketch import fade, place_of, rank_of, rank_then_add
from operators.kernels.slots import find_slot

EPISODE = np.dtype(
    [(name, "<i8") for name in ("wallet", "instrument", "market", "opened_at", "first_at", "last_at", "touched_at")]
    + [(name, "<i8") for name in ("chain", "older", "newer")]
    + [(name, "<f8") for name in ("notional", "gain", "contracts", "told", "rank", "rank_n", "share")]
    + [(name, "<i4") for name in ("fills", "revision")]
    + [("side", "i1"), ("answer", "i1"), ("large", "u1"), ("judged", "u1"), ("gates", "<u2"), ("spare", "<u2")]
)
"""`market` is its slot, `answer` +1 or -1 for the market's first or second token; `told` is how large it
was when last told; `large` whether it was handed on as such, `judged` whether its gates were looked at."""
MARKET = np.dtype(
    [(name, "<i8") for name in ("slot", "market", "first", "second")]
    + [(name, "<i8") for name in ("seen_at", "started_at", "faded_at", "volume_at", "due_at")]
    + [("volume", "<f8"), ("state", "<i4"), ("told", "<i4")]
)
"""Its slot and number, and those of its tokens (0: none); newest time of its trades, or when it was over; the
end of its first episode (UNSET: none); when its sketch last faded; trailing volume in dollars, as of
`volume_at`; when it is due, as far as was told (0: unknown); whether somebody told of it, or it is but a token."""
VACANT, OPEN, OVER = 0, 1, 2
UNSET = -(1 << 62)
NOBODY = -1
"""No episode: the end of a chain or of the list."""

NOW, ROTATE_AT, STARTED_AT, FADED_AT, SEEN, HALF, EPISODES, FREE, OLDEST, NEWEST, MARKETS, FREE_MARKETS = range(12)
CLOCK = 12
"""Newest time; after which older ids are forgotten; end of the first episode, and when the sketch of all
markets last faded; ids in the newer half; which half that is; pool places ever used; first free one; ends of
the list; market slots ever used; how many are free."""

UNIT = 1e-6
"""Dollars are placed in sketches as parts of a million: these reach from 1 dollar to a million."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX_AGAIN = np.uint64(0xBF58476D1CE4E5B9)


@kernel
def mixed(one, other):
    """Two numbers as one with 64 well-mixed bits."""
    value = (np.uint64(one) * _MIX) ^ np.uint64(other)
    value = (value ^ (value >> np.uint64(29))) * _MIX_AGAIN
    return value ^ (value >> np.uint64(32))


@kernel
def chain_of(heads, wallet, instrument, side):
    """Index into `heads` of the chain in which the episode is, if it is open."""
    return np.int64(mixed(wallet + side, instrument) & np.uint64(heads.size - 1))


@kernel
def find_episode(episodes, heads, wallet, instrument, side):
    """Where the open episode is, or NOBODY."""
    at = heads[chain_of(heads, wallet, instrument, side)]
    while at != NOBODY:
        each = episodes[at]
        if each.wallet == wallet and each.instrument == instrument and each.side == side:
            break
        at = each.chain
    return at


@kernel
def append(episodes, clock, at):
    """Put an episode at the end of the list."""
    episodes[at].older, episodes[at].newer = clock[NEWEST], NOBODY
    if clock[NEWEST] == NOBODY:
        clock[OLDEST] = at
    else:
        episodes[clock[NEWEST]].newer = at
    clock[NEWEST] = at


@kernel
def unlink(episodes, clock, at):
    """Take an episode out of the list."""
    older, newer = episodes[at].older, episodes[at].newer
    if older == NOBODY:
        clock[OLDEST] = newer
    else:
        episodes[older].newer = newer
    if newer == NOBODY:
        clock[NEWEST] = older
    else:
        episodes[newer].older = older


@kernel
def open_episode(episodes, heads, clock, wallet, instrument, side):
    """A new episode without a fill, in its chain and at the end of the list."""
    at = clock[FREE]
    if at != NOBODY:
        clock[FREE] = episodes[at].chain
    else:
        at = clock[EPISODES]
        clock[EPISODES] += 1
    mine = episodes[at]
    mine.wallet, mine.instrument, mine.side = wallet, instrument, side
    mine.notional = mine.gain = mine.contracts = mine.told = 0.0
    mine.rank, mine.rank_n = np.nan, 0.0
    mine.fills = mine.revision = 0
    mine.large = mine.judged = mine.gates = 0
    head = chain_of(heads, wallet, instrument, side)
    mine.chain = heads[head]
    heads[head] = at
    append(episodes, clock, at)
    return at


@kernel
def leave(episodes, heads, clock, at):
    """Take an episode out of its chain and the list; its place is free."""
    mine = episodes[at]
    head = chain_of(heads, mine.wallet, mine.instrument, mine.side)
    before = heads[head]
    if before == at:
        heads[head] = mine.chain
    else:
        while episodes[before].chain != at:
            before = episodes[before].chain
        episodes[before].chain = mine.chain
    unlink(episodes, clock, at)
    mine.chain = clock[FREE]
    clock[FREE] = at


@kernel
def chain_all(episodes, heads, clock):
    """Fill the chains anew from the list."""
    at = clock[OLDEST]
    while at != NOBODY:
        mine = episodes[at]
        head = chain_of(heads, mine.wallet, mine.instrument, mine.side)
        mine.chain = heads[head]
        heads[head] = at
        at = mine.newer


@kernel
def index_tokens(keys, places, markets, first, last):
    """Put the tokens of the markets from slot `first` to before `last` into the table."""
    for slot in range(first, last):
        mine = markets[slot]
        for which in range(2):
            token = mine.second if which else mine.first
            if token:
                at = find_slot(keys, places, token)
                keys[at], places[at] = token, 2 * slot + which


@kernel
def learn_size(market, sketches, clock, at_ns, size, half_life):
    """Take the size of an ended episode (dollars) into what is usual in its market, and everywhere."""
    place = place_of(size * UNIT)
    if market.started_at == UNSET:
        market.started_at = market.faded_at = at_ns
        sketches[market.slot] = 0.0
    if clock[STARTED_AT] == UNSET:
        clock[STARTED_AT] = clock[FADED_AT] = at_ns
    if at_ns > market.faded_at:
        fade(sketches[market.slot], 2.0 ** (-(at_ns - market.faded_at) / half_life))
        market.faded_at = at_ns
    if at_ns > clock[FADED_AT]:
        fade(sketches[0], 2.0 ** (-(at_ns - clock[FADED_AT]) / half_life))
        clock[FADED_AT] = at_ns
    rank_then_add(sketches[market.slot], place, 1.0)
    rank_then_add(sketches[0], place, 1.0)


@kernel
def rank_in(market, sketches, clock, size, rules):
    """The share of recent episodes that were smaller than `size` dollars, by those of the market and all others.

    Where a market has few episodes, or was watched for less than `span`, all markets stand in for what
    it lacks: the mean of a Dirichlet process whose base is their distribution.

    Returns
    -------
    tuple
        The share, NaN while all markets together have too few; and the episodes of the market behind it.

    References
    ----------
    Ferguson, A Bayesian Analysis of Some Nonparametric Problems, 1973.
    """
    place = place_of(size * UNIT)
    weight = 0.0
    own = 0.0
    if market.started_at != UNSET:
        own, count = rank_of(sketches[market.slot], place)
        weight = count * 2.0 ** (-(clock[NOW] - market.faded_at) / rules.half_life)
    if clock[STARTED_AT] == UNSET or clock[NOW] - clock[STARTED_AT] < rules.span:
        return np.nan, weight
    overall, count = rank_of(sketches[0], place)
    if count * 2.0 ** (-(clock[NOW] - clock[FADED_AT]) / rules.half_life) < rules.baseline:
        return np.nan, weight
    trusted = weight * min(1.0, (clock[NOW] - market.started_at) / rules.span) if weight > 0.0 else 0.0
    return (trusted * own + rules.baseline * overall) / (trusted + rules.baseline), weight
