"""`align`: one order for any arrival order of the shards; and `relate` on top of it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.aligned import ORDER, Aligned
from domain.clock import MINUTE
from domain.frames import parse_frames
from domain.instruments import instrument_id
from domain.slices import BAR, CANDIDATE, EVENT, FIRST, OUTCOME, Slice
from operators.align import Align
from operators.kernels.relation import PAIR, add_pair
from operators.relate import ALPHA, WARMUP, Relate
from tests.naive import canonical

SHARDS = ("a", "b", "c")
FAMILIES = (*ORDER, "decided")
FRAMES = parse_frames(("1m", "5m"))


def shard_log(shard, count=30):
    """What one shard concludes, as Slices of one minute each."""
    rng = np.random.default_rng(shard)
    slices = []
    for minute in range(1, count + 1):
        bars = np.zeros(2, BAR)
        bars["slot"], bars["instrument"], bars["close_time"] = [0, 1], [shard * 10, shard * 10 + 1], minute * MINUTE
        bars["close"] = rng.random(2)
        made = {}
        for name, dtype in (("events", EVENT), ("candidates", CANDIDATE), ("outcomes", OUTCOME)):
            rows = np.zeros(int(rng.integers(0, 3)), dtype)
            rows["ts"], rows["instrument"] = minute * MINUTE, shard * 10
            rows["confidence" if name != "events" else "strength"] = rng.random(rows.size)
            if name == "outcomes":
                rows["exit_at"] = minute * MINUTE
            else:
                rows["detector" if name == "events" else "strategy"] = np.arange(rows.size)
            made[name] = rows
        made["candidates"]["row"] = rng.integers(0, 2, made["candidates"].size)
        slices.append(
            Slice(minute * MINUTE, names=(f"t:{shard}0", f"t:{shard}1"), bars=bars, features=rng.random((3, 2)), **made)
        )
    return slices


LOGS = {name: shard_log(at) for at, name in enumerate(SHARDS)}


def released(batches, *, cut=None):
    """What comes out, whole; with a restart before batch `cut`."""
    align = Align(3, shards=len(SHARDS))
    out = []
    for at, batch in enumerate(batches):
        if at == cut:
            align = Align(3, align.snapshot(), shards=len(SHARDS))
        out += align.on_batch(batch)[0]
    return out


def bytes_of(out):
    return {family: b"".join(canonical(getattr(each, family)) for each in out) for family in FAMILIES}


ONE_BY_ONE = [[(name, LOGS[name][at])] for at in range(30) for name in SHARDS]


@settings(max_examples=60)
@given(st.data())
def test_order_does_not_depend_on_arrival(data):
    waiting = {name: list(LOGS[name]) for name in SHARDS}
    batches = []
    while any(waiting.values()):
        batch = []
        for _ in range(data.draw(st.integers(1, 8))):
            name = data.draw(st.sampled_from([name for name in SHARDS if waiting[name]] or [""]))
            if name:
                batch.append((name, waiting[name].pop(0)))
        batches.append(batch)
    cut = data.draw(st.integers(0, len(batches)))
    assert bytes_of(released(batches, cut=cut)) == bytes_of(released(ONE_BY_ONE))


def test_rows_come_out_in_their_order_and_all_of_them():
    out = released(ONE_BY_ONE)
    for family, order in ORDER.items():
        rows = np.concatenate([getattr(each, family) for each in out])
        keys = rows[list(order)].tolist()
        assert keys == sorted(keys)
        assert rows.size == sum(getattr(each, family).size for log in LOGS.values() for each in log)


def test_each_candidate_keeps_its_own_features():
    expected = {
        (int(c["ts"]), int(c["instrument"]), int(c["strategy"])): each.features[:, c["row"]].tolist()
        for log in LOGS.values() for each in log for c in each.candidates
    }  # fmt: skip
    for each in released(ONE_BY_ONE):
        for at, c in enumerate(each.candidates):
            assert each.decided[:, at].tolist() == expected[int(c["ts"]), int(c["instrument"]), int(c["strategy"])]


def test_nothing_is_released_before_every_shard_has_passed_it():
    align = Align(3, shards=3)
    assert align.on_batch([("a", LOGS["a"][5]), ("b", LOGS["b"][0])])[0] == []
    (out,) = align.on_batch([("c", LOGS["c"][0])])[0]
    assert out.watermark == MINUTE
    assert set(out.bars["close_time"]) == {MINUTE}
    assert set(out.names.values()) == {"t:10", "t:11", "t:20", "t:21"}


def test_names_of_expired_instruments_are_freed():
    align = Align(3, shards=1)
    for wave in range(1, 300):
        bars = np.zeros(10, BAR)
        bars["slot"], bars["instrument"], bars["close_time"] = np.arange(10), 10 * wave + np.arange(10), wave * MINUTE
        names = tuple(f"t:{instrument}" for instrument in bars["instrument"])
        (out,) = align.on_batch([("a", Slice(wave * MINUTE, names=names, bars=bars, features=np.zeros((3, 10))))])[0]
        assert set(out.names.values()) == set(names)
        assert len(align.snapshot()) < 20_000


X, Y = [0.01, -0.02, 0.015, -0.005, 0.025], [0.02, -0.01, 0.005, 0.0, 0.03]


def test_moments_equal_the_published_case():
    state = np.zeros(1, PAIR)
    for x, y in zip(X, Y, strict=True):
        add_pair(state[0], x, y, 0.06)
    assert state["covariance"][0] == pytest.approx(6.348110671558656e-05, rel=1e-12)
    assert state["variance_x"][0] == pytest.approx(7.098402773677057e-05, rel=1e-12)
    assert state["mean_x"][0] == pytest.approx(0.008824028800000001, rel=1e-12)


def market(count=200, missing=()):
    rng = np.random.default_rng(4)
    returns = rng.normal(0, 1e-3, (2, count))
    closes = 100 * np.exp(np.cumsum([returns[0], 0.7 * returns[0] + 0.5 * returns[1]], axis=1))
    names = ("v:BTCUSDT", "v:X")
    bars = np.zeros((count, 2), BAR)
    for at, name in enumerate(names):
        bars["close"][:, at], bars["instrument"][:, at] = closes[at], instrument_id(name)
    bars["close_time"] = (np.arange(1, count + 1) * MINUTE)[:, None]
    bars["open_time"] = bars["close_time"] - MINUTE
    kept = np.ones((count, 2), bool)
    kept[list(missing), 1] = False
    rows = bars[kept]
    rows = rows[np.lexsort([rows["instrument"], rows["close_time"]])]
    return Aligned(count * MINUTE, {instrument_id(name): name for name in names}, bars=rows), closes


def weighted(x, y):
    """Covariance under exponential weights, written out: the first pair has what is left of the weight."""
    weights = ALPHA * (1 - ALPHA) ** np.arange(x.size - 1, -1, -1.0)
    weights[0] /= ALPHA
    return (weights * (x - weights @ x) * (y - weights @ y)).sum()


def test_correlation_and_beta_equal_their_formulas():
    given_, closes = market()
    (out,) = Relate(FRAMES, "BTCUSDT").on_batch([given_])[0]
    y, x = np.diff(np.log(closes), axis=1)
    told = out.relations
    assert told["count"].tolist() == list(range(200))
    assert np.isnan(told["correlation"][:WARMUP]).all()
    for at in range(WARMUP, 200, 13):
        covariance, spread_x, spread_y = weighted(x[:at], y[:at]), weighted(x[:at], x[:at]), weighted(y[:at], y[:at])
        np.testing.assert_allclose(told["correlation"][at], covariance / np.sqrt(spread_x * spread_y), rtol=1e-9)
        np.testing.assert_allclose(told["beta"][at], covariance / spread_y, rtol=1e-9)


@settings(max_examples=20)
@given(st.integers(1, 199), st.sets(st.integers(1, 199), max_size=10))
def test_relate_resumes_anywhere(cut, missing):
    whole, _ = market(missing=sorted(missing))
    instant = np.searchsorted(whole.bars["close_time"], cut * MINUTE, side="right")
    parts = [Aligned(0, whole.names, bars=rows) for rows in (whole.bars[:instant], whole.bars[instant:])]
    first = Relate(FRAMES, "BTCUSDT")
    head = first.on_batch(parts[:1])[0]
    tail = Relate(FRAMES, "BTCUSDT", first.snapshot()).on_batch(parts[1:])[0]
    (unbroken,) = Relate(FRAMES, "BTCUSDT").on_batch([whole])[0]
    assert b"".join(each.relations.tobytes() for each in (*head, *tail)) == unbroken.relations.tobytes()


def test_a_missing_bar_is_no_pair():
    given_, _ = market(missing=(50,))
    (out,) = Relate(FRAMES, "BTCUSDT").on_batch([given_])[0]
    assert out.relations["count"][-1] == 199 - 2  # neither the return into the hole nor the one out of it


REFERENCE = "v:BTCUSDT"
PASSING = [f"v:S{number}" for number in range(300)]
NAMES = {instrument_id(name): name for name in (REFERENCE, *PASSING)}


def alive(name, minutes):
    """Bars of 1m over some minutes, and of 5m where they end, as roll makes them: the first of each is FIRST."""
    ends = [(end, 0) for end in minutes] + [(end, 1) for end in minutes if end % 5 == 0]
    bars = np.zeros(len(ends), BAR)
    bars["instrument"], bars["close"] = instrument_id(name), 100 + np.random.default_rng(len(ends)).random(len(ends))
    bars["close_time"], bars["frame"] = [end * MINUTE for end, _ in ends], [frame for _, frame in ends]
    for frame in (0, 1):
        bars["flags"][np.flatnonzero(bars["frame"] == frame)[:1]] = FIRST
    return bars


def coming_and_going(reference):
    """Each minute five come that stay for four minutes; the first come back in the end. In order, an array a minute."""
    lives = [alive(REFERENCE, range(first, last)) for first, last in reference]
    lives += [alive(name, range(1 + at // 5, 5 + at // 5)) for at, name in enumerate(PASSING)]
    lives += [alive(name, range(64, 70)) for name in PASSING[:5]]
    rows = np.concatenate(lives)
    rows = rows[np.lexsort([rows[column] for column in reversed(ORDER["bars"])])]
    return np.split(rows, np.flatnonzero(np.diff(rows["close_time"])) + 1)


def related(parts, *, restart=None):
    relate, out, sizes = Relate(FRAMES, "BTCUSDT"), [], []
    for at, rows in enumerate(parts):
        if at == restart:
            relate = Relate(FRAMES, "BTCUSDT", relate.snapshot())
        out += relate.on_batch([Aligned(0, NAMES, bars=rows)])[0]
        sizes.append(len(relate.snapshot()))
    return np.concatenate([each.relations for each in out]), sizes


def test_expired_instruments_are_freed():
    told, sizes = related(coming_and_going([(1, 70)]))
    assert max(sizes[30:]) <= max(sizes[:30])
    assert told.size > len(PASSING)


def test_returning_instrument_starts_afresh():
    told, _ = related(coming_and_going([(1, 70)]))
    mine = told[(told["instrument"] == instrument_id(PASSING[0])) & (told["frame"] == 0)]
    assert mine["count"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5]


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 70), min_size=4, max_size=4, unique=True).map(sorted),
    st.sets(st.integers(1, 68)),
    st.integers(0, 70),
)
def test_time_of_eviction_is_not_observable(times, cuts, restart):
    minutes = coming_and_going([times[:2], times[2:]])
    edges = [0, *sorted(cuts), len(minutes)]
    parts = [np.concatenate(minutes[start:end]) for start, end in pairwise(edges)]
    one_by_one, _ = related(minutes)
    assert related(parts, restart=restart)[0].tobytes() == one_by_one.tobytes()


def test_without_a_reference_nothing_is_related():
    given_, _ = market()
    (out,) = Relate(FRAMES, "ETHUSDT").on_batch([given_])[0]
    assert out.relations.size == 0
