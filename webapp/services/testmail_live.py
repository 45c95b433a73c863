"""A test mail told line by line while it is sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread

from flask import current_app
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from webapp.errors import ArautoError
from webapp.services import actor, testmail
from webapp.services.testmail import Line, Report

log = logging.getLogger(__name__)

Told = Line | Report | ArautoError


def watch(account_name: str, to: str, subject: str, body: str) -> Iterator[Told]:
    """Send as `testmail.send` does; each line of the dialogue as it happens, then the report, or what kept it from one.

    Raises InvalidInput naming the field and NotFound before anything is sent. The sending goes on to its end also when
    nobody reads on: the outbox tells how it ended.
    """
    testmail.check(account_name, to, subject, body)
    told: SimpleQueue[Told] = SimpleQueue()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    language, who = str(get_locale()), actor.current()

    def work() -> None:
        with app.app_context(), force_locale(language):
            actor.act_as(who)
            try:
                told.put(testmail.send(account_name, to, subject, body, on_line=told.put))
            except ArautoError as error:
                told.put(error)
            except Exception:
                log.exception("the test mail failed")
                told.put(ArautoError(_("The test ended unexpectedly; the log says why.")))

    Thread(target=work, name="test-mail", daemon=True).start()
    return _until_over(told)


def _until_over(told: SimpleQueue[Told]) -> Iterator[Told]:
    while True:
        each = told.get()
        yield each
        if not isinstance(each, Line):
            return
