"""Matching: which notifications fire for an event, who is told, and why. Pure: rules and an event in, reasons out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from webapp.models.catalogue import BUILT_IN, Severity, TypeInfo


@dataclass(frozen=True, slots=True)
class Person:
    """A contact as the rulebook froze it."""

    id: int
    name: str
    email: str
    mobile: str
    locale: str
    timezone: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A notification as the rulebook froze it; `people` are its contacts and those of its groups."""

    id: int
    name: str
    enabled: bool
    channels: tuple[str, ...]
    types: tuple[str, ...]
    min_severity: Severity
    account_id: int | None
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One message to be: a person, a channel, an address, and the rule that wants it."""

    rule: Rule
    person: Person
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule did or did not fire, or why one of its people is not told. `code` keys the words that people read."""

    notification: str
    fired: bool
    code: str
    detail: Mapping[str, str]


# How a channel addresses a person; a channel that needs no address has the person's name.
ADDRESS: Mapping[str, Callable[[Person], str]] = {
    "email": lambda person: person.email,
    "sms": lambda person: person.mobile,
    "screen": lambda person: person.name,
}


class Rulebook:
    """The rules under one number, indexed so that an event meets only the rules that name its type."""

    def __init__(self, number: int, content: Mapping[str, Any]):
        self.number = number
        self.people = {row["id"]: Person(**row) for row in content["people"]}
        self.rules = [_rule(row) for row in content["rules"]]
        self.texts = {(row["type"], row["channel"], row["locale"]): row for row in content["texts"]}
        custom = [TypeInfo(**{**row, "severity": Severity(row["severity"])}) for row in content["types"]]
        self.types = {**BUILT_IN, **{info.type: info for info in custom}}

    @cached_property
    def _by_pattern(self) -> dict[str, list[Rule]]:
        index: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for pattern in rule.types:
                index.setdefault(pattern, []).append(rule)
        return index

    def candidates(self, event_type: str) -> list[Rule]:
        """Rules that name this type, its category, or everything, in their order."""
        found = {rule.id: rule for pattern in patterns_of(event_type) for rule in self._by_pattern.get(pattern, ())}
        return [found[number] for number in sorted(found)]


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        id=row["id"],
        name=row["name"],
        enabled=row["enabled"],
        channels=tuple(row["channels"]),
        types=tuple(row["types"]),
        min_severity=Severity(row["min_severity"]),
        account_id=row["account_id"],
        people=tuple(row["people"]),
    )


def patterns_of(event_type: str) -> tuple[str, ...]:
    """What a notification may say to mean this type: the type, its category, everything."""
    return event_type, f"{event_type.split('.', 1)[0]}.*", "*"


def refusal(rule: Rule, event_type: str, severity: Severity) -> Reason | None:
    """Why `rule` does not fire; None when it does."""
    if not set(patterns_of(event_type)) & set(rule.types):
        return Reason(rule.name, False, "other_type", {"type": event_type})
    if not rule.enabled:
        return Reason(rule.name, False, "disabled", {})
    if severity.rank < rule.min_severity.rank:
        return Reason(rule.name, False, "too_mild", {"severity": severity, "minimum": rule.min_severity})
    if not rule.people:
        return Reason(rule.name, False, "nobody", {})
    return None


def match(book: Rulebook, event_type: str, severity: Severity) -> tuple[list[Recipient], list[Reason]]:
    """Who is told by which rule, and why each rule that names the type fired or not.

    A person gets one message a channel, however many rules ask for it; the first rule in order has it.
    """
    return _judge(book, book.candidates(event_type), event_type, severity)


def explain(book: Rulebook, event_type: str, severity: Severity) -> list[Reason]:
    """The reason of every rule in the book, also of those that name other types."""
    return _judge(book, book.rules, event_type, severity)[1]


def rehearse(book: Rulebook, rule: Rule, event_type: str, severity: Severity) -> tuple[list[Recipient], list[Reason]]:
    """Who would be told by this rule if it were enabled and no other were there, and why not."""
    return _judge(book, [replace(rule, enabled=True)], event_type, severity)


def _judge(
    book: Rulebook, rules: Iterable[Rule], event_type: str, severity: Severity
) -> tuple[list[Recipient], list[Reason]]:
    recipients: dict[tuple[str, str], Recipient] = {}
    reasons: list[Reason] = []
    for rule in rules:
        refused = refusal(rule, event_type, severity)
        if refused:
            reasons.append(refused)
            continue
        pattern = next(pattern for pattern in patterns_of(event_type) if pattern in rule.types)
        reasons.append(Reason(rule.name, True, "names_type", {"pattern": pattern}))
        for person in (book.people[number] for number in rule.people if number in book.people):
            for channel in rule.channels:
                skipped = _add(recipients, rule, person, channel)
                if skipped:
                    reasons.append(skipped)
    return list(recipients.values()), reasons


def _add(recipients: dict[tuple[str, str], Recipient], rule: Rule, person: Person, channel: str) -> Reason | None:
    address = ADDRESS[channel](person)
    detail = {"contact": person.name, "channel": channel}
    if not person.enabled:
        return Reason(rule.name, False, "contact_disabled", detail)
    if not address:
        return Reason(rule.name, False, "no_address", detail)
    earlier = recipients.setdefault((channel, address), Recipient(rule, person, channel, address))
    if earlier.rule is not rule or earlier.person is not person:
        return Reason(rule.name, False, "told_already", {**detail, "notification": earlier.rule.name})
    return None
