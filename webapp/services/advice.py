"""What to try when mail does not leave: one sentence for each kind of trouble. Data, translated where it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.channels.base import Outcome, TroubleKind
from webapp.errors import N_

FOR_ACCOUNT: Mapping[TroubleKind, str] = {
    TroubleKind.UNREACHABLE: N_(
        "Check the account's host and port, and that the server runs and lets this machine in."
    ),
    TroubleKind.BUSY: N_("The server takes nothing at the moment. Wait a few minutes, then test again."),
    TroubleKind.TLS: N_("Check the security of the account (STARTTLS or TLS from the first byte) and the certificate."),
    TroubleKind.AUTH: N_("Check the user name and the secret of the account's credential, then test again."),
    TroubleKind.SENDER: N_("Check the sender address: the server does not let this account send as it."),
    TroubleKind.PROTOCOL: N_("Check the port: what answers there does not speak SMTP as it should."),
}

FOR_MESSAGE: Mapping[Outcome, str] = {
    Outcome.TEMPORARY: N_("The server refused the mail for now. Wait a few minutes, then test again."),
    Outcome.PERMANENT: N_("The server refused this mail for good. Check the recipient, and what the server says."),
    Outcome.UNCERTAIN: N_(
        "The mail was sent, but its answer never came. Look whether it arrived before you repeat it."
    ),
}
