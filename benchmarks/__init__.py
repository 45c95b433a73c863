"""Measured promises: each benchmark runs a peer and Arauto in turn, in the same run, and prints the ratio."""
