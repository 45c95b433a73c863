"""A configuration that holds every section, and short questions about refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from webapp.errors import InvalidInput
from webapp.services import configuration

FULL = """
credentials:
  - {name: relay, username: app, secret: {value: hunter2-canary}}
smtp_accounts:
  - {name: Relay, sender_email: arauto@corp.example, host: 127.0.0.1, port: 2525, authenticate: true,
     credential: relay, fallback: Second}
  - {name: Second, sender_email: two@corp.example, host: mail, port: 25}
parameters: {footer_text: Sent by the herald}
notifications:
  - {name: Vault watch, channels: [sms, email], types: [password.changed, credential.*, custom.thing],
     min_severity: warning, contacts: [Ana], groups: [Security], account: Second}
groups: [{name: Security, contacts: [Bea, Ana]}]
contacts:
  - {name: Ana, email: ana@corp.example, mobile: "+5511999990000", locale: pt-br, timezone: America/Sao_Paulo}
  - {name: Bea, email: bea@mail.local}
certificates: [{name: Portal, host: portal.corp.example}]
event_types: [{type: custom.thing, title: A thing, category: Monitoring}, {type: password.changed, severity: error}]
texts: [{type: password.changed, channel: email, locale: en, subject: "S {{ event.title }}", body: "B\\n\\n  more"}]
"""


@pytest.fixture
def full() -> str:
    return FULL


@pytest.fixture
def refusals() -> Callable[[str | bytes], dict[str, str]]:
    """The problems of a text by their paths; the text must be refused."""

    def problems(text: str | bytes, **options: bool) -> dict[str, str]:
        with pytest.raises(InvalidInput) as refused:
            configuration.apply(text, **options)
        return {problem.path: problem.words for problem in refused.value.problems}

    return problems
