"""Notifications: which types are told to whom, by which channels and which account."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import AfterValidator, ValidationInfo
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from webapp.channels import registry
from webapp.errors import N_
from webapp.models import Notification
from webapp.models.catalogue import CATEGORIES
from webapp.services.entries import Entry, Item, Section, World, fill, row_of, rows_of, version_of, without
from webapp.services.fields import AsTuple, Channels, Name, SeverityName, distinct, in_order, reference
from webapp.services.groups import ContactNames

EVERYTHING = "*"


def ways_out() -> dict[str, bool]:
    """Every channel, and whether anything leaves by it."""
    return {name: registry.deliverable(name) for name in registry.CHANNELS}


def uncovered(types: Sequence[str]) -> tuple[str, ...]:
    """The same types without those that a category among them, or everything, means already."""
    if EVERYTHING in types:
        return (EVERYTHING,)
    return tuple(name for name in types if name.endswith(".*") or f"{name.split('.')[0]}.*" not in types)


def _complete(types: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """One that is still being made has no types yet; it cannot be enabled before it has."""
    if not types and info.data.get("enabled", True):
        raise ValueError(_("Choose at least one type, or disable the notification: without any it fires for nothing."))
    return types


def _pattern(text: str, info: ValidationInfo) -> str:
    types = info.context["event_types"] if info.context else ()
    prefixes = {*CATEGORIES, *(name.split(".")[0] for name in types)}
    if text == EVERYTHING or text in types or (text.endswith(".*") and text[:-2] in prefixes):
        return text
    words = _(
        "There is no event type or category %(name)r. Write a type such as password.changed, a category such as"
        " password.*, or *.",
        name=text[:80],
    )
    raise ValueError(words)


class NotificationEntry(Entry):
    """A notification as people write it. Types keep their order; that of people and channels means nothing."""

    name: Name
    enabled: bool = True
    channels: Channels = ("email",)
    types: Annotated[
        tuple[Annotated[str, AfterValidator(_pattern)], ...],
        AsTuple,
        AfterValidator(_complete),
        AfterValidator(distinct),
    ]
    min_severity: SeverityName = "info"
    contacts: ContactNames = ()
    groups: Annotated[
        tuple[Annotated[str, reference("groups", N_("group"))], ...], AsTuple, AfterValidator(in_order)
    ] = ()
    account: Annotated[str | None, reference("smtp_accounts", N_("SMTP account"))] = None


class Notifications(Section):
    """Everything that a notification names must exist. Several forms change a part of it each."""

    name, noun = "notifications", N_("notification")
    entry, row = NotificationEntry, Notification
    references = {
        "contacts": "contacts",
        "groups": "groups",
        "types": "event_types",
        "account": "smtp_accounts",
    }

    def rows(self, session: Session) -> list[Notification]:
        people = (selectinload(Notification.contacts), selectinload(Notification.groups))
        return list(session.scalars(select(Notification).order_by(Notification.id).options(*people)))

    def entry_of(self, row: Notification) -> dict[str, Any]:
        return {
            "name": row.name,
            "enabled": row.enabled,
            "channels": tuple(row.channels),
            "types": tuple(row.types),
            "min_severity": row.min_severity,
            "contacts": tuple(sorted(contact.name for contact in row.contacts)),
            "groups": tuple(sorted(group.name for group in row.groups)),
            "account": row.account.name if row.account else None,
        }

    def version(self, item: Item, keys: Collection[str]) -> int:
        return version_of(item.before or {}, keys)

    def uses(self, entry: Mapping[str, Any]) -> list[tuple[str, str | None]]:
        return [(target, name) for target, name in super().uses(entry) if not (name or "").endswith(EVERYTHING)]

    def put(self, session: Session, row: Notification, entry: Mapping[str, Any], world: World) -> None:
        fill(row, without(entry, "channels", "types", "contacts", "groups", "account"))
        row.channels, row.types = list(entry["channels"]), list(entry["types"])
        row.contacts = rows_of(world, "contacts", entry["contacts"])
        row.groups = rows_of(world, "groups", entry["groups"])
        row.account = row_of(world, "smtp_accounts", entry["account"])
        session.add(row)
