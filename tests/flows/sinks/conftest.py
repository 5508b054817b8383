"""The ledger's fixtures, as the tests of the store use them."""

from tests.store.conftest import ask, ask_redis, client, connection

__all__ = ["ask", "ask_redis", "client", "connection"]
