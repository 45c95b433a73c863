"""Mail beyond the limits is understood in a process of its own, which may take so long and no longer.

Nobody sends such mail by chance. What it might be made for, time, memory or a fault of a library, costs that process.
`python -m webapp.services.inbox.apart 2` reads the octets of one mail and writes its digest as JSON.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

from pydantic import TypeAdapter

from webapp.mail.defects import BEYOND_LIMITS
from webapp.mail.digest import Digest, digest
from webapp.mail.mime import take_apart
from webapp.mail.parse import parse, read

PROCESSOR_SECONDS = 2
DEADLINE_SECONDS = 20.0  # of a clock, on a machine that is busy
MOST_MEMORY = 2 << 30  # bytes of addresses

_DIGEST = TypeAdapter(Digest)


class NotUnderstood(Exception):
    """A mail beyond the limits whose process did not get to its end, in words for people."""


def digest_of(raw: bytes) -> Digest:
    """What the mail is. Raises NotUnderstood for one beyond the limits that cannot be understood in time."""
    root, defects = take_apart(raw)
    return digest_apart(raw) if defects & BEYOND_LIMITS else digest(read(root, defects))


def digest_apart(raw: bytes) -> Digest:
    """The same in a process of its own, which knows none of our secrets. Raises NotUnderstood."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ARAUTO_")}
    command = [sys.executable, "-P", "-m", __name__, str(PROCESSOR_SECONDS)]
    try:
        ended = subprocess.run(command, input=raw, capture_output=True, timeout=DEADLINE_SECONDS, env=environ)
    except subprocess.TimeoutExpired:
        raise _too_long(DEADLINE_SECONDS) from None
    if ended.returncode == -signal.SIGXCPU:
        raise _too_long(PROCESSOR_SECONDS)
    if ended.returncode:
        last = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        why = last or f"exit code {ended.returncode}"
        raise NotUnderstood(f"It is beyond the limits of mail, and could not be understood: {why}")
    return _DIGEST.validate_json(ended.stdout)


def _too_long(seconds: float) -> NotUnderstood:
    return NotUnderstood(f"It is beyond the limits of mail, and could not be understood within {seconds:g} seconds.")


def main() -> None:
    """The other process."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(_DIGEST.dump_json(digest(parse(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    main()
