"""Fingerprints differ exactly where the hashed content of rows differs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.aligned import RELATION
from domain.slices import BAR, CANDIDATE, EVENT, GAP, OUTCOME
from flows.sinks.tally import fingerprints
from tests.naive import canonical

ODD = np.dtype([("value", "<f8"), ("last", "<i4")])
DTYPES = {
    "bar": BAR,
    "gap": GAP,
    "event": EVENT,
    "candidate": CANDIDATE,
    "outcome": OUTCOME,
    "relation": RELATION,
    "odd": ODD,
}


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@given(data=st.data())
def test_fingerprint_depends_on_every_hashed_byte(dtype, data):
    raw = data.draw(st.binary(min_size=dtype.itemsize, max_size=dtype.itemsize))
    one = np.frombuffer(raw, dtype)
    other = np.frombuffer(raw, dtype).copy()
    at = data.draw(st.integers(0, dtype.itemsize - 1))
    other.view("u1")[at] ^= data.draw(st.integers(1, 255))
    assert (fingerprints(one) == fingerprints(other)).all() == (canonical(one) == canonical(other))


@given(st.integers(1, 5), st.integers(0, 1_200), st.data())
def test_numbers_of_features_do_not_depend_on_how_they_are_cut(columns, rows, data):
    values = np.random.default_rng(rows).normal(size=(columns, rows))
    values[:, ::7] = np.nan
    cut = data.draw(st.integers(0, rows))
    parts = [fingerprints(values[:, :cut]), fingerprints(values[:, cut:])]
    assert np.concatenate(parts).tolist() == fingerprints(values).tolist()
    assert len(set(fingerprints(values).tolist())) == len({canonical(values[:, [at]]) for at in range(rows)})


def test_all_nans_have_the_same_fingerprint():
    nans = np.array([[0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0xFFFFFFFFFFFFFFFF]], np.uint64)
    assert len(set(fingerprints(nans.view(np.float64)).tolist())) == 1
    others = np.array([[np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0]])
    assert len(set(fingerprints(others).tolist())) == 7


def test_permuted_values_have_different_fingerprints():
    values = np.array([[1.0, 2.0, 1.0], [2.0, 1.0, 1.0]])
    assert len(set(fingerprints(values).tolist())) == 3
