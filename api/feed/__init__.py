"""Feed: delivers the streams in Redis to WebSocket and SSE clients, and accounts for every message that one missed."""
