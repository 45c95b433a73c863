"""HTMX: when to answer with a part of a page, which part, and how to tell the page what happened.

The HX-* headers choose the layout of an answer and nothing else: never what somebody may see or do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, flash, make_response, render_template, request, stream_with_context
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response as BaseResponse

from webapp.views import hygiene
from webapp.views.redirects import see_other


def wants_fragment() -> bool:
    """Whether the answer replaces a part of the page. Boosted links and restored history want whole pages."""
    hx = request.headers
    return (
        hx.get("HX-Request") == "true"
        and hx.get("HX-Boosted") != "true"
        and hx.get("HX-History-Restore-Request") != "true"
    )


def page(template: str, blocks: Mapping[str, str] | None = None, /, **context: Any) -> str:
    """The page, or the block of it that `blocks` allows for the element that htmx will replace.

    `blocks` maps the id of an element to the block that makes it: `{"messages-table": "messages_table"}`.
    """
    target = request.headers.get("HX-Target", "")
    if wants_fragment() and blocks and target in blocks:
        return render_block(template, blocks[target], **context)
    return render_template(template, **context)


def streamed(template: str, /, **context: Any) -> Response:
    """The page, sent piece by piece while the iterators in `context` go on. Macros' blocks are sent when they end."""
    hygiene.nonce()  # the headers leave before the first script is met
    current_app.update_template_context(context)
    pieces = current_app.jinja_env.get_template(template).generate(context)
    answer = Response(stream_with_context(pieces), mimetype="text/html")
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would keep the pieces until the page is whole
    return answer


def refused(template: str, blocks: Mapping[str, str] | None = None, /, **context: Any) -> Response:
    """422: the form again, with everything typed and the errors beside the fields."""
    return make_response(page(template, blocks, **context), 422)


def done(path: str, words: str = "", **events: Any) -> Response | BaseResponse:
    """The end of an accepted form: a toast that says what was done, and the way to `path`.

    Without htmx 303. With htmx, 204 and the events (past-tense facts such as `message:cancelled`) when there are any,
    and a move to `path` when there are none.
    """
    if wants_fragment() and events:
        return announce(make_response("", 204), words, **events)
    if words:
        flash(words)
    if wants_fragment():
        answer = make_response("", 204)
        answer.headers["HX-Redirect"] = path
        return answer
    return see_other(path)


def announce(answer: Response, words: str = "", **events: Any) -> Response:
    """Add events to an answer, and a toast when there are words. Underscores in names become colons."""
    facts = {name.replace("_", ":"): detail for name, detail in events.items()}
    if words:
        facts["toast"] = {"words": words}
    answer.headers["HX-Trigger"] = json.dumps(facts)
    return answer
