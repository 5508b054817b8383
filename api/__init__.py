"""The window: reads the store and serves it.

`operations` lists all that REST can do; `app` puts it together with the feed and opens it. `endpoints` are the nouns,
`rest` is what every operation is made of, `memory` answers without Postgres, `feed` follows Redis and tells all who
listen, `websocket` is the protocol on the wire, `security` is who may, `serving` is the sockets and processes.
"""
