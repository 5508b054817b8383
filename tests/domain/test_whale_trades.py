"""Texts of whales, word by word."""

import msgspec
import numpy as np

from domain.clock import MINUTE, to_datetime
from domain.composites import WHALE as COMPONENT_WHALE
from domain.evidence import EVIDENCE
from domain.ids import whale_id
from domain.slices import SUPPRESSED
from domain.wallets import wallet_id
from domain.whale_trades import WalletRecord, WhaleTrade, reason_of, record_of, whale_trade
from domain.whales import CONSENSUS, COOLING, DEAR, DISAGREEMENT, FARMER, MAKER, WHALE, evidence_of
from tests.builders import records

AT = 1_767_225_600_000_000_000
NOBODY = dict.fromkeys(("rank", "posterior", "chance", "edge", "edge_se", "average_entry", "purity"), np.nan)
OWNER = wallet_id("0x11")
BOUGHT = NOBODY | {
    "ts": AT, "opened_at": AT - MINUTE, "first_at": AT - MINUTE, "last_at": AT, "instrument": 5, "first_token": 4,
    "market": 3, "wallet": OWNER, "notional": 12_345.6, "max_gain": 20_000.0, "contracts": 32_345.6, "vwap": 0.381678,
    "share": 0.25, "fills": 3, "wallets": 1, "side": 1, "direction": -1,
}  # fmt: skip
AGREED = BOUGHT | {
    "kind": CONSENSUS, "wallet": 0, "wallets": 5, "against": 1, "posterior": 0.98, "chance": 2.4e-6, "side": -1,
    "first_at": AT - 7 * MINUTE, "fills": 0,
} | dict.fromkeys(("max_gain", "contracts", "vwap", "share"), np.nan)  # fmt: skip


def row(**given):
    return records(WHALE, given)[0]


def test_reason_of_a_whale():
    assert reason_of(row(**BOUGHT), "No") == (
        "A wallet bought 'No' for $12,346 at 0.382 in 3 fills, 25% of the recent volume there."
    )
    known = BOUGHT | {"rank": 0.9951, "markets": 40, "edge": -0.0123, "side": -1, "fills": 1}
    assert reason_of(row(**known)) == (
        "A wallet sold one outcome for $12,346 at 0.382, more than 99.51% of recent episodes there, 25% of the recent "
        "volume there; its earlier edge is -0.012 per contract over 40 markets, shrunk."
    )
    hushed = BOUGHT | {"status": SUPPRESSED, "gates": DEAR | COOLING, "side": 0, "wallet": 0, "fills": 1}
    assert reason_of(row(**hushed)) == (
        "An unknown wallet traded one outcome for $12,346 at 0.382, 25% of the recent volume there; suppressed, "
        "because its price leaves little to gain; the wallet was reported in this market shortly before."
    )


def test_reason_of_a_consensus_and_of_a_disagreement():
    assert reason_of(row(**AGREED), "Yes") == (
        "5 large wallets trade against 'Yes' within 7 minutes for $12,346 or more, 1 wallet opposed; the "
        "probability of as many by chance is 2e-06."
    )
    torn = AGREED | {"kind": DISAGREEMENT, "against": 2, "direction": 0, "first_at": AT}
    assert reason_of(row(**torn)) == (
        "5 large wallets disagree within 1 minute, 3 on one side and 2 on the other side of the first outcome; the "
        "probability of as many by chance is 2e-06."
    )


def test_public_record_of_a_whale():
    given = row(**BOUGHT, flags=FARMER | MAKER)
    told = whale_trade(given, token="sim:no", market="sim:m", slug="m", outcome="No", wallet="0x11", simulated=True)
    assert told == WhaleTrade(
        id=whale_id("whale", 3, 5, OWNER, 1, AT - MINUTE),
        kind="whale",
        token="sim:no",
        market="sim:m",
        slug="m",
        outcome="No",
        wallet="0x11",
        detected_at=to_datetime(AT),
        first_at=to_datetime(AT - MINUTE),
        last_at=to_datetime(AT),
        side="buy",
        direction=-1,
        notional=12_345.6,
        max_gain=20_000.0,
        contracts=32_345.6,
        vwap=0.381678,
        fills=3,
        rank=None,
        rank_n=0.0,
        share=0.25,
        wallets=1,
        against=0,
        posterior=None,
        chance=None,
        record=WalletRecord(
            markets=0,
            edge=None,
            edge_se=None,
            average_entry=None,
            purity=None,
            flags=["mostly buys what is nearly certain", "trades both sides"],
        ),
        revision=0,
        status="emitted",
        suppressed_reason=None,
        reason=reason_of(given, "No"),
        simulated=True,
    )
    assert msgspec.json.decode(msgspec.json.encode(told), type=WhaleTrade) == told


def test_missing_names_fall_back_to_numbers():
    told = whale_trade(row(**BOUGHT), token="sim:no")
    assert (told.market, told.slug, told.wallet) == ("sim:no", "sim:no", str(OWNER))
    agreed = whale_trade(row(**AGREED), token="sim:yes")
    assert (agreed.wallet, agreed.record, agreed.vwap, agreed.wallets) == (None, None, None, 5)
    assert record_of(row(**BOUGHT)).flags == []


def test_only_emitted_whales_of_known_wallets_are_evidence():
    rows = records(
        WHALE, BOUGHT, AGREED, BOUGHT | {"status": SUPPRESSED}, BOUGHT | {"wallet": 0}, BOUGHT | {"direction": 0}
    )
    evidence = evidence_of(rows)
    assert evidence.dtype == EVIDENCE
    names = ["ts", "instrument", "source", "kind", "direction"]
    assert evidence[names].tolist() == [(AT, 4, OWNER, COMPONENT_WHALE, -1)]
    assert 0.57 < evidence["strength"][0] < 0.58
    assert np.isnan(evidence["probability"]).all()
