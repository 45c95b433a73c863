"""A throw-away Dovecot: IMAP and POP3, in clear, with STARTTLS, with TLS from the first byte.

Any user may sign in, by password or access token.
"""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.peers import free_port, give_away, peer_missing, program, stop, wait_listening

PASSWORD = "s3cret"
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
last_valid_uid = 0
first_valid_gid = 1
mail_home = {folder}/mail/%n
mail_location = maildir:~/Maildir
mail_fsync = never
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
ssl_dh =
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%n
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # Else who fails keeps everybody of the same address waiting.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
mailbox_list_index = yes
namespace inbox {{
  inbox = yes
}}
pop3_uidl_format = %08Xu%08Xv
mail_max_userip_connections = 1000
"""


# Tokens are judged by their signature alone; nobody is asked.
TOKENS = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""
TOKEN_KEY = b"known to the server and the tests alone"


@dataclass
class Box:
    """The mailbox of one user, seen from the server's side."""

    user: str
    folder: Path

    def put(self, raw: bytes, *, folder: str = "", arrived: float | None = None) -> None:
        """Let a mail arrive; `arrived` is its INTERNALDATE in seconds since 1970."""
        home = self._home(folder)
        name = f"{next(_numbers)}.test"
        for part in ("tmp", "new", "cur"):
            (home / part).mkdir(parents=True, exist_ok=True)
        path = home / "tmp" / name
        path.write_bytes(raw)
        if os.getuid() == 0:
            shutil.chown(path, "nobody")
            for part in (self.folder.parent, self.folder, *self.folder.iterdir(), *home.iterdir()):
                with suppress(FileNotFoundError):  # a lock of the server, which may go any moment
                    shutil.chown(part, "nobody")
        if arrived is not None:
            os.utime(path, (arrived, arrived))
        path.rename(home / "new" / name)

    def mails(self, folder: str = "") -> list[bytes]:
        """What is in the mailbox, or in one of its other folders, in the order of arrival."""
        home = self._home(folder)
        paths = [path for part in ("new", "cur") for path in (home / part).glob("*") if ",ST" not in path.name]
        return [path.read_bytes() for path in sorted(paths, key=lambda path: int(path.name.split(".")[0]))]

    def _home(self, folder: str) -> Path:
        return self.folder / f".{folder}" if folder else self.folder

    def forget_validity(self) -> None:
        """The server numbers everything anew under another UIDVALIDITY."""
        for name in (
            "dovecot-uidlist",
            "dovecot-uidvalidity",
            "dovecot.index",
            "dovecot.index.log",
            "dovecot.index.cache",
        ):
            for path in self.folder.glob(f"{name}*"):
                path.unlink()


_numbers = itertools.count(1_700_000_000)
_users = itertools.count(1)


class Dovecot:
    """The server. `box()` is a new user's empty mailbox; all have the same password."""

    def __init__(self, folder: Path, authority: trustme.CA):
        self.folder, self.password = folder, PASSWORD
        self.imap, self.imaps, self.pop3, self.pop3s = (free_port() for _ in range(4))
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        for part in certificate.cert_chain_pems:
            part.write_to_path(folder / "cert.pem", append=True)
        user = "nobody" if os.getuid() == 0 else Path.home().owner()
        group = "nogroup" if os.getuid() == 0 else Path.home().group()
        for part in ("mail", "state"):
            (folder / part).mkdir()
            give_away(folder / part)
        ports = {name: getattr(self, name) for name in ("imap", "imaps", "pop3", "pop3s")}
        words = CONFIGURATION.format(folder=folder, user=user, group=group, password=PASSWORD, **ports)
        (folder / "dovecot.conf").write_text(words)
        (folder / "oauth2.conf").write_text(TOKENS.format(folder=folder))
        key = folder / "keys" / "default" / "HS256" / "default"
        key.parent.mkdir(parents=True)
        key.write_bytes(base64.b64encode(TOKEN_KEY))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = program("dovecot")
        if binary is None:
            peer_missing("Dovecot", "Debian: apt-get install dovecot-imapd dovecot-pop3d")
        self._process = subprocess.Popen(
            [binary, "-F", "-c", self.folder / "dovecot.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for port in (self.imap, self.pop3):
            wait_listening(self._process, port, "Dovecot", self.folder / "dovecot.log")

    def stop(self) -> None:
        """Its connections end at once; by itself it would let them go on for some seconds."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            stop(self._process, signal.SIGTERM)

    def token(self, user: str, *, seconds: int = 3600) -> str:
        """An access token of that user (RFC 7519), which ends in so many seconds."""
        now = int(time.time())
        claims = {"sub": user, "iat": now - 7200, "nbf": now - 7200, "exp": now + seconds}
        parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
        signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        mark = hmac.digest(TOKEN_KEY, signed, "sha256")
        return (signed + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()

    def box(self) -> Box:
        user = f"u{next(_users)}"
        return Box(user, self.folder / "mail" / user / "Maildir")


@pytest.fixture(scope="session")
def mail_authority() -> trustme.CA:
    """Who signed Dovecot's certificate."""
    return trustme.CA()


@contextmanager
def running(authority: trustme.CA) -> Iterator[Dovecot]:
    """A server in a folder that its unprivileged processes can reach."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Dovecot(folder, authority)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def dovecot(mail_authority: trustme.CA) -> Iterator[Dovecot]:
    """One server for all tests of a process; each test takes a mailbox of its own."""
    with running(mail_authority) as server:
        yield server


def trust(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, folder: Path) -> None:
    """Make `authority` what the system trusts."""
    store = folder / "store.pem"
    authority.cert_pem.write_to_path(store)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
