"""The ledger's fixtures, and those that the tests of the store use too."""

from tests.flows.sinks.ledger import addresses, reference
from tests.store.conftest import ask, ask_redis, client, connection

__all__ = ["addresses", "ask", "ask_redis", "client", "connection", "reference"]
