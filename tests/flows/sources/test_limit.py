import re

import pytest

from domain.errors import RejectLimitError
from domain.slices import Reject
from flows.sources.limit import COUNTS_FROM, RejectLimit


def rejects(count: int) -> list[Reject]:
    return [Reject("a.csv", 7 + at, "price is not a positive number", b"1,-1,2") for at in range(count)]


def test_a_small_share_is_allowed() -> None:
    limit = RejectLimit(0.01)
    limit.count(990, rejects(10))
    limit.check()
    assert (limit.accepted, limit.rejected) == (990, 10)


def test_a_large_share_ends_the_run_with_examples() -> None:
    limit = RejectLimit(0.01)
    limit.count(0, rejects(1))
    limit.count(COUNTS_FROM - 20, [])
    message = (
        "11 of 991 rows are rejected, more than the allowed 1.00% (--reject-limit). "
        "The first: a.csv 7: price is not a positive number: '1,-1,2'; a.csv 7: price"
    )
    limit.count(0, rejects(10))
    with pytest.raises(RejectLimitError, match=re.escape(message)):
        limit.check()
    with pytest.raises(RejectLimitError, match=r"11 of 1,091 rows"):
        limit.count(100, [])


def test_few_rows_prove_nothing_before_the_end() -> None:
    limit = RejectLimit(0.01)
    limit.count(1, rejects(998))
    with pytest.raises(RejectLimitError, match="998 of 999 rows"):
        limit.check()


def test_counts_go_on_after_a_restart() -> None:
    limit = RejectLimit(0.5, accepted=900, rejected=899)
    with pytest.raises(RejectLimitError, match=r"901 of 1,801 rows are rejected, more than the allowed 50.00%"):
        limit.count(0, rejects(2))


def test_everything_may_be_allowed() -> None:
    limit = RejectLimit(1.0)
    limit.count(0, rejects(5_000))
    limit.check()
    RejectLimit(0.0).check()
