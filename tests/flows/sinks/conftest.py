"""The ledger's fixtures, and those that the tests of the store use too."""

from tests.flows.sinks.ledger import addresses, reference
from tests.store.conftest import call, call_redis, client, connection

__all__ = ["addresses", "call", "call_redis", "client", "connection", "reference"]
