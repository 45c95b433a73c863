"""Forwarded headers: believed only from the reverse proxies that the settings name, removed from everybody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.config import Proxies

Wsgi = Any


class TrustedProxies:
    """WSGI middleware: the client's address, scheme and host as the trusted proxies tell them."""

    def __init__(self, wsgi: Wsgi, proxies: Proxies):
        self._wsgi = wsgi
        self._hops = proxies.hops
        self._networks = [ipaddress.ip_network(network) for network in proxies.networks]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not self._hops or not self._trusts(environ.get("REMOTE_ADDR", "")):
            for name in [name for name in environ if name.startswith(("HTTP_X_FORWARDED_", "HTTP_FORWARDED"))]:
                del environ[name]
            return self._wsgi(environ, start_response)
        told = self._hops
        fix = ProxyFix(self._wsgi, x_for=self._depth(environ), x_proto=told, x_host=told, x_port=told, x_prefix=told)
        return fix(environ, start_response)

    def _trusts(self, address: str) -> bool:
        """Unix sockets have no address; who may open them is a matter of file permissions."""
        if not self._networks or not address:
            return True
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in network for network in self._networks)

    def _depth(self, environ: dict[str, Any]) -> int:
        """How many entries of X-Forwarded-For to go back: past every entry that is a trusted proxy itself."""
        if not self._networks:
            return self._hops
        entries = parse_list_header(environ.get("HTTP_X_FORWARDED_FOR", ""))
        depth = 1
        while depth < len(entries) and entries[-depth] and self._trusts(entries[-depth]):
            depth += 1
        return depth
