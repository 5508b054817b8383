import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flows.sources.inputs import broken_rules


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), max_size=10))
def test_the_first_broken_rule_names_the_reason(rows: list[list[bool]]) -> None:
    table = np.array(rows, np.bool_).reshape(len(rows), 3)
    expected = [(at, "abc"[row.index(True)]) for at, row in enumerate(rows) if any(row)]
    assert broken_rules({"a": table[:, 0], "b": table[:, 1], "c": table[:, 2]}) == expected
