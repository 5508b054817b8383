"""Statistics of results, with their uncertainty.

One idea per file. NaN in a sample means "unknown" and is excluded; an undefined statistic is None, never zero or
infinity; every published figure carries its n.
"""
