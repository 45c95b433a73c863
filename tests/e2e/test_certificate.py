"""A certificate about to end: the job sees it, and a colleague has the mail in her language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import trustme
from playwright.sync_api import Page, expect

from tests.channels.conftest import server_tls
from tests.e2e.instance import PASSWORD, instance
from tests.peers.axe import no_barriers
from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.tls import TlsServer


def _soon(days: float) -> TlsServer:
    """A server whose certificate ends in so many days."""
    end = datetime.now(UTC) + timedelta(days=days)
    leaf = trustme.CA().issue_cert("127.0.0.1", not_after=end, common_name="portal.corp.example")
    return TlsServer(server_tls(leaf))


@pytest.mark.timeout(120)
def test_a_certificate_about_to_end_becomes_a_mail_in_the_contact_s_language(tmp_path: Path) -> None:
    server = _soon(20)
    with AiosmtpdServer() as relay, server as portal, instance(tmp_path / "a") as arauto:
        arauto.prepare(f"""
smtp_accounts: [{{name: Relay, sender_email: arauto@corp.example, host: {relay.host}, port: {relay.port}}}]
contacts:
  - {{name: Ana, email: ana@corp.example, locale: pt-BR, timezone: America/Sao_Paulo}}
  - {{name: Bob, email: bob@corp.example}}
notifications: [{{name: Certificates, types: [certificate.*], contacts: [Ana, Bob]}}]
certificates: [{{name: Portal, host: {portal.host}, port: {portal.port}}}]
""")
        arauto.start()
        relay.wait_for(lambda: len(relay.mails) == 2, 60)
        arauto.stop()
    mails = {mail.recipients[0]: message_from_bytes(mail.data, policy=default) for mail in relay.mails}
    english, portuguese = mails["bob@corp.example"], mails["ana@corp.example"]
    assert english["Subject"] == "[Warning] Certificate about to expire: The certificate Portal expires in 20 days"
    assert portuguese["Subject"] == "[Aviso] Certificado prestes a expirar: O certificado Portal expira em 20 dias"
    body = portuguese.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Emitido para: CN=portal.corp.example" in text
    assert "(America/Sao_Paulo)" in text
    assert "Dias restantes:" in text


PEOPLE = """
contacts: [{name: Ana, email: ana@corp.example}]
notifications: [{name: Certificates, types: [certificate.*], contacts: [Ana]}]
"""


@pytest.mark.timeout(120)
def test_from_the_form_to_a_colleague_s_mailbox(tmp_path: Path, page: Page) -> None:
    with _soon(5) as portal, instance(tmp_path / "a") as arauto:
        arauto.prepare(PEOPLE)
        arauto.start("--sandbox")
        page.goto(f"{arauto.url}/settings/certificates")
        page.get_by_label("User name").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        main = page.get_by_role("main")
        expect(main.get_by_text("Name a server, or give a certificate")).to_be_visible()
        no_barriers(page)

        main.get_by_role("link", name="New certificate").first.click()
        no_barriers(page)
        page.get_by_label("Name").fill("Portal")
        page.get_by_label("Server", exact=True).fill(portal.host)
        page.get_by_label("Port").fill(str(portal.port))
        page.get_by_role("button", name="Save").click()
        expect(main.get_by_text("5 days left")).to_be_visible(timeout=30_000)
        no_barriers(page)

        main.get_by_role("link", name="expires in 5 days").click()
        expect(main.get_by_text("ana@corp.example").first).to_be_visible()
        page.goto(f"{arauto.url}/sandbox")
        mail = main.get_by_role("link", name="The certificate Portal expires in 5 days")
        expect(mail).to_be_visible(timeout=20_000)

        page.goto(f"{arauto.url}/settings/certificates")
        expect(main.get_by_role("link", name="Portal")).to_be_visible()
        no_barriers(page)
