"""The recipes and their edges: the only place that knows the clock, the environment and the venues."""
