"""What every answer tells the browser: run nothing but ours, keep nothing, send nothing elsewhere."""

from __future__ import annotations

import re
import secrets
from io import BytesIO

from flask import Flask, Response, g, request, send_file

# The one page that shows somebody else's HTML: it may look like itself, and do nothing.
SANDBOXED = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)

FIXED = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: the check against forged forms over HTTPS reads it.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# A frame may open no window: a link that asks for one stands there with its address, and does nothing.
_LEADS_NOWHERE = '<base target="_blank">'
_PROLOGUE = re.compile(r"(?:\s++|<(?:\?|!doctype\b)[^>]*+>)*+", re.IGNORECASE)
_IN_PLACE = re.compile(r"""(\btarget\s*+=\s*+["']?)_self\b""", re.IGNORECASE)
VARY = ("HX-Request", "HX-Target", "Cookie")


def install(app: Flask) -> None:
    """Add the headers to every answer, whoever made it."""
    app.jinja_env.globals["csp_nonce"] = nonce
    app.after_request(_add_headers)


def nonce() -> str:
    """The random word that scripts of this answer must bear."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def sandboxed(answer: Response) -> Response:
    """For an answer that is somebody else's HTML (a mail), to be shown in an `<iframe sandbox>` of our own pages."""
    answer.headers["Content-Security-Policy"] = SANDBOXED
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def mail(html: str) -> Response:
    """Somebody else's HTML as it looks, to be shown in an `<iframe sandbox>`; clicking its links does nothing."""
    begin = _PROLOGUE.match(html)
    at = begin.end() if begin else 0  # a tag before the document type would hide it
    shown = html[:at] + _LEADS_NOWHERE + _IN_PLACE.sub(r"\1_blank", html[at:])
    return sandboxed(Response(shown, mimetype="text/html"))


def download(data: bytes, name: str, mimetype: str) -> Response:
    """For bytes that came from outside: the browser stores them as `name` and opens nothing."""
    return sandboxed(send_file(BytesIO(data), mimetype, as_attachment=True, download_name=name))


def _policy() -> str:
    script = f"'nonce-{g.csp_nonce}' 'self'" if "csp_nonce" in g else "'none'"
    return (
        f"default-src 'none'; script-src {script}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _add_headers(answer: Response) -> Response:
    headers = answer.headers
    given = {name for name, _ in headers}
    for name, value in (*FIXED.items(), ("Content-Security-Policy", _policy()), ("X-Frame-Options", "DENY")):
        if name not in given:
            headers.add(name, value)
    if request.endpoint == "static" and answer.status_code in (200, 206, 304):
        # An address with the hash of its content never changes its meaning.
        versioned = "v" in request.args
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return answer
    headers["Cache-Control"] = "no-store"
    if "Vary" in given:
        answer.vary.update(VARY)
    else:
        headers.add("Vary", ", ".join(VARY))
    return answer
