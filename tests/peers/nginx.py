"""Real nginx with deploy/nginx.conf, in front of a server that the test has started."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.peers import free_port, peer_missing, program, stop, wait_listening

SITE = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"

AROUND = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx: addresses of its HTTPS and HTTP sides, the CA to trust, and its logs."""

    url: str
    plain_url: str
    ca_file: Path
    folder: Path

    @property
    def access_log(self) -> str:
        return (self.folder / "access.log").read_text()

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


StartNginx = Callable[[int | str], Nginx]


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[StartNginx]:
    """Starts nginx in front of a loopback port, or of a Unix socket given by its path."""
    executable = program("nginx")
    if executable is None:
        peer_missing("nginx", "install the package nginx-light")
    with ExitStack() as running:
        yield lambda upstream: running.enter_context(_running(executable, tmp_path / "nginx", upstream))


@contextmanager
def _running(executable: Path, folder: Path, upstream: int | str) -> Iterator[Nginx]:
    folder.mkdir()
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
    port, plain_port = free_port(), free_port()
    address = f"127.0.0.1:{upstream}" if isinstance(upstream, int) else f"unix:{upstream}"
    (folder / "site.conf").write_text(_site(folder, address, port, plain_port))
    # Only root may name a user, and root must: its workers could not enter pytest's folder as anyone else.
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    log = folder / "error.log"
    process = subprocess.Popen(
        [executable, "-e", log, "-p", folder, "-c", folder / "nginx.conf"], start_new_session=True
    )
    try:
        wait_listening(process, port, "nginx", log)
        yield Nginx(f"https://localhost:{port}", f"http://localhost:{plain_port}", folder / "ca.pem", folder)
    finally:
        stop(process, signal.SIGTERM)


def _site(folder: Path, upstream: str, port: int, plain_port: int) -> str:
    """The site as an administrator would edit it: every line marked CHANGE, and the ports."""
    edits = (
        ("server 127.0.0.1:8000;", f"server {upstream};"),
        ("arauto.corp.example;", "localhost;"),
        ("/etc/ssl/arauto/fullchain.pem", f"{folder}/both.pem"),
        ("/etc/ssl/arauto/privkey.pem", f"{folder}/both.pem"),
        ("/var/log/nginx/arauto.access.log", f"{folder}/access.log"),
        ("/var/log/nginx/arauto.error.log", f"{folder}/error.log"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
    )
    site = SITE.read_text()
    for before, after in edits:
        assert before in site, f"deploy/nginx.conf no longer says {before!r}"
        site = site.replace(before, after)
    return site
