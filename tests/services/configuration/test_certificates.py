"""Watched certificates in the configuration file: a host, or the certificate itself; whatever is wrong is named."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
import yaml
from flask import Flask
from sqlalchemy import select

from webapp import clock
from webapp.extensions import db
from webapp.models import Certificate, CertificateNotice, Sighting
from webapp.services import configuration
from webapp.services.configuration import describe
from webapp.services.unit import write

LEAF = trustme.CA().issue_cert("portal.corp.example")
PEM = LEAF.cert_chain_pems[0].bytes().decode()
KEY = LEAF.private_key_pem.bytes().decode()
OTHER = trustme.CA().issue_cert("other.corp.example").cert_chain_pems[0].bytes().decode()


def document(**fields: object) -> str:
    return yaml.safe_dump({"certificates": [{"name": "Portal", **fields}]})


def stored() -> Certificate:
    db.session.rollback()
    return db.session.scalars(select(Certificate).execution_options(populate_existing=True)).one()


def test_a_host_has_sensible_defaults(any_ctx: Flask) -> None:
    configuration.apply(document(host="Portal.corp.example"))
    row = stored()
    assert (row.host, row.port, row.starttls, row.enabled, row.pem) == ("portal.corp.example", 443, "none", True, "")


@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_certificate_may_be_in_a_file(ctx: Flask, tmp_path: Path, form: str) -> None:
    file = tmp_path / "portal"
    file.write_bytes(f"# ours\n{PEM}".encode() if form == "pem" else ssl.PEM_cert_to_DER_cert(PEM))
    configuration.apply(document(pem={"file": str(file)}))
    assert stored().pem == PEM
    assert configuration.apply(document(pem={"file": str(file)})) == []


def test_an_export_holds_the_certificate_and_changes_nothing(any_ctx: Flask) -> None:
    configuration.apply(document(pem={"value": PEM}))
    exported = configuration.export()
    [entry] = yaml.safe_load(exported)["certificates"]
    expected = {"host": None, "port": 443, "starttls": "none", "enabled": True, "pem": {"value": PEM}}
    assert entry == {"name": "Portal", **expected}
    assert list(entry) == ["name", "host", "port", "starttls", "enabled", "pem"]
    assert configuration.apply(exported, prune=True) == []


def test_a_change_is_told_by_fingerprints(ctx: Flask) -> None:
    configuration.apply(document(pem={"value": PEM}))
    [change] = configuration.apply(document(pem={"value": OTHER}))
    assert describe(change).startswith("certificates Portal: changed pem SHA-256 ")
    assert "BEGIN" not in describe(change)
    [change] = configuration.apply(document(pem=None, host="portal"))
    assert describe(change).endswith("to none")


WRONG: list[tuple[dict[str, object], str, str]] = [
    ({}, "host", "Name the host"),
    ({"host": None, "pem": None}, "host", "Name the host"),
    ({"host": "portal", "pem": {"value": PEM}}, "pem", "A host is given too"),
    ({"host": "https://portal/"}, "host", "host name"),
    ({"host": "portal:443"}, "host", "The port has a field"),
    ({"host": 5}, "host", "Write a text"),
    ({"host": "portal", "port": 0}, "port", "1 to 65535"),
    ({"host": "portal", "port": "443"}, "port", "whole number"),
    ({"host": "portal", "starttls": "ftp"}, "starttls", "none, smtp, imap, pop3, ldap, postgres"),
    ({"host": "portal", "ports": 1}, "ports", "did you mean port"),
    ({"pem": PEM}, "pem", "Write keys and their values"),
    ({"pem": {"value": "hello"}}, "pem.value", "No certificate is in it"),
    ({"pem": {"value": PEM.replace("M", "!")}}, "pem.value", "cannot be read"),
    ({"pem": {"value": PEM + KEY}}, "pem.value", "A private key is in it"),
    ({"pem": {"value": PEM * 21}}, "pem.value", "More than 20"),
    ({"pem": {"value": "x" * 200_001}}, "pem.value", "longer than"),
    ({"pem": {"value": None}}, "pem", "one of value or file"),
    ({"pem": {"env": "PATH"}}, "pem.env", "no such key"),
    ({"pem": {"file": "/nowhere/portal.pem"}}, "pem.file", "No such file"),
    ({"pem": {"file": "/tmp"}}, "pem.file", "not a regular file"),
]


@pytest.mark.parametrize(("fields", "path", "words"), WRONG)
def test_what_is_wrong_is_named_by_its_path(ctx: Flask, refusals, fields, path: str, words: str) -> None:
    found = refusals(document(**fields))
    assert words in found[f"certificates[0].{path}"]
    assert "PRIVATE" not in str(found)
    assert db.session.scalar(select(Certificate)) is None


def seen() -> int:
    """Somebody has looked, and told something."""
    with write() as session:
        number = session.scalars(select(Certificate.id)).one()
        session.add(Sighting(certificate_id=number, checked_at=clock.now(), next_check_at=clock.now()))
        session.add(CertificateNotice(certificate_id=number, sha256="a", kind="30"))
    return number


@pytest.mark.parametrize("change", [{"host": "other"}, {"port": 8443}, {"starttls": "smtp"}])
def test_what_was_seen_elsewhere_is_forgotten(any_ctx: Flask, change: dict[str, object]) -> None:
    configuration.apply(document(host="portal"))
    seen()
    configuration.apply(document(**change))
    assert db.session.scalar(select(Sighting)) is None
    assert db.session.scalars(select(CertificateNotice.kind)).all() == ["30"]


def test_what_was_seen_stays_while_the_place_is_the_same(any_ctx: Flask) -> None:
    configuration.apply(document(host="portal"))
    number = seen()
    configuration.save("certificates", {"name": "Renamed", "enabled": False}, number)
    assert db.session.scalar(select(Sighting)) is not None


def test_with_a_certificate_goes_all_that_is_known_of_it(any_ctx: Flask) -> None:
    configuration.apply(document(host="portal"))
    configuration.remove("certificates", seen())
    assert db.session.scalar(select(Sighting)) is None
    assert db.session.scalar(select(CertificateNotice)) is None
