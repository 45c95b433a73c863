"""Bytes to meaning and back, pure: addresses, headers, bodies. No sockets, no database, no clock."""
