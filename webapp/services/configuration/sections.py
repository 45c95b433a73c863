"""Every section of the configuration file, in the order in which it is written: a section refers to earlier ones."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.services.certificates import Certificates
from webapp.services.contacts import Contacts
from webapp.services.credentials import Credentials
from webapp.services.entries import Section
from webapp.services.event_types import EventTypes
from webapp.services.groups import Groups
from webapp.services.inbox_accounts import InboxAccounts
from webapp.services.notifications import Notifications
from webapp.services.parameters import Parameters
from webapp.services.smtp_accounts import SmtpAccounts
from webapp.services.texts import Texts

SECTIONS: Mapping[str, Section] = {
    section.name: section
    for section in (
        Credentials(),
        SmtpAccounts(),
        InboxAccounts(),
        Parameters(),
        Contacts(),
        Groups(),
        Notifications(),
        EventTypes(),
        Certificates(),
        Texts(),
    )
}

# One mapping instead of a list of entries.
SINGLE = frozenset({"parameters"})
