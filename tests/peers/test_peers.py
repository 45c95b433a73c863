"""Each peer starts, does its work, and leaves nothing behind that the next test could trip over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

import pytest
from playwright.sync_api import Page
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.peers import wait_until
from tests.peers.chromium import Problems
from tests.peers.nginx import StartNginx
from tests.peers.postgres import PostgresServer


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers it got, or with a page whose script is wrong."""

    def do_GET(self) -> None:
        broken = b"<!doctype html><title>x</title><h1>Hello</h1><script>throw new Error('oops')</script>"
        body = broken if self.path == "/broken" else str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path == "/broken" else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def echo() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        """Follow none: the answer itself is what the test looks at."""


@pytest.mark.parametrize("round_", [1, 2])
def test_every_test_gets_a_postgres_database_of_its_own(postgres_url: str, round_: int) -> None:
    engine = create_engine(postgres_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (round integer)"))
        version = connection.execute(text("SHOW server_version_num")).scalar_one()
    assert int(version) >= 150000


def test_postgres_comes_back_after_a_crash_with_what_was_committed(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as name:
        postgres_server.execute("CREATE TABLE kept AS SELECT 1 AS one", name)
        postgres_server.stop("immediate")
        postgres_server.start()
        assert postgres_server.execute("SELECT one FROM kept", name) == [(1,)]


def test_nginx_tells_the_server_behind_it_who_asks(nginx: StartNginx, echo: int) -> None:
    front = nginx(echo)
    forged = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    with urlopen(Request(f"{front.url}/any", headers=forged), context=front.tls()) as answer:
        headers = dict(line.split(": ", 1) for line in answer.read().decode().splitlines() if line)
    here = front.url.removeprefix("https://")
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["X-Forwarded-Host"] == headers["Host"] == here
    assert "X-Forwarded-Prefix" not in headers


def test_nginx_sends_plain_http_to_https(nginx: StartNginx, echo: int) -> None:
    with pytest.raises(HTTPError) as refused:
        build_opener(NoRedirects).open(f"{nginx(echo).plain_url}/outbox?state=failed")
    assert refused.value.code == 301
    assert refused.value.headers["Location"] == "https://localhost/outbox?state=failed"
    refused.value.close()


def test_nginx_keeps_secrets_in_addresses_out_of_its_log(nginx: StartNginx, echo: int) -> None:
    front = nginx(echo)
    for path in ("/api/v1/callbacks/zenvia/hush", "/outbox"):
        urlopen(front.url + path, context=front.tls()).close()
    wait_until(lambda: "/outbox" in front.access_log, "the second request in the log")
    assert "hush" not in front.access_log


def test_chromium_opens_a_page_and_reports_what_is_wrong_with_it(page: Page, problems: Problems, echo: int) -> None:
    page.goto(f"http://127.0.0.1:{echo}/broken")
    page.get_by_role("heading", name="Hello").wait_for()
    assert any("oops" in problem for problem in problems)
    problems.clear()
