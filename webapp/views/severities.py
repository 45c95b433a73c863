"""The severities in words."""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.queries.events import SEVERITIES


def severities() -> dict[str, str]:
    """Each severity and its word, the mildest first."""
    words = {"info": _("information"), "warning": _("warning"), "error": _("error"), "critical": _("critical")}
    return {severity.value: words[severity] for severity in SEVERITIES}
