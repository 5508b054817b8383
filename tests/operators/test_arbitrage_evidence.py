"""Evidence of an opportunity about its tokens."""

import numpy as np

from domain.blocks import quotes_block
from domain.composites import ARBITRAGE
from domain.instruments import instrument_id
from domain.quotes import ASK
from operators.arbitrage_evidence import evidence_of
from tests.operators.arbitrage_feed import A_NO, B_NO, C_NO, EVENT, MS, books, machine
from tests.prediction import START, level, message


def test_evidence_of_a_leg_has_the_direction_of_its_order() -> None:
    made = machine(EVENT)
    rows = evidence_of(made.on_batch([quotes_block(books())])[0][0], 0.6)
    assert rows["instrument"].tolist() == [instrument_id(token) for token in (B_NO, A_NO, C_NO)]
    assert set(rows["ts"]) == {START}
    assert set(rows["direction"]) == {1}
    assert set(rows["kind"]) == {ARBITRAGE}
    assert set(rows["probability"]) == {0.6}
    assert np.all((rows["strength"] > 0.0) & (rows["strength"] <= 1.0))


def test_closing_an_opportunity_is_no_evidence() -> None:
    made = machine(EVENT)
    made.on_batch([quotes_block(books())])
    found, _ = made.on_batch([quotes_block(message(level(B_NO, MS, ASK, "0.65", "0")))])
    assert [each.change for each in found[0].opportunities] == ["closed"]
    assert evidence_of(found[0]).size == 0
