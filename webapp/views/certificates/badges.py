"""How a watched certificate does, in a few words with an icon and a colour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext

from webapp.queries.sayings import said
from webapp.services.expiry import days_left

SOON, NEAR = 30, 7
# The parts of an RFC 4514 name that people know somebody by, the best first.
_NAMES = tuple(re.compile(rf"(?:^|,){part}=((?:\\.|[^,+\\])+)") for part in ("CN", "O", "OU"))


@dataclass(frozen=True, slots=True)
class Badge:
    """As the macro `ui.state.flag` takes it."""

    word: str
    icon: str
    tone: str
    hint: str = ""


def short_name(name: str) -> str:
    """The common name of an RFC 4514 name, else its organisation, else all of it."""
    found = next((match for pattern in _NAMES if (match := pattern.search(name))), None)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else name


def badges(row: Any, now: datetime) -> list[Badge]:
    """What there is to know of a row at a glance, the most important first."""
    if not row.enabled:
        return [Badge(pgettext("certificate", "disabled"), "slash-circle", "quiet")]
    if row.sighting is None:
        return [Badge(_("not looked at yet"), "clock", "waiting")]
    return [*_of_look(row.sighting), *_of_end(row.sighting, now), *_of_trust(row.sighting, now)]


def _of_look(seen: Any) -> Iterator[Badge]:
    if seen.failures:
        yield Badge(_("not seen"), "plug", "bad" if seen.down or seen.ends_at is None else "doubt", said(seen.error))


def _of_end(seen: Any, now: datetime) -> Iterator[Badge]:
    if seen.ends_at is None:
        return
    left = days_left(seen.ends_at, now)
    if seen.ends_at < now:
        yield Badge(_("expired"), "x-circle", "bad")
    elif left > SOON:
        yield Badge(_("valid"), "check-lg", "good")
    else:
        words = ngettext("%(num)s day left", "%(num)s days left", left) if left else _("hours left")
        yield Badge(words, "exclamation-triangle", "bad" if left <= NEAR else "doubt")


def _of_trust(seen: Any, now: datetime) -> Iterator[Badge]:
    """One that has expired is trusted by nobody: that is said already."""
    if seen.distrust and seen.ends_at >= now:
        yield Badge(_("not trusted"), "unlock", "doubt", said(seen.distrust))
    if not seen.names_match:
        yield Badge(_("of another name"), "question-circle", "doubt", ", ".join(seen.names))
