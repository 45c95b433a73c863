"""Forwarded headers are believed from the proxies in the settings and from nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from webapp.config import Proxies
from webapp.views.proxies import TrustedProxies

FORWARDED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "arauto.corp.example",
    "Forwarded": "for=203.0.113.9",
}


def told(proxies: Proxies, peer: str, **headers: str) -> dict[str, Any]:
    """What the application sees of a request that came from `peer`."""
    seen: dict[str, Any] = {}

    def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    environ = EnvironBuilder(headers={**FORWARDED, **headers}, environ_base={"REMOTE_ADDR": peer}).get_environ()
    run_wsgi_app(TrustedProxies(wsgi, proxies), environ)
    return seen


@pytest.mark.parametrize(
    ("proxies", "peer"),
    [
        (Proxies(), "127.0.0.1"),
        (Proxies(), ""),
        (Proxies(1, ("10.0.0.0/8",)), "192.0.2.1"),
        (Proxies(1, ("10.0.0.0/8",)), "x"),
    ],
)
def test_a_stranger_is_not_believed(proxies: Proxies, peer: str) -> None:
    seen = told(proxies, peer)
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == (peer, "http", "localhost")
    assert not [name for name in seen if "FORWARDED" in name]


@pytest.mark.parametrize("peer", ["10.1.2.3", "::ffff:10.1.2.3", ""])
def test_a_trusted_proxy_is(peer: str) -> None:
    seen = told(Proxies(1, ("10.0.0.0/8",)), peer)
    assert seen["REMOTE_ADDR"] == "203.0.113.7"
    assert (seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("https", "arauto.corp.example")


@pytest.mark.parametrize(
    ("proxies", "entries", "client"),
    [
        (Proxies(1), "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (Proxies(2), "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (Proxies(2), "203.0.113.7", "10.0.0.1"),
        (Proxies(1, ("10.0.0.0/8",)), "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (Proxies(1, ("10.0.0.0/8",)), "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ],
)
def test_only_what_a_trusted_proxy_added_counts(proxies: Proxies, entries: str, client: str) -> None:
    assert told(proxies, "10.0.0.1", **{"X-Forwarded-For": entries})["REMOTE_ADDR"] == client
