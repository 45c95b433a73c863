"""Measured promises: each benchmark runs a peer or a limit and Arauto in turn, and says which targets are met."""
