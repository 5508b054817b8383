"""spot_whales: detect whales, consensus and disagreement in the trades of a shard's prediction markets.

An episode is large once the lesser of its cost and its maximum gain reaches the floor and its price leaves room
for gain; from then on it counts towards a consensus. It is reported when nearly all recent episodes of its market
were smaller or, while that distribution is not yet known, when it reaches the headline size; and again whenever it
has grown by the escalation factor. Within the cooldown after a whale, the same wallet is reported again in the same
market on escalation only. An episode that reached the floor in dollars but was never reported is emitted as
suppressed when it ends, with its failed gates.

Bad input: prices outside (0, 1), sizes not above 0, duplicates, trades beyond the allowed lateness and trades of
resolved markets are counted and skipped. A token without a known market is treated as a market of its own: it has
whales, but no second outcome and no resolution. Each trade of an unknown wallet is an episode of its own, and
counts towards no consensus.
"""

from typing import Any

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.blocks import read_block
from domain.clock import HOUR, MINUTE, SECOND
from domain.rows import concatenated
from domain.slices import EMITTED, SUPPRESSED
from domain.wallets import UNKNOWN
from domain.whale_settings import WhaleSettings
from domain.whales import CONSENSUS, COOLING, POSITION, TAKEN, WHALE, WHALE_ALONE, WhaleCounts, WhaleFindings
from operators.crowds import Agreement, Crowds
from operators.kernels.episode_gates import ENDED, FOUND, LARGE, REPORTED, SILENCED, Rules
from operators.kernels.episodes import NOW, UNSET
from operators.kernels.whale_scan import DONE, TALLY, scan_trades
from operators.names import Names
from operators.pools import Pools
from operators.state import freeze, thaw

VERSION = 3
Rows = NDArray[Any]


