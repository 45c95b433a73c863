"""Rules of addresses that are cheap to make: a process that starts asks for few of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from werkzeug import routing

Build = Callable[..., tuple[str, str]]


class LateRule(routing.Rule):
    """A rule that compiles how its address is built when it is built first.

    Werkzeug does so as soon as the rule is bound, twice for each, and that was most of the time that `create_app` took.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Build:
        compiled = lru_cache(maxsize=1)(partial(super()._compile_builder, append_unknown))

        def build(rule: routing.Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build
