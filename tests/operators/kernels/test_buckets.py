"""Token buckets: a burst of one hour's worth, then a constant rate."""

import numpy as np

from domain.clock import HOUR, MINUTE
from operators.kernels.buckets import refill
from tests.builders import START

BUCKET = np.dtype([("credit", "<i8"), ("filled_at", "<i8")])


def spent(instants, an_hour):
    """How many get through, one asking at each instant."""
    bucket, price, through = np.zeros(1, BUCKET), HOUR // an_hour, []
    for at in instants:
        through.append(refill(bucket[0], at) >= price)
        if through[-1]:
            bucket["credit"] -= price
    return through


def test_bucket_permits_one_burst_of_an_hour():
    assert sum(spent([START] * 50, 12)) == 12


def test_it_fills_evenly_and_exactly():
    asks = [START] * 12 + [START + minute * MINUTE for minute in range(1, 61)]
    assert sum(spent(asks, 12)[12:]) == 12
    assert spent(asks, 12)[12:22] == [False] * 4 + [True] + [False] * 4 + [True]


def test_refused_request_costs_no_credit():
    often = [START] * 12 + [START + second for second in range(0, 5 * MINUTE, 10**9)] + [START + 5 * MINUTE]
    assert spent(often, 12)[-1]
