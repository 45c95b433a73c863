"""Credentials: a user name and a secret that is sealed here and never leaves again."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from webapp.errors import N_, Problem
from webapp.models import Credential
from webapp.services import vault
from webapp.services.accounts import secret_place
from webapp.services.entries import Entry, Fields, Item, Items, Section, World, fill, without
from webapp.services.fields import Name, line
from webapp.services.refusals import below
from webapp.services.secret_sources import SecretSource


def _kind(text: str) -> str:
    if text == "oauth2":
        raise ValueError(_("Signing in by OAuth2 is not supported yet; use password."))
    if text != "password":
        raise ValueError(_("Use one of %(values)s.", values="password"))
    return text


class CredentialEntry(Entry):
    """A credential as people write it; without `secret` a stored one keeps the secret that it has."""

    name: Name
    kind: Annotated[str, AfterValidator(_kind)] = "password"
    username: Annotated[str, line(needed=True)]
    secret: SecretSource | None = None


class Credentials(Section):
    """A user name never changes without its secret, so that a stored secret cannot be sent in another name."""

    name, noun = "credentials", N_("credential")
    entry, row = CredentialEntry, Credential

    def entry_of(self, row: Credential) -> dict[str, Any]:
        return {"name": row.name, "kind": "password", "username": row.username}

    def settle(self, items: Items) -> list[Problem]:
        return [problem for item in items.values() if (problem := _without_secret(item))]

    def accept(self, item: Item, entry: CredentialEntry) -> None:
        item.after = entry.model_dump(exclude={"secret"})
        item.secret = entry.secret.text if entry.secret else None

    def differences(self, item: Item) -> Fields:
        changed = {"secret": (None, "changed")} if item.secret is not None and not _is_stored(item) else {}
        return {**super().differences(item), **changed}

    def put(self, session: Session, row: Credential, entry: Mapping[str, Any], world: World) -> None:
        fill(row, without(entry, "kind"))
        session.add(row)

    def finish(self, item: Item, world: World) -> None:
        if item.secret is not None:
            place = secret_place(item.row.id)
            before = _stored_secret(item.row)
            item.fingerprints["secret"] = (
                None if before is None else vault.fingerprint(before, place),
                vault.fingerprint(item.secret, place),
            )
            item.row.sealed_secret = vault.seal(item.secret, place)


def _without_secret(item: Item) -> Problem | None:
    if item.path is None or item.given.get("secret") is not None:
        return None
    if item.before is None:
        words = _("A new credential needs its secret: {value: …}, {env: NAME} or {file: PATH}.")
        return Problem(below(item.path, "secret"), words)
    if item.given.get("username", item.before["username"]) != item.before["username"]:
        words = _("The stored secret belongs to another user name: give the new secret as well.")
        return Problem(below(item.path, "username"), words)
    return None


def _is_stored(item: Item) -> bool:
    known = _stored_secret(item.row)
    return known is not None and item.secret is not None and hmac.compare_digest(known.encode(), item.secret.encode())


def _stored_secret(row: Credential | None) -> str | None:
    """None when there is none, or none that opens."""
    if row is None or row.sealed_secret is None:
        return None
    try:
        return vault.unseal(row.sealed_secret, secret_place(row.id))
    except vault.SealBroken:
        return None