class SpotWhales(StatefulBatchLogic[bytes, WhaleFindings, bytes]):
    """State machine of the `spot_whales` step: the whales of one shard."""

    def __init__(self, settings: WhaleSettings, resume: bytes | None = None) -> None:
        self._rules = _rules(settings)
        self._cooldown = int(settings.cooldown_min * MINUTE)
        self._pools = Pools()
        self._tally = np.zeros(TALLY, np.int64)
        self._crowds = Crowds(settings)
        self._names = Names()
        self._cooling: dict[tuple[int, int], tuple[int, float]] = {}
        self._cooling_max = 1_024
        self._rows: list[Rows] = []
        self._positions: list[Rows] = []
        self._out = np.zeros(4_096, FOUND)
        if resume is not None:
            self._restore(thaw(VERSION, resume))

    def on_batch(self, values: list[bytes]) -> tuple[list[WhaleFindings], bool]:
        """Process blocks in log order; emit the findings with the watermark."""
        before = int(self._pools.clock[NOW])
        for block in values:
            kind, content = read_block(block)
            if kind == "trades":
                self._watch(content)
            elif kind == "names":
                self._names.learn_tokens(content)
            elif kind == "wallets":
                self._names.learn_wallets(content)
            elif kind == "markets":
                for group in content:
                    self._names.learn_group(group)
                    for market in group.markets:
                        found, resolution = self._pools.learn(market, self._rules, self._out)
                        self._add(found)
                        if resolution is not None:
                            self._positions.append(resolution)
                            self._crowds.forget(int(resolution["market"][0]))
        moved = self._pools.clock[NOW] > before or self._rows or self._positions or self._tally.any()
        findings = [self._findings()] if moved else []
        self._names.forget()
        return findings, False

    def on_eof(self) -> tuple[list[WhaleFindings], bool]:
        """Emit nothing: the end of the input may only be a pause, so episodes stay open."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        return freeze(
            VERSION,
            {
                **self._pools.state(),
                "tally": self._tally,
                "crowds": self._crowds.state(),
                "hushed": tuple(self._cooling.items()),
                "names": self._names.snapshot(),
            },
        )

    def _restore(self, values: dict[str, Any]) -> None:
        self._pools.restore(values)
        self._tally = values["tally"]
        self._crowds.restore(values["crowds"])
        self._cooling = dict(values["hushed"])
        self._names = Names(values["names"])

    def _watch(self, rows: Rows) -> None:
        pools = self._pools
        start, why = 0, -1
        while why != DONE:
            start, count, why = scan_trades(
                rows, start, pools.clock, self._rules, pools.arrays, pools.table, pools.free, pools.seen, self._out,
                self._tally,
            )  # fmt: skip
            self._add(self._out[:count])
            pools.make_room(why, self._rules)

    def _add(self, found: Rows) -> None:
        if not found.size:
            return
        ended = found[(found["what"] & ENDED) > 0]
        if ended.size:
            self._positions.append(_positions(ended))
        whales = found[(found["what"] & (LARGE | REPORTED | SILENCED)) > 0]
        if not whales.size:
            return
        rows = _whales(whales)
        for at in range(rows.size):
            what, row = whales["what"][at], rows[at : at + 1]
            if what & REPORTED:
                self._apply_cooldown(row)
            if what & (REPORTED | SILENCED):
                self._rows.append(row)
            if what & LARGE and row["wallet"][0] != UNKNOWN and row["direction"][0]:
                self._rows += [_agreed(each, row) for each in self._arrive(row[0])]

    def _arrive(self, row: Any) -> list[Agreement]:
        return self._crowds.arrive(
            int(row["market"]), int(row["ts"]), int(row["wallet"]), int(row["direction"]), float(row["notional"])
        )

    def _apply_cooldown(self, row: Rows) -> None:
        """Suppress a whale whose wallet was reported in this market within the cooldown and has not escalated."""
        key, now = (int(row["wallet"][0]), int(row["market"][0])), int(row["ts"][0])
        size = float(min(row["notional"][0], row["max_gain"][0]))
        last_at, last_size = self._cooling.get(key, (UNSET, 0.0))
        if now - last_at < self._cooldown and size < self._rules.escalation * last_size:
            row["status"], row["gates"] = SUPPRESSED, row["gates"] | COOLING
            return
        self._cooling[key] = (now, size)
        if len(self._cooling) > self._cooling_max:
            self._cooling = {key: each for key, each in self._cooling.items() if now - each[0] < self._cooldown}
            self._cooling_max = max(1_024, 2 * len(self._cooling))

    def _findings(self) -> WhaleFindings:
        counts = WhaleCounts(**dict(zip(WhaleCounts.__struct_fields__, map(int, self._tally), strict=True)))
        self._tally[:] = 0
        rows = concatenated(self._rows or [np.empty(0, WHALE)])
        positions = concatenated(self._positions or [np.empty(0, POSITION)])
        self._rows, self._positions = [], []
        # More may still be found at the newest instant itself, hence - 1.
        called = [self._names.called(row) for row in rows]
        return WhaleFindings(int(self._pools.clock[NOW]) - 1, rows, positions, counts, called)


def _rules(settings: WhaleSettings) -> Rules:
    return Rules(
        floor=settings.floor,
        headline=settings.headline,
        quantile=settings.quantile,
        baseline=settings.baseline,
        span=int(settings.span_h * HOUR),
        half_life=int(settings.half_life_h * HOUR),
        gap=int(settings.gap_s * SECOND),
        price_max=settings.price_max,
        escalation=settings.escalation,
        lateness=int(settings.lateness_s * SECOND),
        volume=int(settings.volume_h * HOUR),
        quiet=int(settings.quiet_d * 24 * HOUR),
        record_floor=settings.record_floor,
    )


def _whales(found: Rows) -> Rows:
    rows = np.zeros(found.size, WHALE)
    for name in ("ts", "opened_at", "first_at", "last_at", "instrument", "market", "wallet", "notional", "contracts"):
        rows[name] = found[name]
    for name in ("rank", "rank_n", "share", "fills", "gates", "revision", "side"):
        rows[name] = found[name]
    rows["first_token"] = found["first"]
    rows["max_gain"], rows["vwap"] = found["gain"], found["notional"] / found["contracts"]
    for name in ("posterior", "chance", "edge", "edge_se", "average_entry", "purity"):
        rows[name] = np.nan
    rows["kind"], rows["wallets"] = WHALE_ALONE, found["wallet"] != UNKNOWN
    rows["direction"] = found["side"] * found["answer"]
    rows["status"] = np.where(found["what"] & SILENCED, SUPPRESSED, EMITTED)
    return rows


def _positions(found: Rows) -> Rows:
    rows = np.zeros(found.size, POSITION)
    for name in ("ts", "market", "wallet", "contracts"):
        rows[name] = found[name]
    rows["paid"] = np.where(found["side"] > 0, found["notional"], found["gain"])
    rows["answer"], rows["kind"] = found["side"] * found["answer"], TAKEN
    return rows


def _agreed(found: Agreement, by: Rows) -> Rows:
    """Row of a consensus or disagreement that was completed by the whale `by`."""
    row = by.copy()
    for name in ("max_gain", "contracts", "vwap", "rank", "share"):
        row[name] = np.nan
    for name in ("wallet", "fills", "gates", "rank_n"):
        row[name] = 0
    row["kind"], row["status"] = found.kind, EMITTED
    for name in ("wallets", "against", "posterior", "chance", "notional", "opened_at", "first_at", "revision"):
        row[name] = getattr(found, name)
    row["instrument"], row["last_at"] = by["first_token"], by["ts"]
    row["side"] = row["direction"] = found.direction if found.kind == CONSENSUS else 0
    return row


@operator
def spot_whales(step_id: str, up: KeyedStream[bytes], settings: WhaleSettings) -> KeyedStream[WhaleFindings]:
    """Turn blocks keyed by shard into their whales."""
    return stateful_batch("episodes", up, lambda resume: SpotWhales(settings, resume))
