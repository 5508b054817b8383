"""Examples: programs that use signalengine from outside. Copy them; nothing of ours imports them."""
