"""Rules that compile late build the same addresses, and no start waits for them."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug import routing
from werkzeug.routing import BuildError, Map

from webapp.views.url_rules import LateRule

RULES = [
    ("/", {}),
    ("/outbox/<int:number>", {}),
    ("/<any(a, b):kind>/<path:rest>", {}),
    ("/page/<int:number>", {"defaults": {"number": 1}}),
    ("/é x/<rule>/<self>", {}),
]
VALUES: list[dict[str, Any]] = [
    {},
    {"number": 3, "text": "é &"},
    {"number": 1},
    {"kind": "a", "rest": "x/y z"},
    {"kind": "c", "rest": "x"},
    {"rule": "a/b", "self": "?", "values": ["1", "2"]},
]


def built(rule: type[routing.Rule], append_unknown: bool) -> list[list[str | None]]:
    adapter = Map([rule(text, endpoint=text, **options) for text, options in RULES]).bind("arauto.test")

    def build(endpoint: str, values: dict[str, Any]) -> str | None:
        try:
            return adapter.build(endpoint, values, append_unknown=append_unknown)
        except (BuildError, ValueError):
            return None

    return [[build(text, values) for text, _ in RULES] for values in VALUES]


@pytest.mark.parametrize("append_unknown", [True, False])
def test_addresses_are_those_of_werkzeug(append_unknown: bool) -> None:
    late = built(LateRule, append_unknown)
    assert late == built(routing.Rule, append_unknown)
    assert all(any(column) for column in zip(*late, strict=True)), "each rule built an address"


def test_a_rule_is_compiled_when_it_is_built_first(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []

    def note(rule: routing.Rule, append_unknown: bool = True) -> Any:
        compiled.append(rule.rule)
        return lambda rule: ("", rule.rule)

    monkeypatch.setattr(routing.Rule, "_compile_builder", note)
    adapter = Map([LateRule(text, endpoint=text) for text in ("/a", "/b")]).bind("arauto.test")
    assert adapter.match("/a") == ("/a", {})
    assert compiled == []
    assert [adapter.build("/b"), adapter.build("/b")] == ["/b", "/b"]
    assert compiled == ["/b"]
