"""Examples: client programs for signalengine. Copy them; no package of this repository imports them."""
