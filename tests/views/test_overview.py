"""The dashboard and the health list: what is wrong is said, with what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests import factories
from tests.visiting import Visit
from webapp import clock
from webapp.models import (
    AccountHealth,
    ApiToken,
    Attempt,
    Certificate,
    InboundMessage,
    InboxAccount,
    InboxProgress,
    JobRun,
    Message,
    SandboxMail,
    Sighting,
    SmtpAccount,
)
from webapp.queries import dashboard, health
from webapp.services.unit import write


def kinds(jobs: bool = True) -> list[str]:
    with write() as session:
        return [trouble.kind for trouble in health.troubles(session, jobs_expected=jobs)]


def add(*rows: Any) -> None:
    with write() as session:
        session.add_all(rows)


def in_trouble(account: int, **fields: Any) -> AccountHealth:
    now = clock.now()
    values = {
        "failures": 2,
        "since": now,
        "retry_at": now,
        "kind": "auth",
        "stage": "auth",
        "code": 535,
        "words": "5.7.8 No",
    }
    return AccountHealth(account_id=account, **{**values, **fields})


def run(name: str, ago: timedelta, **fields: Any) -> JobRun:
    started = clock.now() - ago
    return JobRun(name=name, **{"started_at": started, "finished_at": started, "succeeded_at": started, **fields})


def test_all_is_well(ctx: Flask) -> None:
    factories.make_account()
    add(run("free_claims", timedelta(seconds=2)))
    assert kinds() == []
    assert health.level([]) == "green"


def test_no_account_and_no_default(ctx: Flask) -> None:
    assert kinds() == ["no_account"]
    factories.make_account(is_default=False)
    assert kinds() == ["no_default"]


@pytest.mark.parametrize(("default", "level"), [(True, "red"), (False, "amber")])
def test_an_account_in_trouble(ctx: Flask, default: bool, level: str) -> None:
    factories.make_account("Main", is_default=not default)
    account = factories.make_account("Other", is_default=default)
    add(in_trouble(account))
    with write() as session:
        (found,) = [trouble for trouble in health.troubles(session) if trouble.kind == "account_down"]
    assert (found.level, found.detail["account"], found.detail["code"]) == (level, "Other", 535)


def test_a_disabled_account_s_trouble_troubles_nobody(ctx: Flask) -> None:
    factories.make_account()
    add(in_trouble(factories.make_account("Old", is_default=False, enabled=False)))
    assert kinds() == []


def mailbox_in_trouble(name: str, **fields: Any) -> None:
    """An inbox account whose password is wrong."""
    words = "The server refused the sign-in of u: no <b>"
    mailbox(
        name, {"failures": 3, "kind": "auth", "words": words, "since": clock.now(), "retry_at": clock.now()}, **fields
    )


def mailbox(name: str, progress: dict[str, Any], **fields: Any) -> None:
    """An inbox account."""
    with write() as session:
        account = InboxAccount(name=name, host="mail.example", port=143, **fields)
        session.add(account)
        session.flush()
        session.add(InboxProgress(account_id=account.id, **progress))


def test_a_mailbox_that_cannot_be_read_needs_somebody_unless_it_is_disabled(ctx: Flask) -> None:
    factories.make_account()
    mailbox_in_trouble("Replies")
    mailbox_in_trouble("Old", enabled=False)
    with write() as session:
        [found] = health.troubles(session)
    assert (found.kind, found.level, found.detail["account"]) == ("inbox_down", "amber", "Replies")


def test_mail_that_a_server_withholds_needs_somebody(ctx: Flask) -> None:
    factories.make_account()
    mailbox("Replies", {"withheld": 2, "refusal": "no"})
    mailbox("Old", {"withheld": 2}, enabled=False)
    mailbox("Down", {"withheld": 2, "failures": 1, "kind": "busy", "words": "no"})
    mailbox("Well", {})
    with write() as session:
        found = [(each.kind, each.level, each.detail["account"]) for each in health.troubles(session)]
    assert found == [("inbox_down", "amber", "Down"), ("mail_withheld", "amber", "Replies")]


def held_mail() -> InboundMessage:
    usual = {"server_key": "k", "on_server": True, "content_hash": "h", "size": 1, "received_at": clock.now()}
    return InboundMessage(**usual, state="held", error="RuntimeError: no")


def test_mail_that_could_not_be_processed_needs_somebody(ctx: Flask) -> None:
    factories.make_account()
    add(held_mail())
    assert kinds() == ["mail_held"]


def test_a_queue_that_nobody_works_on(ctx: Flask) -> None:
    account = factories.make_account()
    (number,) = factories.make_messages(1)
    assert kinds() == []
    with write() as session:
        session.execute(update(Message).values(next_attempt_at=clock.now() - timedelta(minutes=6)))
    assert kinds() == ["queue_stuck"]
    add(
        Attempt(
            message_id=number, account_id=account, started_at=clock.now(), duration_ms=1, outcome="sent", stage="dot"
        )
    )
    assert kinds() == []


def test_a_dead_account_s_queue_is_not_called_stuck(ctx: Flask) -> None:
    add(in_trouble(factories.make_account()))
    factories.make_messages(1)
    with write() as session:
        session.execute(update(Message).values(next_attempt_at=clock.now() - timedelta(minutes=6)))
    assert kinds() == ["account_down"]


def test_jobs_that_do_not_run_fail_or_hang(ctx: Flask) -> None:
    factories.make_account()
    add(run("free_claims", timedelta(minutes=2)))
    assert kinds() == ["jobs_silent"]
    assert kinds(jobs=False) == []
    add(run("forget_old", timedelta(seconds=1), error="ValueError: no"))
    add(run("expire_messages", timedelta(minutes=11), finished_at=None))
    assert kinds() == ["job_hanging", "job_failed"]


def test_unknown_outcomes_and_the_sandbox_need_somebody(ctx: Flask) -> None:
    factories.make_account("Sandbox")
    factories.make_messages(3)
    with write() as session:
        session.execute(update(Message).values(state="unknown"))
    assert kinds() == ["unknown_outcome", "sandbox_default"]


def _certificate(name: str, days: float | None, **fields: Any) -> None:
    """One that ends in so many days; with None, one that is not seen any more."""
    now = clock.now()
    certificate = Certificate(name=name, host="portal", **fields)
    add(certificate)
    end = now + timedelta(days=300 if days is None else days)
    seen = {"down": days is None, "error": "Connection refused" if days is None else ""}
    add(Sighting(certificate_id=certificate.id, checked_at=now, next_check_at=now, ends_at=end, **seen))


def test_certificates_that_end_or_cannot_be_seen_need_somebody(ctx: Flask) -> None:
    factories.make_account()
    for name, days in (("late", 8), ("soon", 6), ("over", -1), ("unseen", None)):
        _certificate(name, days)
    _certificate("off", -1, enabled=False)
    assert kinds() == ["certificate_expired", "certificate_ends", "certificate_unseen"]


@pytest.fixture
def everything_wrong(app: Flask) -> Flask:
    with app.app_context():
        factories.make_account("Sandbox")
        other = factories.make_account("It's <b>bold</b>", is_default=False)
        add(
            in_trouble(other, words="<script>alert(1)</script>"),
            run("forget_old", timedelta(minutes=3), error="ValueError: no"),
            run("expire_messages", timedelta(minutes=11), finished_at=None),
        )
        mailbox_in_trouble("Replies <i>")
        mailbox_in_trouble("Asked", automatic_check=False)
        mailbox("Answers <i>", {"withheld": 1, "refusal": "The server answered: no <b>"})
        mailbox("Others", {"withheld": 2})
        add(held_mail())
        _certificate("Old <i>", -1)
        _certificate("Soon", 3)
        _certificate("Gone", None)
        factories.make_messages(4)
        with write() as session:
            session.execute(update(Message).values(next_attempt_at=clock.now() - timedelta(minutes=6)))
            session.execute(update(Message).where(Message.id == 4).values(state="unknown"))
    app.config["ARAUTO_JOBS"] = True
    return app


def test_every_trouble_has_words(everything_wrong: Flask, visit: Visit) -> None:
    page = visit("/health")
    for words in (
        "The account It's <b>bold</b> is in trouble",
        "535 <script>alert(1)</script>",
        "Check the user name and the password of its credential.",
        "arauto send-test 'It'\\''s <b>bold</b>' --to ADDRESS",
        "The mailbox of Replies <i> cannot be read",
        "no <b>. Nothing is lost: the mail waits on its server. Check the user name",
        "no <b>. Nothing is lost: the mail waits on its server. It is read only when somebody asks for it. Check",
        "Check the user name and the secret of the account's credential.",
        "arauto poll 'Replies <i>' --once",
        "The server of Answers <i> withholds 1 mail",
        "It says: The server answered: no <b>. Ask who runs it",
        "The server of Others withholds 2 mails",
        "1 mail that came in could not be processed",
        "arauto inbound list --state held",
        "Nobody sends for the account Sandbox",
        "The periodic jobs do not run",
        "The job forget_old failed",
        "The job expire_messages does not end",
        "1 message has an unknown outcome",
        "The certificate Old <i> has expired",
        "The certificate Soon expires soon",
        "The certificate Gone cannot be seen",
        "Connection refused. Check server and port",
        "The sandbox mail server is the default account",
    ):
        assert words in page.text


def test_the_dot_and_the_red_banner_are_on_every_page(everything_wrong: Flask, visit: Visit) -> None:
    for path in ("/", "/profile", "/health"):
        page = visit(path)
        assert page.find("a", class_="health-dot health-red").get("href") == "/health"
        assert "No mail leaves this machine." in page.html


def test_no_banner_without_the_sandbox(app: Flask, visit: Visit) -> None:
    with app.app_context():
        factories.make_account()
    page = visit("/")
    assert "No mail leaves this machine." not in page.html
    assert page.find("a", class_="health-dot health-green") is not None
    assert "Everything works and nothing waits for you." in page.text


def test_the_fragment_is_the_list_alone(everything_wrong: Flask, admin_client: FlaskClient) -> None:
    answer = admin_client.get("/health", headers={"HX-Request": "true", "HX-Target": "troubles"})
    assert answer.text.lstrip().startswith('<div id="troubles"')
    assert "<html" not in answer.text
    whole = admin_client.get("/health", headers={"HX-Request": "true", "HX-Target": "anything"})
    assert "<html" in whole.text


def test_the_numbers_of_the_day(app: Flask, visit: Visit) -> None:
    with app.app_context():
        factories.make_account()
        factories.make_messages(6)
        with write() as session:
            session.execute(update(Message).where(Message.id <= 3).values(state="sent"))
            session.execute(update(Message).where(Message.id == 6).values(created_at=clock.now() - timedelta(hours=25)))
    page = visit("/")
    tiles = [" ".join("".join(tile.itertext()).split()) for tile in page.find("ul", class_="tiles").iter("li")]
    assert tiles == ["2queued", "3sent"]
    assert page.find("section", id="lately").get("hx-trigger") == "every 5s"


def test_the_numbers_stop_asking_when_nothing_is_under_way(app: Flask, visit: Visit) -> None:
    with app.app_context():
        factories.make_account()
        factories.make_messages(2)
        with write() as session:
            session.execute(update(Message).values(state="sent"))
    assert visit("/").find("section", id="lately").get("hx-trigger") is None


def test_the_first_steps_are_ticked_off_one_by_one(ctx: Flask) -> None:
    def done() -> list[str]:
        with write() as session:
            return [step.name for step in dashboard.steps(session) if step.done]

    factories.make_account("Sandbox")
    assert done() == []
    factories.make_account("Relay", is_default=False)
    contact = factories.make_contact()
    factories.make_notification(contacts=[contact])
    add(ApiToken(name="t", token_hash="x", scopes=["read"]))
    assert done() == ["account", "contact", "notification", "token"]
    factories.make_messages(1)
    with write() as session:
        session.execute(update(Message).values(state="sent"))
    assert done()[-1] == "delivery"


def test_the_checklist_leads_to_what_is_left(app: Flask, visit: Visit) -> None:
    page = visit("/")
    assert "0 of 6 done" in page.text
    for path in ("/settings/smtp-accounts/new", "/contacts/new", "/tokens/new"):
        assert page.find("a", href=path) is not None
        visit(path)
    with app.app_context():
        add(ApiToken(name="t", token_hash="x", scopes=["read"]))
    page = visit("/", client=None)
    assert "1 of 6 done" in page.text
    assert not page.all("a", href="/tokens/new")


def test_who_may_not_use_a_page_is_shown_the_command(visit: Visit, operator_client: FlaskClient) -> None:
    page = visit("/", operator_client)
    assert "arauto token create my-system" in page.text
    assert not page.all("a", href="/tokens/new")


def test_the_sandbox_mailbox_is_offered_only_while_it_has_a_use(ctx: Flask) -> None:
    with write() as session:
        assert not health.sandbox_holds_mail(session)
        session.add(SandboxMail(sender="a@b.example", recipients=[], raw=b""))
        session.flush()
        assert health.sandbox_holds_mail(session)
        assert session.query(SmtpAccount).count() == 0
