"""Inputs of the dataflow: the Redis log, files, recordings and simulators."""
