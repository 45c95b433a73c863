"""Reads: what pages, the API and the command line show. Nothing here changes anything."""
