"""What an address asks a report for, checked: a value that cannot be right is told in words and narrows nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from webapp.services.checks import check_text
from webapp.views import language

LONGEST = 500
BIGGEST = 2**63 - 1
YEARS = range(1970, 9998)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class Asked:
    """The parameters of an address. `problems`: the words for each that was refused, by its name."""

    def __init__(self, args: Mapping[str, str]):
        self._args = args
        self.problems: dict[str, str] = {}
        self._moments: dict[str, datetime] = {}

    def typed(self, name: str) -> str:
        """What was typed, fit to be shown again."""
        return "".join(c for c in self._args.get(name, "")[:LONGEST] if c.isprintable())

    def text(self, name: str) -> str:
        """Any one line of text; empty when it was refused."""
        value = self._args.get(name, "").strip()
        wrong = check_text(name, value, most=LONGEST, lines=False)
        if wrong:
            self.problems[name] = wrong.words
        return "" if wrong else value

    def choice(self, name: str, known: Collection[str]) -> str:
        """One of the known values."""
        value = self._args.get(name, "")
        if value and value not in known:
            self.problems[name] = _("There is no “%(value)s” here. Choose one of the list.", value=self.typed(name))
            return ""
        return value

    def number(self, name: str) -> int | None:
        """The number of a row."""
        value = self._args.get(name, "")
        if not value:
            return None
        if not (value.isascii() and value.isdigit()) or int(value[:20]) > BIGGEST:
            self.problems[name] = _("This is not a number of the list.")
            return None
        return int(value)

    def moment(self, name: str, *, end: bool = False) -> datetime | None:
        """A day, or a day and a time, in the viewer's zone; a day alone means its beginning, or with `end` its end."""
        value = self._args.get(name, "").strip()
        if not value:
            return None
        try:
            local = datetime.fromisoformat(value)
            moment = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(language.timezone()))
            if end and _DAY.match(value):
                moment += timedelta(days=1)
            if moment.year not in YEARS:
                raise ValueError(value)
            self._moments[name] = moment
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.problems[name] = _("This is no date. Write it as 2026-11-23, or with a time as 2026-11-23 14:30.")
            return None

    def local(self, name: str) -> str:
        """A moment as a field for date and time takes it; as it was typed when it is none."""
        moment = self._moments.get(name)
        zone = ZoneInfo(language.timezone())
        return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if moment else self.typed(name)
