"""Fixtures of the ledger, and those shared with the tests of the store."""

from tests.flows.sinks.ledger import addresses, reference
from tests.store.conftest import call, call_redis, client, connection

__all__ = ["addresses", "call", "call_redis", "client", "connection", "reference"]
