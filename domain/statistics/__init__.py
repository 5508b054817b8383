"""Statistics: what may be said of results, and how surely.

One idea per file. NaN in a sample means "not known" and is left out; what is undefined is None, never
zero or infinity; whatever leaves this package carries its n.
"""
