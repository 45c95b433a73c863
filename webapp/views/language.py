from __future__ import annotations


def locale() -> str:
    return "en"


def timezone() -> str:
    return "UTC"
