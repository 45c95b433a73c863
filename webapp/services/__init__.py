"""The verbs: the only code that commits."""
