"""The generated password of the first administrator: kept readable for its owner alone until somebody uses it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE = "first-password"
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
GROUPS, LETTERS = 5, 4


def generate() -> str:
    """A password that a person can type and nobody can guess (99 bits)."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS))


def keep(data_dir: Path, password: str) -> None:
    """Keep it in the data folder, mode 0600."""
    draft = data_dir / f"{FILE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(data_dir / FILE)


def pending(data_dir: Path) -> str | None:
    """The password as long as nobody used it; None otherwise."""
    try:
        return (data_dir / FILE).read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def forget(data_dir: Path) -> None:
    """The first administrator signed in, or the password was changed: remove what was kept. Safe at any time."""
    (data_dir / FILE).unlink(missing_ok=True)
