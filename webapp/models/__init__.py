"""The nouns: tables and constraints, one noun a file. Imported whole so that every table is known."""

from __future__ import annotations

from webapp.models.audit_entry import AuditEntry
from webapp.models.certificate import Certificate, CertificateNotice, Sighting
from webapp.models.contact import Contact, ContactGroup
from webapp.models.credential import Credential
from webapp.models.event import Event
from webapp.models.event_type import EventType, Text
from webapp.models.inbound import InboundMessage, InboundRaw, InboundState, SkippedMail
from webapp.models.inbox_account import InboxAccount, InboxProgress
from webapp.models.job import JobRun, PeriodicJob
from webapp.models.lease import Lease
from webapp.models.message import Attempt, Content, Message, TimelineEntry
from webapp.models.notification import Notification
from webapp.models.parameter import Parameter
from webapp.models.rulebook import Rulebook
from webapp.models.sandbox_mail import SandboxMail
from webapp.models.search import TABLE as SEARCH_TABLE
from webapp.models.smtp_account import AccountHealth, SmtpAccount
from webapp.models.states import State
from webapp.models.suppression import SuppressedAddress
from webapp.models.token import ApiToken, IdempotencyRecord
from webapp.models.user import SeenAddress, SignInFailure, User, WebSession

__all__ = [
    "SEARCH_TABLE",
    "AccountHealth",
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "Certificate",
    "CertificateNotice",
    "Contact",
    "ContactGroup",
    "Content",
    "Credential",
    "Event",
    "EventType",
    "IdempotencyRecord",
    "InboundMessage",
    "InboundRaw",
    "InboundState",
    "InboxAccount",
    "InboxProgress",
    "JobRun",
    "Lease",
    "Message",
    "Notification",
    "Parameter",
    "PeriodicJob",
    "Rulebook",
    "SandboxMail",
    "SeenAddress",
    "Sighting",
    "SignInFailure",
    "SkippedMail",
    "SmtpAccount",
    "State",
    "SuppressedAddress",
    "Text",
    "TimelineEntry",
    "User",
    "WebSession",
]
