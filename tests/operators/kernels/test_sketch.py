"""The sketch against a reference whose bins are decayed explicitly."""

import numpy as np

from operators.kernels.sketch import BINS, SIZE, fade, place_of, rank_of, rank_then_add


def test_a_place_is_between_the_middles_of_bins():
    assert place_of(0.0) == place_of(1e-9) == 0.0
    assert place_of(5.0) == BINS - 1.0
    np.testing.assert_allclose(place_of(1e-3), 3 * 16 - 0.5, rtol=1e-12)


def test_equals_decaying_bins_over_a_long_run():
    rng = np.random.default_rng(2)
    keep, sketch, bins = 0.5, np.zeros(SIZE), np.zeros(BINS + 1)
    for number in range(3_000):  # a weight of 2^3000 would be infinite
        place = float(np.clip(rng.normal(40.0, 30.0), 0.0, BINS - 1.0)) if number % 7 else 40.0
        under = int(place)
        halves = 0.5 * (1.0 + place - under) * bins[under] + 0.5 * (place - under) * bins[under + 1]
        expected = (bins[:under].sum() + halves) / bins.sum() if number else 0.5
        np.testing.assert_allclose(rank_then_add(sketch, place, keep), expected, rtol=0, atol=1e-12)
        bins *= keep
        bins[int(place + 0.5)] += 1.0


def test_sketch_decays_with_time_and_ranks_without_adding():
    rng = np.random.default_rng(4)
    sketch, bins = np.zeros(SIZE), np.zeros(BINS + 1)
    fade(sketch, 0.5)
    assert rank_of(sketch, 40.0) == (0.5, 0.0)
    for number in range(2_000):
        place, keep = float(rng.uniform(0.0, BINS - 1.0)), 2.0 ** -rng.exponential(0.5)
        fade(sketch, keep)
        bins *= keep
        if number:
            under, before = int(place), sketch.copy()
            halves = 0.5 * (1.0 + place - under) * bins[under] + 0.5 * (place - under) * bins[under + 1]
            expected = (bins[:under].sum() + halves) / bins.sum(), bins.sum()
            np.testing.assert_allclose(rank_of(sketch, place), expected, rtol=0, atol=1e-11)
            np.testing.assert_array_equal(sketch, before)
        rank_then_add(sketch, place, 1.0)
        bins[int(place + 0.5)] += 1.0
    fade(sketch, 0.0)
    rank_then_add(sketch, 3.0, 1.0)
    assert rank_of(sketch, 5.0)[1] == 1.0
