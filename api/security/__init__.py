"""Security: authentication, authorization, rate limits and the audit log of the API.

`middleware` checks every request through `access` and stores the caller in the request's state; each operation names
the scope that it needs and calls `authorization.require_scope`. API keys (`api_key_cache`) and JSON Web Tokens
(`tokens`) are verified in memory, without a query per request. Tickets are for browsers, which cannot set headers on a
WebSocket.
"""
