"""What Arauto's own events say: data. Every text is translated for its reader when the event is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.errors import N_

SOURCE = "arauto"


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that Arauto tells of itself: the type of the event, its title, and what happened and what to do."""

    type: str
    title: str
    body: str


CREDENTIAL_CREATED = Case(
    "credential.created",
    N_("The credential %(credential)s was created"),
    N_(
        "By: %(by)s. User name: %(username)s.\n\n"
        "If nobody meant to create it, remove it, and look into the audit log for what else was done."
    ),
)
CREDENTIAL_CHANGED = Case(
    "credential.changed",
    N_("The credential %(credential)s was changed"),
    N_(
        "By: %(by)s. Changed: %(changed)s.\n\n"
        "If nobody meant to change it, look into the audit log for how it was before, and what else was done."
    ),
)
CREDENTIAL_DELETED = Case(
    "credential.deleted",
    N_("The credential %(credential)s was deleted"),
    N_(
        "By: %(by)s.\n\n"
        "If nobody meant to delete it, create it again, and look into the audit log for what else was done."
    ),
)
CREDENTIAL_PASSWORD = Case(
    "password.changed",
    N_("The password of the credential %(credential)s was changed"),
    N_(
        "By: %(by)s. The accounts that use the credential sign in with it from now on.\n\n"
        "If nobody meant to change it, enter the right one, and look into the audit log for what else was done."
    ),
)
USER_PASSWORD = Case(
    "password.changed",
    N_("The password of %(user)s was changed"),
    N_(
        "By: %(by)s. Everybody who was signed in as %(user)s is signed out.\n\n"
        "If %(user)s knows nothing of it, give them a new password, and look into the audit log for what else was done."
    ),
)
SIGN_IN_FAILED = Case(
    "access.login_failed",
    N_("A sign-in as %(user)s failed"),
    N_(
        "From: %(address)s.\n\n"
        "After 5 failures within 15 minutes further tries from there wait. If nobody forgot a password, somebody is "
        "guessing: find out who uses that address."
    ),
)
UNKNOWN_NAME = Case(
    "access.login_failed",
    N_("A sign-in with a name that no user has failed"),
    N_(
        "From: %(address)s.\n\n"
        "The name is not kept: people type their password into the wrong field. If nobody mistyped a name, somebody is "
        "guessing: find out who uses that address."
    ),
)
NEW_ADDRESS = Case(
    "access.unusual",
    N_("%(user)s signed in from a new address"),
    N_(
        "From: %(address)s. %(user)s never signed in from there before.\n\n"
        "If that was not %(user)s, change their password at once: that signs them out everywhere."
    ),
)
DENIED = Case(
    "access.denied",
    N_("%(user)s was denied access to %(path)s"),
    N_(
        "From: %(address)s. Role of %(user)s: %(role)s; needed: %(needed)s.\n\n"
        "If %(user)s should have access, an administrator changes the role. If not, ask what was looked for there."
    ),
)
ACCOUNT_DOWN = Case(
    "monitoring.account_down",
    N_("The SMTP account %(account)s cannot send"),
    N_(
        "Since %(since)s. Server: %(host)s, port %(port)s: %(error)s.\n\n"
        "%(advice)s\n\n"
        "The messages of the account wait, and none is lost. They leave by themselves when the server takes them."
    ),
)
INBOX_DOWN = Case(
    "monitoring.account_down",
    N_("The inbox account %(account)s cannot be read"),
    N_(
        "Since %(since)s. Server: %(host)s, port %(port)s: %(error)s.\n\n"
        "Test the account on its page: it says what to do. Its mail waits on the server, and none is lost."
    ),
)
JOB_FAILS = Case(
    "monitoring.job_late",
    N_("The job %(job)s is late"),
    N_(
        "It has not come to a good end since %(since)s. Its last run ended with: %(error)s.\n\n"
        "Look into the log of the processes that run the jobs, and run: arauto check"
    ),
)
JOB_HANGS = Case(
    "monitoring.job_late",
    N_("The job %(job)s is late"),
    N_("It has been running since %(since)s and does not end.\n\nRestart the process that runs it: %(node)s"),
)

CERTIFICATE_EXPIRING = Case(
    "certificate.expiring",
    N_("The certificate %(certificate)s expires %(in_time)s"),
    N_(
        "It is valid until %(expires)s. Issued to: %(subject)s.\n\n"
        "Put a new one in its place before that: what relies on it stops working then."
    ),
)
CERTIFICATE_EXPIRED = Case(
    "certificate.expired",
    N_("The certificate %(certificate)s has expired"),
    N_(
        "It was valid until %(expires)s. Issued to: %(subject)s.\n\n"
        "Put a new one in its place: what relies on it does not work any more."
    ),
)
CERTIFICATE_RENEWED = Case(
    "certificate.renewed",
    N_("The certificate %(certificate)s was renewed"),
    N_(
        "The new one is valid until %(expires)s. Issued to: %(subject)s.\n\n"
        "There is nothing to do, unless nobody meant to renew it: ask then who put it there."
    ),
)
CERTIFICATE_UNSEEN = Case(
    "connectivity.down",
    N_("The certificate %(certificate)s cannot be seen"),
    N_(
        "Server: %(host)s, port %(port)s. Last result: %(error)s.\n\n"
        "Check that the server runs and lets this machine in. Arauto goes on looking, and tells when it sees it again."
    ),
)
CERTIFICATE_SEEN_AGAIN = Case(
    "connectivity.up",
    N_("The certificate %(certificate)s is seen again"),
    N_("Server: %(host)s, port %(port)s. It is valid until %(expires)s.\n\nThere is nothing to do."),
)

# How long something lasts, by its days.
IN_DAYS: Mapping[int, str] = {0: N_("within twelve hours"), 1: N_("in one day")}
IN_MORE_DAYS = N_("in %(days)s days")

# Who did it, by the kind of actor.
BY: Mapping[str, str] = {
    "user": N_("%(name)s, from %(address)s"),
    "token": N_("API token %(name)s, from %(address)s"),
    "command": N_("%(name)s, on the command line of %(address)s"),
    "visitor": N_("somebody who had not signed in, from %(address)s"),
    "arauto": N_("Arauto itself"),
}

ROLES: Mapping[str, str] = {"viewer": N_("Viewer"), "operator": N_("Operator"), "admin": N_("Administrator")}

FIELDS: Mapping[str, str] = {"name": N_("Name"), "username": N_("User name"), "kind": N_("Kind")}

# The attributes of these events, as mails call them.
ATTRIBUTES: Mapping[str, str] = {
    "account": N_("Account"),
    "address": N_("From where"),
    "by": N_("Who"),
    "certificate": N_("Certificate"),
    "credential": N_("Credential"),
    "days_left": N_("Days left"),
    "ends_first": N_("Its chain expires with"),
    "host": N_("Server"),
    "issuer": N_("Issuer"),
    "job": N_("Job"),
    "needed": N_("Needed role"),
    "node": N_("Process"),
    "not_after": N_("Valid until"),
    "path": N_("Page"),
    "port": N_("Port"),
    "role": N_("Role"),
    "serial": N_("Serial number"),
    "sha256": N_("SHA-256"),
    "subject": N_("Issued to"),
    "user": N_("User"),
    "username": N_("User name"),
}
