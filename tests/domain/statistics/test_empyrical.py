"""The oracle of periodic returns: empyrical-reloaded, on which pyfolio stands."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.statistics.drawdown import returns_drawdown
from domain.statistics.returns import cagr, returns, sortino
from domain.statistics.sharpe import sharpe
from tests.domain.statistics.series import WAVE

with warnings.catch_warnings():  # what it imports is not ours to mend
    warnings.simplefilter("ignore")
    import empyrical

series = st.lists(st.floats(-0.3, 0.3).map(lambda x: round(x, 5)), min_size=2, max_size=80)


@settings(max_examples=50)
@given(series, st.sampled_from([252, 365]))
def test_every_ratio_is_that_of_the_oracle(values: list[float], periods: int) -> None:
    r = np.array(values)
    assume(np.ptp(r) > 1e-4)
    ratio = sharpe(r, periods_per_year=periods)
    assert ratio.annualised == pytest.approx(empyrical.sharpe_ratio(r, annualization=periods), rel=1e-9, abs=1e-9)
    assert returns_drawdown(r).depth == pytest.approx(empyrical.max_drawdown(r), abs=1e-9)
    growth = cagr(r, periods_per_year=periods)
    if growth is not None:
        assert growth == pytest.approx(empyrical.annual_return(r, annualization=periods), rel=1e-9, abs=1e-9)
    if (down := sortino(r, periods_per_year=periods)) is not None:
        assert down == pytest.approx(empyrical.sortino_ratio(r, annualization=periods), rel=1e-9, abs=1e-9)


def test_all_figures_of_one_series() -> None:
    figures, r = returns(WAVE), np.array(WAVE)
    assert figures.total == pytest.approx(empyrical.cum_returns_final(r), rel=1e-9)
    assert figures.volatility == pytest.approx(empyrical.annual_volatility(r, annualization=365), rel=1e-9)
    assert figures.calmar == pytest.approx(empyrical.calmar_ratio(r, annualization=365), rel=1e-9)
