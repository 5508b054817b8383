"""The commands of `signalengine`, one per file."""
