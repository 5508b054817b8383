"""The API: reads the store and serves it over REST, WebSocket and server-sent events.

`operations` lists every REST operation; `app` combines them with the feed into one ASGI application. `endpoints` has
a file per resource, `rest` the parts of every operation, `memory` the caches that answer without Postgres, `feed`
follows Redis and distributes its messages, `websocket` is RFC 6455, `security` authentication and limits, `serving`
the listening socket and the worker processes.
"""
