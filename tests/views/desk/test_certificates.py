"""Watched certificates by form: a server or a file, what was seen of it, and what was told."""

from __future__ import annotations

import csv
import io
import ssl
from datetime import datetime, timedelta
from typing import Any

import pytest
import trustme
from flask import Flask
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from sqlalchemy import select

from tests.peers import free_port
from tests.peers.tls import TlsServer
from tests.visiting import enter, errors, post, seen
from webapp import clock
from webapp.extensions import db
from webapp.models import Certificate, CertificateNotice, Sighting
from webapp.services import configuration
from webapp.services.certificate_watch import check_due

LIST = "/settings/certificates"
AUTHORITY = trustme.CA()


def context(days: float = 20, name: str = "127.0.0.1") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name, not_after=clock.now() + timedelta(days=days)).configure_cert(made)
    return made


LEAF = AUTHORITY.issue_cert("signer.corp.example", not_after=datetime(2040, 5, 1))  # noqa: DTZ001
PEM = LEAF.cert_chain_pems[0].bytes().decode()


def add(world: Any, name: str = "Portal", sighting: dict[str, Any] | None = None, **fields: Any) -> int:
    """A certificate; `sighting`: what was seen of it."""

    def work() -> int:
        configuration.save("certificates", {"name": name, "host": "portal", **fields})
        return configuration.number_of("certificates", {"name": name})

    number: int = world.do(work)
    if sighting is not None:
        now = clock.now()
        usual = {"checked_at": now, "next_check_at": now + timedelta(hours=6), "names": ["portal"]}
        world.add(Sighting(certificate_id=number, **{**usual, **sighting}))
    return number


def seen_for(days: float, **fields: Any) -> dict[str, Any]:
    """A sighting of a certificate that ends in so many days."""
    now = clock.now()
    end = now + timedelta(days=days)
    usual = {"not_before": now, "not_after": end, "ends_at": end, "sha256": "ab" * 32, "ends_sha256": "ab" * 32}
    return {**usual, "seen_at": now, "subject": "CN=portal,O=Corp", "issuer": "CN=Corp CA,O=Corp", **fields}


def stored(world: Any, number: int = 1) -> dict[str, Any]:
    return world.do(lambda: dict(configuration.get("certificates", number).entry))


# --- the form ---


def test_a_new_server(world, submit, visit):
    answer = submit(f"{LIST}/new", name="Relay", host="Mail.corp.example", port="587", starttls="smtp")
    assert answer.status_code == 303
    page = visit(answer.headers["Location"])
    assert "not looked at yet" in page.text
    assert "after STARTTLS of SMTP" in page.text
    expected = {"name": "Relay", "host": "mail.corp.example", "port": 587, "starttls": "smtp", "enabled": True}
    assert stored(world) == {**expected, "pem": None}


@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_certificate_in_a_file(world, submit, visit, form):
    octets = PEM.encode() if form == "pem" else ssl.PEM_cert_to_DER_cert(PEM)
    answer = submit(f"{LIST}/new", name="Signer", pem_file=(io.BytesIO(octets), f"signer.{form}"))
    assert answer.status_code == 303
    assert stored(world)["pem"] == {"value": PEM}
    world.do(check_due)
    page = visit(answer.headers["Location"])
    assert "signer.corp.example" in page.text
    assert "valid" in page.text
    assert "given certificate" in visit(LIST).text


def test_a_pasted_certificate(world, submit, visit):
    assert submit(f"{LIST}/new", name="Signer", pem=f"\r\n{PEM}").status_code == 303
    assert visit(f"{LIST}/1/edit").find("textarea", id="pem").text.strip() == PEM.strip()
    assert submit(f"{LIST}/1/edit", name="Renamed").status_code == 303
    assert stored(world)["pem"] == {"value": PEM}


def test_the_form_says_what_is_wrong_and_keeps_the_file(world, submit):
    answer = submit(f"{LIST}/new", name="X", host="portal", port="0", pem_file=(io.BytesIO(PEM.encode()), "x.pem"))
    page = seen(answer, LIST)
    assert answer.status_code == 422
    assert set(errors(page)) == {"port", "pem"}
    assert page.find("textarea", id="pem").text.strip() == PEM.strip()
    assert page.find("input", id="host").get("value") == "portal"
    assert world.count(Certificate) == 0


