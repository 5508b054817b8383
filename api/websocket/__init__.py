"""WebSocket: our own RFC 6455. A broadcast encodes each frame once; an idle client costs no task, timer or queue."""
