"""Matching: which rules fire, who is told by which channel, and why (not)."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.channels.registry import CHANNELS
from webapp.models.catalogue import BUILT_IN, CATEGORIES, Severity
from webapp.services import matching
from webapp.services.matching import Reason, Rulebook, explain, match

ANA = {"id": 1, "name": "Ana", "email": "ana@corp.example", "mobile": "+5511999990000"}
BOB = {"id": 2, "name": "Bob", "email": "bob@corp.example", "mobile": ""}
CARLA = {"id": 3, "name": "Carla", "email": "carla@corp.example", "mobile": "", "enabled": False}


def book(*rules: dict[str, Any], people: tuple[dict[str, Any], ...] = (ANA, BOB, CARLA)) -> Rulebook:
    common = {"locale": "en", "timezone": "UTC", "enabled": True}
    return Rulebook(
        1, {"people": [{**common, **person} for person in people], "rules": list(rules), "types": [], "texts": []}
    )


def rule(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Rule {number}",
        "enabled": True,
        "channels": ["email"],
        "types": ["*"],
        "min_severity": "info",
        "account_id": None,
        "people": [1],
        **fields,
    }


def told(rules: Rulebook, event_type: str = "password.changed", severity: str = "info") -> list[tuple[str, str, str]]:
    recipients, _ = match(rules, event_type, Severity(severity))
    return [(recipient.rule.name, recipient.channel, recipient.address) for recipient in recipients]


def codes(reasons: list[Reason]) -> list[tuple[str, bool, str]]:
    return [(reason.notification, reason.fired, reason.code) for reason in reasons]


@pytest.mark.parametrize(
    ("types", "fires"),
    [
        (["password.changed"], True),
        (["password.*"], True),
        (["*"], True),
        (["backup.failed", "password.changed"], True),
        (["password.viewed"], False),
        (["backup.*"], False),
        (["password"], False),
        (["pass*"], False),
        ([], False),
    ],
)
def test_types(types: list[str], fires: bool) -> None:
    rules = book(rule(types=types))
    assert bool(told(rules)) is fires
    reasons = explain(rules, "password.changed", Severity.INFO)
    assert [reason.fired for reason in reasons] == [fires]


def test_the_narrowest_pattern_is_named() -> None:
    for types, pattern in (
        (["*", "password.*", "password.changed"], "password.changed"),
        (["*", "password.*"], "password.*"),
    ):
        [reason] = match(book(rule(types=types)), "password.changed", Severity.INFO)[1]
        assert reason == Reason("Rule 1", True, "names_type", {"pattern": pattern})


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("minimum", list(Severity))
def test_severity(severity: Severity, minimum: Severity) -> None:
    recipients, reasons = match(book(rule(min_severity=minimum.value)), "password.changed", severity)
    fires = list(Severity).index(severity) >= list(Severity).index(minimum)
    assert bool(recipients) is fires
    if not fires:
        assert reasons == [Reason("Rule 1", False, "too_mild", {"severity": severity, "minimum": minimum})]


@pytest.mark.parametrize(
    ("fields", "code"), [({"enabled": False}, "disabled"), ({"people": []}, "nobody"), ({"people": [99]}, "names_type")]
)
def test_rules_that_tell_nobody(fields: dict[str, Any], code: str) -> None:
    recipients, reasons = match(book(rule(**fields)), "password.changed", Severity.INFO)
    assert recipients == []
    assert [reason.code for reason in reasons] == [code]


def test_one_message_for_each_channel_that_reaches_the_person() -> None:
    assert told(book(rule(channels=["email", "sms", "screen"], people=[1, 2]))) == [
        ("Rule 1", "email", "ana@corp.example"),
        ("Rule 1", "sms", "+5511999990000"),
        ("Rule 1", "screen", "Ana"),
        ("Rule 1", "email", "bob@corp.example"),
        ("Rule 1", "screen", "Bob"),
    ]


def test_people_who_are_not_told_are_named_with_the_reason() -> None:
    _, reasons = match(book(rule(channels=["sms"], people=[2, 3])), "password.changed", Severity.INFO)
    assert reasons[1:] == [
        Reason("Rule 1", False, "no_address", {"contact": "Bob", "channel": "sms"}),
        Reason("Rule 1", False, "contact_disabled", {"contact": "Carla", "channel": "sms"}),
    ]


def test_a_person_is_told_once_by_the_first_rule() -> None:
    rules = book(rule(1, people=[1, 2]), rule(2, people=[1]), rule(3, channels=["screen"], people=[1]))
    assert told(rules) == [
        ("Rule 1", "email", "ana@corp.example"),
        ("Rule 1", "email", "bob@corp.example"),
        ("Rule 3", "screen", "Ana"),
    ]
    _, reasons = match(rules, "password.changed", Severity.INFO)
    assert (
        Reason("Rule 2", False, "told_already", {"contact": "Ana", "channel": "email", "notification": "Rule 1"})
        in reasons
    )


def test_two_people_who_share_an_address_get_one_message() -> None:
    twin = {**BOB, "email": ANA["email"]}
    rules = book(rule(people=[1, 2]), people=(ANA, twin))
    assert told(rules) == [("Rule 1", "email", "ana@corp.example")]


def test_an_explanation_names_every_rule_in_order() -> None:
    rules = book(rule(2, types=["backup.*"]), rule(1), rule(3, enabled=False))
    assert codes(explain(rules, "password.changed", Severity.INFO)) == [
        ("Rule 2", False, "other_type"),
        ("Rule 1", True, "names_type"),
        ("Rule 3", False, "disabled"),
    ]


def test_an_event_meets_only_rules_that_may_name_it() -> None:
    rules = book(*(rule(number, types=["backup.*"]) for number in range(1000)), rule(5000, types=["password.*"]))
    assert [found.id for found in rules.candidates("password.changed")] == [5000]


def test_every_channel_has_a_way_to_address_people() -> None:
    assert set(matching.ADDRESS) == set(CHANNELS)


def test_custom_types_are_known_beside_the_built_in_ones() -> None:
    info = {"type": "custom.thing", "title": "A thing", "category": "Monitoring", "severity": "error"}
    changed = {"type": "password.viewed", "title": "Seen", "category": "Password operations", "severity": "critical"}
    types = [{**row, "at_most_once": True, "built_in": False} for row in (info, changed)]
    rules = Rulebook(1, {"people": [], "rules": [], "texts": [], "types": types})
    assert rules.types["custom.thing"].severity is Severity.ERROR
    assert (rules.types["password.viewed"].severity, rules.types["password.viewed"].at_most_once) == (
        Severity.CRITICAL,
        True,
    )
    assert rules.types["backup.failed"] == BUILT_IN["backup.failed"]


def test_the_catalogue_is_whole() -> None:
    assert len(CATEGORIES) == 12
    for name, info in BUILT_IN.items():
        prefix = name.split(".")[0]
        assert info.category == CATEGORIES[prefix]
        assert info.title
