"""`arauto serve` and `arauto worker`, as processes of their own."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import Arauto
from tests.e2e.instance import BIN, Instance, configuration, instance
from tests.peers import wait_until
from tests.peers.smtp_script import ScriptedSmtp


@pytest.fixture
def arauto_instance(tmp_path: Path) -> Iterator[Instance]:
    with instance(tmp_path / "var") as made:
        yield made


def test_a_taken_port_is_told_before_anything_starts(arauto: Arauto) -> None:
    with socket.create_server(("127.0.0.1", 0)) as owner:
        port = owner.getsockname()[1]
        ended = arauto("serve", "--port", port)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"Arauto cannot listen on 127.0.0.1:{port}: Address already in use.")
    assert ended.err.rstrip().endswith("choose another one with --port.")


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "70000"], ["--workers", "0"], ["--threads", "x"]])
def test_wrong_numbers_are_wrong_usage(arauto: Arauto, arguments: list[str]) -> None:
    assert arauto("serve", *arguments).code == 2


def test_it_serves_sends_into_the_sandbox_and_stops(tmp_path: Path) -> None:
    with instance(tmp_path / "var", ARAUTO_ADMIN_PASSWORD="") as server:
        del server.environ["ARAUTO_BASE_URL"]
        told = server.cli("migrate").stdout.splitlines()[-1]
        server.cli("config", "apply", "-", stdin=CONTACTS)
        server.start("--sandbox")
        assert server.log().splitlines()[:2] == [f"Arauto is on {server.url} (stop it with Ctrl+C)", told]

        server.cli("emit", "password.changed", "--title", "From the command line")

        wait_until(lambda: '"sent"' in server.cli("message", "list", "--json").stdout, "the mail to be sent")
        assert server.stop() == 0
        with pytest.raises(requests.ConnectionError):
            requests.get(server.url, timeout=5)


CONTACTS = """
contacts: [{name: Ana, email: ana@corp.example}]
notifications: [{name: All, channels: [email], types: ["*"], contacts: [Ana]}]
"""


def test_without_the_sandbox_the_first_password_is_only_pointed_at(tmp_path: Path) -> None:
    with instance(tmp_path / "var", ARAUTO_ADMIN_PASSWORD="") as server:
        password = server.cli("migrate").stdout.split()[-1]
        server.start()
        assert password not in server.log()
        assert f"First sign-in: admin, with the password in {tmp_path / 'var' / 'first-password'}" in server.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_sends_without_serving_and_stops(arauto_instance: Instance, number: signal.Signals) -> None:
    with ScriptedSmtp() as smtp:
        arauto_instance.environ["ARAUTO_JOBS"] = "off"
        arauto_instance.prepare(configuration(smtp.port))
        worker = subprocess.Popen(
            [BIN / "arauto", "worker"], env=arauto_instance.environ, stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        with worker.stdout:
            assert worker.stdout.readline() == "The jobs are running (stop them with Ctrl+C)\n"
            arauto_instance.cli("emit", "password.changed", "--title", "x")
            wait_until(lambda: smtp.mails, "the worker to send")
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", arauto_instance.port)) != 0
            worker.send_signal(number)
            assert worker.wait(20) == 0
