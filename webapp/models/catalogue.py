"""The built-in event types: data. What an administrator adds or changes is in `EventType` rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from webapp.errors import N_


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
    """What is known of an event type. `built_in`: its title is one of this catalogue, so it is translated."""

    type: str
    title: str
    category: str
    severity: Severity
    at_most_once: bool = False
    built_in: bool = True


CATEGORIES: dict[str, str] = {
    "access": N_("Access behaviour"),
    "workstation": N_("Workstation alerts"),
    "certificate": N_("Expiration of certificates"),
    "session": N_("About remote sessions"),
    "password": N_("Password operations"),
    "backup": N_("Password backup"),
    "command": N_("Audit of commands"),
    "connectivity": N_("Equipment connectivity"),
    "information": N_("About protected information"),
    "credential": N_("Operations with credentials"),
    "monitoring": N_("Monitoring"),
    "request": N_("Access requests"),
}

_INFO, _WARNING, _ERROR, _CRITICAL = Severity

_TYPES: tuple[tuple[str, str, Severity], ...] = (
    ("access.unusual", N_("Unusual access"), _WARNING),
    ("access.login_failed", N_("Sign-in failed"), _WARNING),
    ("access.denied", N_("Access denied"), _WARNING),
    ("workstation.locked", N_("Workstation locked"), _INFO),
    ("workstation.alert", N_("Workstation alert"), _WARNING),
    ("certificate.expiring", N_("Certificate about to expire"), _WARNING),
    ("certificate.expired", N_("Certificate expired"), _ERROR),
    ("certificate.renewed", N_("Certificate renewed"), _INFO),
    ("certificate.revoked", N_("Certificate revoked"), _ERROR),
    ("session.opened", N_("Remote session opened"), _INFO),
    ("session.closed", N_("Remote session closed"), _INFO),
    ("session.suspicious", N_("Suspicious remote session"), _CRITICAL),
    ("password.viewed", N_("Password viewed"), _INFO),
    ("password.changed", N_("Password changed"), _INFO),
    ("password.change_failed", N_("Password change failed"), _ERROR),
    ("password.expiring", N_("Password about to expire"), _WARNING),
    ("backup.completed", N_("Password backup completed"), _INFO),
    ("backup.failed", N_("Password backup failed"), _ERROR),
    ("backup.late", N_("Password backup is late"), _WARNING),
    ("command.blocked", N_("Command blocked"), _WARNING),
    ("command.audited", N_("Command audited"), _INFO),
    ("connectivity.down", N_("Equipment unreachable"), _ERROR),
    ("connectivity.up", N_("Equipment reachable again"), _INFO),
    ("information.viewed", N_("Protected information viewed"), _INFO),
    ("information.changed", N_("Protected information changed"), _INFO),
    ("information.shared", N_("Protected information shared"), _WARNING),
    ("credential.created", N_("Credential created"), _INFO),
    ("credential.changed", N_("Credential changed"), _INFO),
    ("credential.viewed", N_("Credential viewed"), _INFO),
    ("credential.deleted", N_("Credential deleted"), _WARNING),
    ("monitoring.job_late", N_("Job is late"), _WARNING),
    ("monitoring.queue_stuck", N_("Queue is stuck"), _ERROR),
    ("monitoring.account_down", N_("Account is down"), _ERROR),
    ("monitoring.disk", N_("Disk space is low"), _WARNING),
    ("request.created", N_("Access requested"), _INFO),
    ("request.approved", N_("Access request approved"), _INFO),
    ("request.denied", N_("Access request denied"), _WARNING),
    ("request.expired", N_("Access request expired"), _WARNING),
    ("request.revoked", N_("Access revoked"), _WARNING),
)

BUILT_IN: dict[str, TypeInfo] = {
    name: TypeInfo(name, title, CATEGORIES[name.split(".")[0]], severity) for name, title, severity in _TYPES
}
