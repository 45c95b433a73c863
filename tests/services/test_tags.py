"""Tags: names are replaced by values; nothing runs."""

from __future__ import annotations

import time

import pytest

from webapp.services import tags

VALUES = {"event.title": "Disk full", "event.attributes.host": "db01", "event.attributes.a.b-c": "deep"}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("", ""),
        ("no tag", "no tag"),
        ("{{ event.title }}", "Disk full"),
        ("{{event.title}} on {{  event.attributes.host\t}}", "Disk full on db01"),
        ("{{ event.attributes.a.b-c }}", "deep"),
        ("{{ event.attributes.missing }}", ""),
        ("{{ event.title }}{{ event.title }}", "Disk fullDisk full"),
        ("{ event.title } {{ event title }} {{ event.title | upper }} {% for %}", None),
        ("{{ 7*7 }} {{ ''.__class__ }} {{ event.title() }} {{ event['title'] }}", None),
        ("{{ event.\ntitle }}", None),
    ],
)
def test_filling(template: str, filled: str | None) -> None:
    assert tags.fill(template, VALUES) == (template if filled is None else filled)


def test_a_value_that_looks_like_a_tag_stays_as_it_is() -> None:
    values = {"event.title": "{{ event.body }}", "event.body": "secret"}
    assert tags.fill("{{ event.title }}", values) == "{{ event.body }}"


def test_backslashes_in_values_mean_nothing() -> None:
    assert tags.fill("{{ event.title }}", {"event.title": r"C:\1\g<0>"}) == r"C:\1\g<0>"


def test_unknown_names_are_found() -> None:
    template = "{{ user.password_hash }} {{ event.title }} {{ event.attributes.any }} {{ event.attributes }} {{ x }}"
    assert tags.unknown(template) == ["event.attributes", "user.password_hash", "x"]


@pytest.mark.parametrize(
    ("template", "noun", "answer"),
    [
        ("Dear {{ contact.name }}", "contact", True),
        ("Dear {{ notification.name }}", "contact", False),
        ("{{ notification.name }}", "notification", True),
        ("contact.name", "contact", False),
    ],
)
def test_what_words_depend_on(template: str, noun: str, answer: bool) -> None:
    assert tags.uses(template, noun) is answer


@pytest.mark.parametrize(
    "hostile", ["{{" * 200_000, "{{ a" + ".a" * 200_000, "{{" + " " * 400_000, "{{ " + "a" * 400_000]
)
def test_hostile_templates_take_no_time(hostile: str) -> None:
    start = time.process_time()
    assert tags.fill(hostile, VALUES) == hostile
    assert time.process_time() - start < 2
