"""An event, a person and a rule, and the words made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import html5lib

from webapp.mail.compose import Words
from webapp.models.catalogue import Severity
from webapp.services.matching import Person, Recipient, Rule, Rulebook
from webapp.services.rendering import Happening, Renderer

ANA = Person(1, "Ana", "ana@corp.example", "+5511999990000", "en", "UTC", True)
RULE = Rule(1, "Vault watch", True, ("email",), ("*",), Severity.INFO, None, (1,))
EVENT = Happening(
    id=41,
    type="certificate.expiring",
    severity="warning",
    title="Portal expires in 7 days",
    body="Renew it.\nSoon.\n\nSee https://wiki.corp.example/pki?a=1&b=2.",
    attributes={"host": "portal.corp.example", "days": 7, "auto": False},
    source="scanner",
    occurred_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
)
LINK = "https://arauto.corp.example/events/41"


def book(*texts: dict[str, str], types: tuple[dict[str, Any], ...] = ()) -> Rulebook:
    return Rulebook(1, {"people": [], "rules": [], "texts": list(texts), "types": list(types)})


def text(body: str, *, subject: str = "S", locale: str = "en", channel: str = "email") -> dict[str, str]:
    return {"type": EVENT.type, "channel": channel, "locale": locale, "subject": subject, "body": body}


def render(happening: Happening = EVENT, *texts: dict[str, str], channel: str = "email", person: Person = ANA) -> Words:
    renderer = Renderer(book(*texts), "https://arauto.corp.example")
    return renderer.words(happening, Recipient(RULE, person, channel, "address"))


def page(words: Words) -> Any:
    """The HTML parsed by the book: an error in it fails the test."""
    assert words.html is not None
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(words.html)


def shown(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
