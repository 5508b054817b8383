"""Broadcast: servers that send the same to many clients, ours and others, and one program that listens to all."""
