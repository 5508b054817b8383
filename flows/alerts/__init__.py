"""Alerts: messages of the feed, delivered to other programs and to people by signed webhooks.

A `FeedConsumer` reads the feed and writes a delivery for each hook whose filter matches; a `Dispatcher` sends the
deliveries of each hook. Both keep their state in Postgres, so that a restart neither loses nor duplicates a delivery.
It is a process of its own: nothing here can hold up the engine.
"""
