"""The dataflows and their inputs and outputs: the only package that reads the clock, environment and venues."""