WRONG = {
    "neither": ({}, "host", "Name the host"),
    "no host name": ({"host": "https://portal"}, "host", "host name"),
    "no port": ({"host": "portal", "port": "https"}, "port", "whole number"),
    "no certificate": ({"pem": "hello"}, "pem", "No certificate is in it"),
    "a key": ({"pem": LEAF.private_key_pem.bytes().decode()}, "pem", "A private key is in it"),
    "a key in a file": (
        {"pem_file": (io.BytesIO(LEAF.private_key_and_cert_chain_pem.bytes()), "all.pem")},
        "pem_file",
        "A private key is in it",
    ),
    "a wrong file": ({"pem_file": (io.BytesIO(b"\x89PNG"), "a.png")}, "pem_file", "No certificate is in it"),
}


@pytest.mark.parametrize(("typed", "field", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_stands_beside_its_field(world, submit, typed, field, words):
    page = seen(submit(f"{LIST}/new", name="X", **typed), LIST)
    assert words in errors(page)[field]
    assert world.count(Certificate) == 0


def test_a_file_in_place_of_a_text_is_read_by_nobody_else(world, submit, tmp_path):
    """Whoever fills in a form must not read this machine's files."""
    (tmp_path / "x.pem").write_text(PEM)
    page = seen(submit(f"{LIST}/new", name="X", pem=f"{{file: {tmp_path / 'x.pem'}}}"), LIST)
    assert "No certificate is in it" in errors(page)["pem"]


# --- what is shown ---

SHOWN = {
    "valid": (seen_for(300), ["valid"], []),
    "ends": (seen_for(20), ["20 days left"], ["valid"]),
    "ends tomorrow": (seen_for(1), ["1 day left"], []),
    "ends today": (seen_for(0.2), ["hours left"], []),
    "expired": (seen_for(-2, distrust="certificate has expired"), ["expired"], ["not trusted"]),
    "not trusted": (seen_for(300, distrust="self-signed certificate"), ["not trusted", "self-signed certificate"], []),
    "of another name": (seen_for(300, names_match=False, names=["other"]), ["of another name", "other"], []),
    "gone": (seen_for(300, failures=1, error="Connection refused"), ["not seen", "valid", "Connection refused"], []),
    "never seen": ({"failures": 3, "down": True, "error": "a < b"}, ["not seen", "a < b"], ["valid"]),
}


@pytest.mark.parametrize(("sighting", "said", "unsaid"), SHOWN.values(), ids=SHOWN)
def test_how_it_does_is_said_in_list_and_page(world, visit, sighting, said, unsaid):
    failing = {"failing_since": clock.now()} if sighting.get("failures") else {}
    number = add(world, sighting={**sighting, **failing})
    for path in (LIST, f"{LIST}/{number}"):
        page = visit(path)
        assert not [words for words in said if words not in page.text and words not in page.html]
        assert not [words for words in unsaid if f"</svg>{words}<" in page.html]


def test_the_list_begins_with_what_ends_first(world, visit):
    add(world, "Late", seen_for(300))
    add(world, "Unseen")
    add(world, "Soon", seen_for(3))
    text = visit(LIST).text
    assert text.index("Soon") < text.index("Late") < text.index("Unseen")
    text = visit(f"{LIST}?sort=-ends").text
    assert text.index("Unseen") < text.index("Late") < text.index("Soon")


def test_the_issuer_is_called_by_its_name(world, visit):
    add(world, "A", seen_for(300, issuer="C=BR,O=Corp,CN=Corp\\, the CA"))
    add(world, "B", seen_for(300, issuer="OU=x,O=Corp Org"))
    add(world, "C", seen_for(300, issuer="2.5.4.97=#0c01"))
    text = visit(LIST).text
    assert "Corp, the CA" in text
    assert "Corp Org" in text
    assert "2.5.4.97=#0c01" in text


def test_a_chain_that_ends_earlier_is_named(world, visit):
    early = {"ends_at": clock.now() + timedelta(days=5), "ends_sha256": "cd" * 32, "ends_subject": "CN=Middle"}
    number = add(world, sighting=seen_for(300, **early))
    page = visit(f"{LIST}/{number}")
    assert "Its chain expires earlier" in page.text
    assert "CN=Middle" in page.text
    assert "5 days left" in page.text


def test_what_was_told_leads_to_its_event(world, visit):
    number = add(world, sighting=seen_for(20))
    event = world.event("certificate.expiring", "Portal ends soon").id
    world.add(CertificateNotice(certificate_id=number, sha256="a", kind="30", event_id=event))
    world.add(CertificateNotice(certificate_id=number, sha256="a", kind="15", event_id=None))
    page = visit(f"{LIST}/{number}")
    assert page.find("a", href=f"/events/{event}").text == "Portal ends soon"
    assert "no longer kept" in page.text


def test_the_export_has_what_was_seen(world, admin_client):
    add(world, sighting=seen_for(20))
    add(world, "Signer", host="", pem={"value": PEM})
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(admin_client.get(f"{LIST}.csv").text))}
    assert rows["Portal"]["sha256"] == "ab" * 32
    assert rows["Portal"]["ends_at"]
    assert rows["Signer"]["sha256"] == ""


