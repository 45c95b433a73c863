"""What every template has at hand: the macros, icons, times, addresses of assets, and the frame around a page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, request, session, url_for
from flask_babel import format_datetime, format_decimal, format_timedelta, get_timezone
from jinja2 import Environment, TemplateNotFound
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError

from webapp import VERSION, clock
from webapp.extensions import db
from webapp.queries import health, reasons, sayings
from webapp.queries.health import Trouble
from webapp.views import choices, language, menu, redirects, urls
from webapp.views.menu import Link
from webapp.views.severities import severities

UNITS = ("B", "kB", "MB", "GB")


class Components:
    """`ui.report.pager(…)`: the macro `pager` of templates/components/report.html, also inside blocks and loops."""

    def __init__(self, environment: Environment):
        self._environment = environment

    def __getattr__(self, name: str) -> Any:
        try:
            return self._environment.get_template(f"components/{name}.html").module
        except TemplateNotFound as error:
            raise AttributeError(name) from error


@dataclass(frozen=True, slots=True)
class Frame:
    """What is around a page of somebody who signed in."""

    menu: list[tuple[str, list[Link]]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    level: str = "green"

    @property
    def sandbox_is_default(self) -> bool:
        return any(trouble.kind == "sandbox_default" for trouble in self.troubles)


def install(app: Flask) -> None:
    """Give the templates of `app` their common words and functions."""
    app.jinja_env.globals.update(
        ui=Components(app.jinja_env),
        asset=asset,
        icon=icon,
        when=when,
        exact_time=exact_time,
        duration=duration,
        answer=reasons.answer,
        stage=reasons.stage,
        in_words=sayings.said,
        here=redirects.here,
        request_path=lambda: request.path,
        current_endpoints=lambda: current_app.view_functions,
        address_with=urls.address_with,
        with_filters=urls.with_filters,
        severity_words=severities,
        kept_parameters=urls.kept_parameters,
        languages=language.LANGUAGES,
        language_tag=language.tag,
        language_name=choices.language_name,
        version=VERSION,
    )
    app.jinja_env.filters.update(number=format_decimal, size=size)
    app.context_processor(_context)


def asset(name: str) -> str:
    """The address of a static file, with a part that changes when the file does: browsers may keep it for ever."""
    path = Path(current_app.static_folder or "") / name
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    return url_for("static", filename=name, v=_hash(path, stamp))


def icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite (static/icons.txt), decoration unless it has a label; without a name, the room of one."""
    if not name:
        return Markup('<span class="icon" aria-hidden="true"></span>')
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {} focusable="false"><use href="{}#{}"/></svg>').format(
        spoken, asset("vendor/icons.svg"), name
    )


def when(instant: datetime | None, absent: str = "–") -> Markup:
    """A time as people say it ("3 minutes ago"), with the exact one in the viewer's zone on hover."""
    if instant is None:
        return Markup('<span class="muted">{}</span>').format(absent)
    words = format_timedelta(instant - clock.now(), granularity="second", threshold=1.2, add_direction=True)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(instant.isoformat(), exact_time(instant), words)


def exact_time(instant: datetime) -> str:
    """Date, time and zone, in the viewer's language and zone."""
    return f"{format_datetime(instant, 'medium')} ({get_timezone()})"


def duration(milliseconds: int) -> str:
    """How long something took: `87 ms`, `1.4 s`."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{format_decimal(milliseconds / 1000, '0.0')} s"


def size(octets: int) -> str:
    """How large something is: `87 B`, `1.4 kB`, in powers of 1,000 (IEC 80000-13)."""
    power = next((power for power in range(len(UNITS) - 1, 0, -1) if octets >= 1000**power), 0)
    return f"{format_decimal(octets / 1000**power, '0.#' if power else '0')} {UNITS[power]}"


@lru_cache(maxsize=64)
def _hash(path: Path, stamp: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if stamp else "absent"


def _context() -> dict[str, Any]:
    viewer = g.get("viewer")
    return {
        "viewer": viewer,
        "frame": Lazy(_frame),
        "theme": viewer.theme if viewer else session.get("theme", "auto"),
        "sidebar": session.get("sidebar", "wide"),
    }


class Lazy:
    """The frame, made when a template asks for it: fragments do not, and save the queries."""

    def __init__(self, make: Any):
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)


def _frame() -> Frame:
    """A database that does not answer must not keep the page from saying so."""
    try:
        troubles = health.troubles(db.session(), jobs_expected=current_app.config["ARAUTO_JOBS"])
        return Frame(menu.links(), troubles, health.level(troubles))
    except SQLAlchemyError:
        db.session.rollback()
        return Frame(level="red")
