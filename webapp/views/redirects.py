"""Where a redirect may lead: to a path of this site and nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

NEVER = ("/login", "/logout")


def safe_path(target: str | None) -> str:
    """`target` when it is a path of this site, else `/`. Browsers read `\\` as `/` and drop tabs and line ends."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return "/"
    if "\\" in target or any(character <= " " or character == "\x7f" for character in target):
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.rstrip("/") in NEVER:
        return "/"
    return target


def path_of(url: str | None) -> str:
    """The path of an address of this site (a Referer, htmx's current URL), else `/`."""
    if not url:
        return "/"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    if parts.netloc != request.host:
        return "/"
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def here() -> str:
    """The page that the person looks at: this one, or where they came from when this request changes something."""
    if request.method in ("GET", "HEAD"):
        return safe_path(request.full_path.rstrip("?"))
    return path_of(request.referrer)


def see_other(path: str) -> BaseResponse | Response:
    """303: go and look there. For the end of every accepted form."""
    return redirect(path, 303)
