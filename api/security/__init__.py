"""Security: who calls, what they may do, how often, and what is written down about it.

`guard` stands before every request and finds out who calls; an operation says which scope it needs and asks
`permit`. Keys (`keyring`) and tokens (`tokens`) are checked in memory, so a request waits for nobody; tickets
are for browsers, which cannot send headers with a WebSocket.
"""
