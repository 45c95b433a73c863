"""What the pages show, made for tests. A request has to begin without an application context, so none stays open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import factories
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.models import AccountHealth, Attempt, Message, SandboxMail, State, TimelineEntry
from webapp.services import events
from webapp.services.events import NewEvent
from webapp.services.unit import write


class World:
    """Rows of all kinds; each call is a transaction of its own."""

    def __init__(self, app: Flask):
        self._app = app

    def do(self, work: Callable[[], Any]) -> Any:
        """`work` in an application context."""
        with self._app.app_context():
            return work()

    def add(self, row: Any) -> int:
        """Any row; its number."""

        def work() -> int:
            with write() as session:
                session.add(row)
                session.flush()
                return int(row.id) if hasattr(row, "id") else 0

        return int(self.do(work))

    def account(self, name: str = "Relay", **fields: Any) -> int:
        return int(self.do(lambda: factories.make_account(name, **fields)))

    def contact(self, name: str = "Ana", **fields: Any) -> int:
        return int(self.do(lambda: factories.make_contact(name, **fields)))

    def group(self, name: str = "Security", contacts: Any = ()) -> int:
        return int(self.do(lambda: factories.make_group(name, list(contacts))))

    def notification(self, name: str = "All", contacts: Any = (), **fields: Any) -> int:
        return int(self.do(lambda: factories.make_notification(name, list(contacts), **fields)))

    def messages(self, count: int) -> list[int]:
        return list(self.do(lambda: factories.make_messages(count)))

    def message(
        self, subject: str = "A subject", *, html: str | None = None, new: dict[str, Any] | None = None, **moved: Any
    ) -> int:
        """One e-mail; `new` as it was enqueued, `moved` how it stands now."""
        words = Words(subject, "A body", html)
        [number] = self.do(lambda: factories.make_messages(1, words=words, **(new or {})))
        if moved:
            self.move(number, **moved)
        return int(number)

    def move(self, number: int, **values: Any) -> None:
        """The message stands differently now."""

        def work() -> None:
            with write() as session:
                session.execute(update(Message).where(Message.id == number).values(**values))

        self.do(work)

    def in_each_state(self) -> dict[str, int]:
        """The number of a message by its state; its subject is `in STATE`."""
        return {state.value: self.message(f"in {state.value}", state=state) for state in State}

    def trouble(self, account_id: int, **values: Any) -> None:
        """The account's server gives trouble."""
        self.add(AccountHealth(account_id=account_id, failures=3, **values))

    def attempt(self, message_id: int, **values: Any) -> None:
        self.add(Attempt(message_id=message_id, **values))

    def note(self, message_id: int, kind: str, **detail: Any) -> None:
        self.add(TimelineEntry(message_id=message_id, kind=kind, detail=detail))

    def event(self, type: str = "backup.failed", title: str = "An event", **fields: Any) -> events.Recorded:
        recorded: events.Recorded = self.do(lambda: events.record(NewEvent(type, title, **fields)))
        return recorded

    def mail(self, raw: bytes = b"Subject: caught\r\n\r\nwords\r\n", **fields: Any) -> int:
        values = {"sender": "a@corp.example", "recipients": ["ana@corp.example"], "subject": "caught", **fields}
        return self.add(SandboxMail(raw=raw, **values))

    def row(self, number: int) -> Message:
        """The message as it stands."""

        def work() -> Message:
            return db.session.scalars(select(Message).where(Message.id == number)).one()

        found: Message = self.do(work)
        return found

    def count(self, model: Any) -> int:
        return len(self.do(lambda: db.session.scalars(select(model.id)).all()))


@pytest.fixture
def world(app: Flask) -> World:
    """Makes the rows that a test's pages show."""
    return World(app)
