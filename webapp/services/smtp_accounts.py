"""SMTP accounts: identity and server of outgoing mail, and which of them is the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from sqlalchemy.orm import Session

from webapp.errors import N_, Problem
from webapp.models import SmtpAccount
from webapp.services.entries import Entry, Item, Items, Section, World, fill, row_of, without
from webapp.services.fields import (
    Email,
    EmptyEmail,
    EmptyLine,
    Host,
    Name,
    Pin,
    Port,
    between,
    empty_is_none,
    normal_name,
    one_of,
    reference,
)
from webapp.services.refusals import below

MOST_CONNECTIONS = 100
MOST_PER_MINUTE = 1_000_000


def _needed_to_authenticate(name: str | None, info: ValidationInfo) -> str | None:
    if name is None and info.data.get("authenticate"):
        raise ValueError(_("Authentication is on: name the credential to sign in with."))
    return name


class SmtpAccountEntry(Entry):
    """An SMTP account as people write it; the defaults are those of the configuration file."""

    name: Name
    enabled: bool = True
    default: bool = False
    sender_email: Email
    sender_name: EmptyLine = ""
    reply_email: EmptyEmail = ""
    return_path_email: EmptyEmail = ""
    return_path_plus: bool = False
    confirmation_email: EmptyEmail = ""
    send_read_receipt: bool = False
    force_settings: bool = False
    footer: bool = True
    host: Host
    port: Port = 2525
    secure: bool = False
    security: Annotated[str, one_of("tls", "ssl")] = "tls"
    ignore_certificate_errors: bool = False
    pinned_certificate: Annotated[Pin | None, BeforeValidator(empty_is_none)] = None
    authenticate: bool = False
    credential: Annotated[
        str | None, reference("credentials", N_("credential")), AfterValidator(_needed_to_authenticate)
    ] = None
    max_connections: Annotated[int, between(1, MOST_CONNECTIONS)] = 4
    max_per_minute: Annotated[int, between(1, MOST_PER_MINUTE)] | None = None
    fallback: Annotated[str | None, reference("smtp_accounts", N_("SMTP account"))] = None


class SmtpAccounts(Section):
    """As soon as an account is enabled, exactly one is the default, and that one is enabled."""

    name, noun = "smtp_accounts", N_("SMTP account")
    entry, row = SmtpAccountEntry, SmtpAccount
    references = {"credential": "credentials", "fallback": "smtp_accounts"}

    def entry_of(self, row: SmtpAccount) -> dict[str, Any]:
        references = {
            "default": row.is_default,
            "credential": row.credential.name if row.credential else None,
            "fallback": row.fallback.name if row.fallback else None,
        }
        return {
            name: references[name] if name in references else getattr(row, name) for name in self.entry.model_fields
        }

    def settle(self, items: Items) -> list[Problem]:
        return [*_settle_default(items), *_circles(items)]

    def inherit(self, gone: Item, heir: Item) -> None:
        if gone.before and gone.before["default"]:
            heir.given = {"default": True}

    def clear(self, items: Items) -> None:
        for item in items.values():
            if item.before and item.before["default"] and not (item.after and item.after["default"]):
                item.row.is_default = False
            if item.before and item.after is None:
                item.row.fallback = None

    def put(self, session: Session, row: SmtpAccount, entry: Mapping[str, Any], world: World) -> None:
        fill(row, without(entry, "default", "credential", "fallback"))
        row.is_default = entry["default"]
        row.credential = row_of(world, "credentials", entry["credential"])
        session.add(row)

    def finish(self, item: Item, world: World) -> None:
        item.row.fallback = row_of(world, "smtp_accounts", item.after["fallback"]) if item.after else None


def _settle_default(items: Items) -> list[Problem]:
    """Say of every account whether it is the default one.

    The default moves when another account claims it, or settles on the first enabled one where there is none. Saying
    `default: false` of it does not take it away: nobody else would have it.
    """
    claims = [item for item in items.values() if item.after and item.given.get("default") is True]
    if len(claims) > 1:
        words = _("Only one account can be the default; say so of one alone.")
        return [Problem(below(item.path or "", "default"), words) for item in claims]
    enabled = [item for item in items.values() if item.after and item.after.get("enabled", True) is True]
    present = next((item for item in items.values() if item.before and item.before["default"]), None)
    if claims and claims[0].after and claims[0].after.get("enabled") is False:
        words = _("A disabled account cannot be the default; enable it, or choose another.")
        return [Problem(below(claims[0].path or "", "default"), words)]
    if not claims and present and present not in enabled and enabled:
        return [_leaves_none(present, enabled)]
    winner = next(iter([*claims, *([present] if present in enabled else []), *enabled]), None)
    for item in items.values():
        if item.after and isinstance(item.after.get("default", False), bool):
            item.after["default"] = item is winner
    return []


def _leaves_none(present: Item, enabled: list[Item]) -> Problem:
    name = present.before["name"] if present.before else ""
    path = "smtp_accounts" if present.path is None else below(present.path, "enabled")
    others = ", ".join(str(item.after["name"]) for item in enabled if item.after and "name" in item.after)
    words = _(
        "%(name)s is the default account. Make another one the default in the same change: %(others)s.",
        name=name,
        others=others,
    )
    return Problem(path, words)


def _circles(items: Items) -> list[Problem]:
    """Fallbacks that lead back to where they began."""
    following = {
        key: normal_name(item.after["fallback"])
        for key, item in items.items()
        if item.after and isinstance(item.after.get("fallback"), str)
    }
    problems = []
    for key, item in items.items():
        way = [key]
        while (step := following.get(way[-1])) is not None and step not in way:
            way.append(step)
        if step == key and item.path is not None:
            names = " → ".join(str(name) for name in [*way, key])
            words = _("The fallback goes round, %(names)s: end it.", names=names)
            problems.append(Problem(below(item.path, "fallback"), words))
    return problems
