"""What to try when a mailbox cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

ADVICE: Mapping[str, Callable[[], str]] = {
    "unreachable": lambda: _("Check host and port, and whether a firewall lies between."),
    "busy": lambda: _("The server or another program holds the mailbox. It is tried again by itself."),
    "tls": lambda: _("Check the kind of security and the server's certificate."),
    "auth": lambda: _("Check the user name and the secret of the account's credential."),
    "folder": lambda: _("Check the name of the folder: the test of the account lists those that there are."),
    "protocol": lambda: _("Check protocol and port: what answers there does not speak as it should."),
}
