"""The logarithm against that of the system library."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.logarithm import ln


@kernel
def each(values, out):
    for at in range(values.size):
        out[at] = ln(values[at])


def logarithms(values):
    out = np.empty_like(values)
    each(values, out)
    return out


def test_is_off_by_a_unit_in_the_last_place_at_most():
    rng = np.random.default_rng(5)
    values = np.concatenate(
        [
            np.exp(rng.uniform(-700.0, 700.0, 50_000)),
            1.0 + rng.normal(0.0, 1e-3, 50_000),
            1.0 + rng.normal(0.0, 1e-12, 999),
        ]
    )
    np.testing.assert_array_max_ulp(logarithms(values), np.log(values), 1)


def test_knows_the_edges():
    edges = np.array([0.0, -0.0, 1.0, np.inf, -1.0, -np.inf, np.nan])
    np.testing.assert_array_equal(logarithms(edges), [-np.inf, -np.inf, 0.0, np.inf, np.nan, np.nan, np.nan])
