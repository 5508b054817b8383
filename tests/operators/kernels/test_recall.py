"""Numbers of rows behind those remembered of their lanes."""

import numpy as np

from operators.kernels.recall import recall


def test_each_lane_follows_what_is_remembered_of_it():
    remembered = np.array([[1.0, 2.0], [0.0, 0.0], [5.0, 6.0]])
    tape, place = recall(np.array([7.0, 3.0, 4.0, 8.0]), np.array([2, 0, 0, 0]), remembered)
    assert tape.tolist() == [5.0, 6.0, 7.0, 1.0, 2.0, 3.0, 4.0, 8.0]
    assert place.tolist() == [2, 5, 6, 7]
    assert remembered.tolist() == [[4.0, 8.0], [0.0, 0.0], [6.0, 7.0]]


def test_no_rows_change_nothing():
    remembered = np.ones((2, 3))
    tape, place = recall(np.empty(0), np.empty(0, np.int64), remembered)
    assert tape.size == place.size == 0
    assert (remembered == 1.0).all()
