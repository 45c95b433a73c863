"""A mail that came in, as people read it. The lists are `queries.inbound`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.mail import show
from webapp.mail.charset import one_line
from webapp.mail.html_page import page
from webapp.mail.parse import LONGEST_TEXT, parse
from webapp.mail.show import Shown
from webapp.models import InboundRaw

LONGEST_NAME = 100
_LONGEST_EXTENSION = 20
# What some system takes for more than a letter, and what `one_line` puts in the place of controls.
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\ufffd]+')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """An attachment under a name that is safe on every system."""

    file_name: str
    data: bytes


def raw(session: Session, number: int) -> bytes:
    """The octets as the server gave them. Raises NotFound, also for a mail that was left there."""
    found = session.scalar(select(InboundRaw.raw).where(InboundRaw.inbound_id == number))
    if found is None:
        raise NotFound(_("The octets of inbound message %(id)s are not here.", id=number))
    return found


def read(session: Session, number: int) -> Shown:
    """The mail as people see it. Raises NotFound."""
    return show.show(raw(session, number))


def source(session: Session, number: int) -> tuple[str, bool]:
    """The octets as text for a page, and whether that is all of them. Raises NotFound."""
    data = raw(session, number)
    return show.source(data), len(data) <= LONGEST_TEXT


def clean_html(session: Session, number: int) -> str | None:
    """Its HTML without scripts, forms, styles, and anything that would be fetched; None where it has none."""
    html = parse(raw(session, number)).html
    return None if html is None else page(html)


def attachment(session: Session, number: int, place: int) -> File | None:
    """The attachment at that place of the list, from 0; None where there is none. Raises NotFound."""
    parts = parse(raw(session, number)).attachments
    if place >= len(parts):
        return None
    return File(safe_name(parts[place].file_name) or f"attachment-{place}", parts[place].decoded()[0])


def safe_name(name: str) -> str:
    """The name as every system takes it for that of a file in the folder where it is stored; empty where none is left.

    Letters of all scripts stay, and what says its kind stays when it is cut.
    """
    name = _NOT_IN_NAMES.sub("_", one_line(name)).strip(". ")
    if _DEVICE.match(name):
        name = f"_{name}"
    if len(name) <= LONGEST_NAME:
        return name
    _begin, dot, end = name.rpartition(".")
    extension = f".{end}" if dot and len(end) <= _LONGEST_EXTENSION else ""
    return name[: LONGEST_NAME - len(extension)].rstrip(". ") + extension
