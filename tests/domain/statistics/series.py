"""Series with known figures, and strategies that draw samples."""

import math

import numpy as np
from hypothesis import strategies as st

SHORT = [0.01, -0.02, 0.015, -0.005, 0.025]  # a test of nautilus_trader; every peer agrees
LOSING = [-0.01, 0.02, -0.015, 0.005, -0.02]
WAVE = [round(0.01 * math.sin(1.7 * i) + 0.001, 6) for i in range(60)]
FIRST_LOSS = [-0.05, 0.02, 0.01, -0.01, 0.03]
MIXED = [np.nan, 0.01, 0.10, -0.04, 0.02, 0.03, 0.02, 0.01, -0.10]  # of empyrical, as the next two
RISING = [0.01, 0.02, *[0.01] * 7]
FALLING = [0.0, -0.06, -0.07, -0.01, -0.09, -0.02, -0.06, -0.08, -0.05]

daily_returns = st.lists(st.floats(-0.2, 0.2).map(lambda x: round(x, 6)), min_size=4, max_size=60)
results = st.lists(st.floats(-10, 10).map(lambda x: round(x, 4)), max_size=50)
