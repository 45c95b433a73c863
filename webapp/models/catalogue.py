"""The built-in event types: data. What an administrator adds or changes is in `EventType` rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


def _(text: str) -> str:
    """Marks a text for the translation catalogue; it is translated where it is shown."""
    return text


class Severity(StrEnum):
    """How bad it is; the order of the members is the order of severity."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """What is known of an event type."""

    type: str
    title: str
    category: str
    severity: Severity
    at_most_once: bool = False
    built_in: bool = True


CATEGORIES: dict[str, str] = {
    "access": _("Access behaviour"),
    "workstation": _("Workstation alerts"),
    "certificate": _("Expiration of certificates"),
    "session": _("About remote sessions"),
    "password": _("Password operations"),
    "backup": _("Password backup"),
    "command": _("Audit of commands"),
    "connectivity": _("Equipment connectivity"),
    "information": _("About protected information"),
    "credential": _("Operations with credentials"),
    "monitoring": _("Monitoring"),
    "request": _("Access requests"),
}

_INFO, _WARNING, _ERROR, _CRITICAL = Severity

_TYPES: tuple[tuple[str, str, Severity], ...] = (
    ("access.unusual", _("Unusual access"), _WARNING),
    ("access.login_failed", _("Sign-in failed"), _WARNING),
    ("access.denied", _("Access denied"), _WARNING),
    ("workstation.locked", _("Workstation locked"), _INFO),
    ("workstation.alert", _("Workstation alert"), _WARNING),
    ("certificate.expiring", _("Certificate about to expire"), _WARNING),
    ("certificate.expired", _("Certificate expired"), _ERROR),
    ("certificate.renewed", _("Certificate renewed"), _INFO),
    ("certificate.revoked", _("Certificate revoked"), _ERROR),
    ("session.opened", _("Remote session opened"), _INFO),
    ("session.closed", _("Remote session closed"), _INFO),
    ("session.suspicious", _("Suspicious remote session"), _CRITICAL),
    ("password.viewed", _("Password viewed"), _INFO),
    ("password.changed", _("Password changed"), _INFO),
    ("password.change_failed", _("Password change failed"), _ERROR),
    ("password.expiring", _("Password about to expire"), _WARNING),
    ("backup.completed", _("Password backup completed"), _INFO),
    ("backup.failed", _("Password backup failed"), _ERROR),
    ("backup.late", _("Password backup is late"), _WARNING),
    ("command.blocked", _("Command blocked"), _WARNING),
    ("command.audited", _("Command audited"), _INFO),
    ("connectivity.down", _("Equipment unreachable"), _ERROR),
    ("connectivity.up", _("Equipment reachable again"), _INFO),
    ("information.viewed", _("Protected information viewed"), _INFO),
    ("information.changed", _("Protected information changed"), _INFO),
    ("information.shared", _("Protected information shared"), _WARNING),
    ("credential.created", _("Credential created"), _INFO),
    ("credential.changed", _("Credential changed"), _INFO),
    ("credential.viewed", _("Credential viewed"), _INFO),
    ("credential.deleted", _("Credential deleted"), _WARNING),
    ("monitoring.job_late", _("Job is late"), _WARNING),
    ("monitoring.queue_stuck", _("Queue is stuck"), _ERROR),
    ("monitoring.account_down", _("Account is down"), _ERROR),
    ("monitoring.disk", _("Disk space is low"), _WARNING),
    ("request.created", _("Access requested"), _INFO),
    ("request.approved", _("Access request approved"), _INFO),
    ("request.denied", _("Access request denied"), _WARNING),
    ("request.expired", _("Access request expired"), _WARNING),
    ("request.revoked", _("Access revoked"), _WARNING),
)

BUILT_IN: dict[str, TypeInfo] = {
    name: TypeInfo(name, title, CATEGORIES[name.split(".")[0]], severity) for name, title, severity in _TYPES
}
