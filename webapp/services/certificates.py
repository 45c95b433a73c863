"""Certificates that are watched: the one that a server shows, or one that was given as PEM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from flask_babel import gettext as _
from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.channels import certificate_facts
from webapp.channels.certificate import NO_STARTTLS, VARIANTS
from webapp.channels.certificate_facts import MOST_CERTIFICATES, Unreadable
from webapp.errors import N_, Problem
from webapp.models import Certificate, Sighting
from webapp.services import periodic
from webapp.services.entries import Entry, Fields, Item, Items, Section, World, fill
from webapp.services.fields import Name, Port, check_host, none_is_empty, one_of, optional
from webapp.services.refusals import below
from webapp.services.secret_sources import octets_of

LONGEST_PEM = 200_000
JOB = "check_certificates"  # who looks at them
WATCHED = ("host", "port", "starttls", "pem")


def normal_pem(octets: bytes) -> str:
    """The certificates of a PEM text, or of a file in DER, as they are kept. Raises ValueError."""
    if len(octets) > LONGEST_PEM:
        raise ValueError(
            _("This is longer than %(most)s octets: give the certificate and its chain.", most=LONGEST_PEM)
        )
    try:
        return certificate_facts.normal_pem(octets)
    except Unreadable as error:
        raise ValueError(_unreadable(error.reason)) from None


def _unreadable(reason: str) -> str:
    words: dict[str, str] = {
        "private_key": _("A private key is in it. Give the certificate alone, and keep the key to yourself."),
        "nothing": _("No certificate is in it: it begins with -----BEGIN CERTIFICATE-----."),
        "too_many": _("More than %(most)s certificates are in it: give one and its chain.", most=MOST_CERTIFICATES),
        "broken": _("The certificate cannot be read: give it whole and unchanged."),
    }
    return words[reason]


class PemSource(Entry):
    """`{value: PEM}` or `{file: PATH}`; validation already reads it. Never hand a browser's input to `file`."""

    value: Annotated[str, AfterValidator(lambda text: normal_pem(text.encode()))] | None = None
    file: Annotated[str, AfterValidator(lambda name: normal_pem(octets_of(name, LONGEST_PEM + 1)))] | None = Field(
        None, repr=False
    )

    @model_validator(mode="after")
    def _only_one(self) -> Self:
        if len(self.model_fields_set) != 1 or self.text is None:
            raise ValueError(_("Say where the certificate is by one of value or file."))
        return self

    @property
    def text(self) -> str | None:
        """The certificates."""
        return self.value or self.file


class CertificateEntry(Entry):
    """A watched certificate as people write it: `host` with its port and STARTTLS, or `pem`."""

    name: Name
    host: Annotated[str, BeforeValidator(none_is_empty), optional(check_host)] = ""
    port: Port = 443
    starttls: Annotated[str, one_of(*VARIANTS)] = NO_STARTTLS
    enabled: bool = True
    pem: PemSource | None = None


class Certificates(Section):
    """What was seen is forgotten when what to look at changes, and the new is looked at soon.

    What was told stays: it belongs to the certificate.
    """

    name, noun = "certificates", N_("certificate")
    entry, row = CertificateEntry, Certificate

    def entry_of(self, row: Certificate) -> dict[str, Any]:
        return {**super().entry_of(row), "pem": {"value": row.pem} if row.pem else None}

    def settle(self, items: Items) -> list[Problem]:
        return [problem for item in items.values() if (problem := _one_of_both(item))]

    def accept(self, item: Item, entry: CertificateEntry) -> None:
        pem = {"value": entry.pem.text} if entry.pem else None
        item.after = {**entry.model_dump(), "pem": pem}

    def differences(self, item: Item) -> Fields:
        found = super().differences(item)
        if "pem" in found:
            found["pem"] = (_short(found["pem"][0]), _short(found["pem"][1]))
        return found

    def put(self, session: Session, row: Certificate, entry: Mapping[str, Any], world: World) -> None:
        kept = {**entry, "pem": entry["pem"]["value"] if entry["pem"] else ""}
        if row.id is not None and any(getattr(row, name) != kept[name] for name in WATCHED):
            session.execute(delete(Sighting).where(Sighting.certificate_id == row.id))
        fill(row, kept)
        session.add(row)
        periodic.wish(session, JOB)


def _one_of_both(item: Item) -> Problem | None:
    if item.path is None or not item.after:
        return None
    host, pem = item.after.get("host"), item.after.get("pem")
    if host and pem:
        words = _("A host is given too. Keep one of both; an empty host takes it away.")
        return Problem(below(item.path, "pem"), words)
    if not host and not pem:
        words = _("Name the host to look at, or give the certificate itself (pem).")
        return Problem(below(item.path, "host"), words)
    return None


def _short(pem: Mapping[str, str] | None) -> str:
    """A given certificate in a list of changes: by its fingerprint."""
    return f"SHA-256 {certificate_facts.chain_of(pem['value'])[0].sha256}" if pem else ""