# --- deeds ---


def test_it_is_looked_at_now(world, admin_client, visit):
    with TlsServer(context(days=20)) as server:
        number = add(world, host="127.0.0.1", port=server.port)
        answer = post(admin_client, f"{LIST}/{number}/look", {"next": LIST})
        assert (answer.status_code, answer.headers["Location"]) == (303, LIST)
    assert "20 days left" in visit(LIST).text
    page = visit(f"{LIST}/{number}")
    assert "The certificate Portal expires in 20 days" in page.text
    assert "127.0.0.1" in page.text


def test_a_look_that_sees_nothing_says_why(world, admin_client, visit):
    number = add(world, host="127.0.0.1", port=free_port())
    post(admin_client, f"{LIST}/{number}/look")
    assert "Connection refused" in visit(f"{LIST}/{number}").text


def test_one_that_is_disabled_is_not_looked_at(world, admin_client, visit):
    number = add(world, enabled=False)
    assert post(admin_client, f"{LIST}/{number}/look").status_code == 409
    assert not visit(f"{LIST}/{number}").all("form", action=f"{LIST}/{number}/look")
    assert post(admin_client, f"{LIST}/999/look").status_code == 404


def test_cloned_disabled_and_deleted(world, admin_client, submit, visit):
    number = add(world, port=8443, starttls="imap")
    page = visit(f"{LIST}/new?like={number}")
    assert page.find("input", id="port").get("value") == "8443"
    assert post(admin_client, f"{LIST}/{number}/disable").status_code == 303
    assert not stored(world)["enabled"]
    assert "disabled" in visit(LIST).text
    assert post(admin_client, f"{LIST}/{number}/delete").status_code == 303
    assert world.count(Certificate) == 0


def test_who_may_what(world, viewer_client, operator_client, visit):
    number = add(world, sighting=seen_for(20), host="127.0.0.1", port=free_port())
    for client, may in ((viewer_client, 403), (operator_client, 303)):
        page = visit(f"{LIST}/{number}", client=client)
        assert not page.all("a", href=f"{LIST}/{number}/edit")
        assert bool(page.all("form", action=f"{LIST}/{number}/look")) == (may == 303)
        assert client.get(f"{LIST}/new").status_code == 403
        assert post(client, f"{LIST}/{number}/look").status_code == may


def test_in_the_language_of_the_reader(world, admin_client, visit):
    add(world, sighting=seen_for(20, failures=1, failing_since=clock.now(), error="Connection refused"))
    post(admin_client, "/profile", {"locale": "pt-BR", "theme": "auto", "timezone": "UTC"})
    admin_client.get("/?lang=pt-BR")
    with admin_client.session_transaction() as session:
        session["locale"] = "pt-BR"
    text = admin_client.get(f"{LIST}/1", headers={"Accept-Language": "pt-BR"}).text
    assert "faltam 20 dias" in text
    assert "conexão recusada" in text


# --- in a browser ---


def test_the_port_follows_and_the_first_look_appears_by_itself(app: Flask, site, browser_context, page: Tab, world):
    enter(browser_context, app, site)
    page.goto(f"{site}{LIST}/new")
    port = page.get_by_label("Port")
    page.get_by_label("TLS begins").select_option("imap")
    expect(port).to_have_value("143")
    page.get_by_label("TLS begins").select_option("none")
    expect(port).to_have_value("443")
    with TlsServer(context(days=5)) as server:
        page.get_by_label("Name").fill("Portal")
        page.get_by_label("Server", exact=True).fill("127.0.0.1")
        port.fill(str(server.port))
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Nobody has looked at it yet")).to_be_visible()
        with app.app_context():
            check_due()
            assert db.session.scalar(select(Sighting.failures)) == 0
    expect(page.get_by_text("5 days left")).to_be_visible()
    expect(page.get_by_role("link", name="expires in 5 days")).to_be_visible()


def test_a_file_is_chosen_in_a_browser(app: Flask, site, browser_context, page: Tab, tmp_path):
    enter(browser_context, app, site)
    (tmp_path / "signer.pem").write_text(PEM)
    page.goto(f"{site}{LIST}/new")
    page.get_by_label("Name").fill("Signer")
    page.get_by_label("File").set_input_files(tmp_path / "signer.pem")
    page.get_by_label("Name").press("Tab")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Signer")).to_be_visible()
