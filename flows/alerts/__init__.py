"""Alerts: what is announced, told to people and programs elsewhere by signed webhooks.

A `scribe` reads the feed and writes a delivery for each hook that wants to hear of a message; a `courier` carries
deliveries out, hook by hook. Both positions are in Postgres, so a restart neither loses nor doubles anything, and
nothing here can hold up the engine.
"""
