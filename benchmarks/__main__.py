"""`make bench`: every benchmark, or those that are named (`make bench T="drain accept"`)."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHMARKS = ("drain", "accept", "latency", "matching", "crowded", "inbox", "mailbox", "idle", "rest")

for name in sys.argv[1:] or BENCHMARKS:
    import_module(f"benchmarks.{name}").main()
