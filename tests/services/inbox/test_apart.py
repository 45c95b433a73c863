"""Mail beyond the limits has its effect like any other, and holds up nobody who reads it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.services.inbox.conftest import arrive, fresh, kept, mail, sent_message
from tests.services.inbox.letters import report
from webapp.mail.digest import digest
from webapp.mail.parse import parse
from webapp.models import InboundState, State
from webapp.services.inbox import apart, processing

HEAD = b"From: ana@corp.example\r\nSubject: hello\r\n"
TOO_MANY_PARTS = b"--b\r\n\r\nx\r\n" * 600
BEYOND = {
    "too_large": HEAD + b"\r\n" + b"x" * (33 << 20),
    "headers_cut": HEAD + b"X-A: b\r\n" * 1_100 + b"\r\nx",
    "field_cut": HEAD + b"References: " + b"<a@b.example>\r\n " * 1_500 + b"\r\n\r\nx",
    "too_deep": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_000 + b"x",
    "too_many_parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + TOO_MANY_PARTS + b"--b--\r\n",
}


@pytest.mark.parametrize("defect", BEYOND)
def test_another_process_says_the_same_of_it(defect: str) -> None:
    told = apart.digest_of(BEYOND[defect])
    assert told == digest(parse(BEYOND[defect]))
    assert (told.sender, told.subject, defect in told.reading.defects) == ("ana@corp.example", "hello", True)


@pytest.mark.parametrize("raw", [mail(1), b"", b"\x00\xff", HEAD + b"Date: never\r\nContent-Type: x/y; charset=z\r\n"])
def test_other_mail_needs_no_process(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert apart.digest_of(raw) == digest(parse(raw))


def test_it_has_its_effect(inbox: int) -> None:
    message = sent_message()
    raw = report(message, "failed", "5.1.1").replace(b"boundary=b\r\n", b"boundary=b\r\n" + b"X-A: b\r\n" * 1_100, 1)
    arrive(raw, inbox)
    [row] = kept()
    assert (row.state, row.effect, row.defects) == ("processed", "bounced", ["headers_cut"])
    assert fresh(message).state == State.BOUNCED


def test_the_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = {}
    real = subprocess.run

    def run(*arguments: Any, **more: Any) -> Any:
        known.update(more["env"])
        return real(*arguments, **more)

    monkeypatch.setenv("ARAUTO_MASTER_KEY", "canary")
    monkeypatch.setattr(subprocess, "run", run)
    apart.digest_of(BEYOND["headers_cut"])
    assert "canary" not in known.values()


WORK = {
    "processor": ("while True: pass", "could not be understood within 1 seconds."),
    "clock": ("import time; time.sleep(60)", "could not be understood within 0.5 seconds."),
    "memory": ("b'x' * (1 << 30)", "could not be understood: MemoryError"),
    "crash": ("import os; os.abort()", "could not be understood: exit code -6"),
}
CHILD = """#!{python}
import sys
from webapp.services.inbox import apart

def work(raw):
    {work}

apart.parse, apart.MOST_MEMORY = work, 300 << 20
sys.argv = ["", sys.argv[-1]]
apart.main()
"""


@pytest.mark.parametrize("kind", WORK)
def test_what_takes_too_much_is_held_until_it_is_tried_again(kind, inbox, monkeypatch, tmp_path):
    work, words = WORK[kind]
    child = tmp_path / "python"
    child.write_text(CHILD.format(python=sys.executable, work=work))
    child.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(child))
        patch.setattr(apart, "PROCESSOR_SECONDS", 1)
        patch.setattr(apart, "DEADLINE_SECONDS", 0.5 if kind == "clock" else 30)
        arrive(BEYOND["headers_cut"], inbox)
    [row] = kept()
    assert (row.state, words in row.error) == ("held", True), row.error
    assert processing.process_again(row.id) is InboundState.PROCESSED
