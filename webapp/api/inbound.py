"""What came in, over HTTP."""

from __future__ import annotations

from typing import Any

from webapp.api.blueprint import NUMBER
from webapp.api.endpoint import get
from webapp.api.inbound_schemas import InboundAnswers, InboundDetail, InboundQuery
from webapp.api.schemas import NumberPath
from webapp.errors import InvalidInput
from webapp.extensions import db
from webapp.queries import inbound, plain
from webapp.queries.inbound import Filters
from webapp.services.checks import check_text

LONGEST_FILTER = 500


@get("/inbound", scope="read", answer=InboundAnswers)
def list_inbound(query: InboundQuery) -> dict[str, Any]:
    """What came in, newest first."""
    typed = {"account": query.account, "text": query.text}
    wrong = [check_text(name, value, most=LONGEST_FILTER, lines=False) for name, value in typed.items()]
    if any(wrong):
        raise InvalidInput([problem for problem in wrong if problem])
    filters = Filters(
        **typed,
        kind=query.kind or "",
        state=query.state or "",
        answers=query.answers,
        since=query.since,
        until=query.until,
    )
    page = inbound.page(db.session(), filters, limit=query.limit, after=query.after or None)
    return {"items": [plain.inbound(row) for row in page.items], "next": page.next}


@get(f"/inbound/{NUMBER}", scope="read", answer=InboundDetail)
def get_inbound(path: NumberPath) -> dict[str, Any]:
    """One mail, and what it did."""
    return plain.inbound_detail(inbound.get(db.session(), path.id))
