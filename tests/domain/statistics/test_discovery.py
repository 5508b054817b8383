"""Discoveries among many tests."""

import math

import numpy as np

from domain.statistics.discovery import discoveries


def test_example_of_benjamini_and_hochberg() -> None:
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert discoveries(p, false_share=0.05).sum() == 4


def test_what_cannot_be_tested_counts_as_tried() -> None:
    assert discoveries([0.04, math.nan, math.nan], false_share=0.1).tolist() == [False, False, False]
    assert discoveries([0.04], false_share=0.1).tolist() == [True]
    assert discoveries([]).tolist() == []


def test_among_nothing_but_chance_little_is_found() -> None:
    draws = np.random.default_rng(0)
    assert np.mean([discoveries(draws.random(20)).any() for _ in range(500)]) < 0.14
