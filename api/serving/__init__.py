"""Serving: the listening socket, HTTP limits, and the worker processes that share one port."""
