"""Work that is told while it goes on: in a thread of its own, which goes on to its end also when nobody listens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any

from flask import current_app
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from webapp.errors import ArautoError
from webapp.services import actor

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Over:
    """The end: what the work returned, or what kept it from its end."""

    result: Any = None
    error: ArautoError | None = None


def tell(work: Callable[[Callable[[Any], None]], Any]) -> Iterator[Any]:
    """All that `work(say)` says as it says it, then `Over`. It runs in an application context of its own, for who acts
    now and in their language.
    """
    said: SimpleQueue[Any] = SimpleQueue()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    by, language = actor.current(), str(get_locale())

    def run() -> None:
        with app.app_context(), force_locale(language):
            actor.act_as(by)
            try:
                said.put(Over(work(said.put)))
            except ArautoError as error:
                said.put(Over(error=error))
            except Exception:
                log.exception("what was being told ended badly")
                said.put(Over(error=ArautoError(_("It ended unexpectedly; the log says why."))))

    Thread(target=run, name="live", daemon=True).start()
    return _until_over(said)


def _until_over(said: SimpleQueue[Any]) -> Iterator[Any]:
    while True:
        each = said.get()
        yield each
        if isinstance(each, Over):
            return
