"""WebSocket: RFC 6455 by ourselves, since a broadcast needs each frame made once and nothing kept for a client."""
