"""Serving: the sockets and the processes behind one port."""
