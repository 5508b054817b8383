import numpy as np

from domain.blocks import TRADE
from domain.rows import concatenated, opaque


def test_rows_keep_their_bytes_and_their_fields() -> None:
    rows = np.zeros(5, TRADE)
    rows["id"] = np.arange(5)
    parts = [rows[:2], rows[2:2], rows[2:]]
    assert concatenated(parts).dtype == TRADE
    assert concatenated(parts).tobytes() == rows.tobytes()
    assert concatenated([rows]) is rows
    assert opaque(rows).tobytes() == rows.tobytes()
