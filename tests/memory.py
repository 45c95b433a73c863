"""Where tests keep their files: in memory, because waiting for a disk at every commit is what would take the time.

What is promised of commits does not depend on it: the kernel keeps these files while processes are killed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

FOLDER = Path("/dev/shm")  # containers have 64 MB there unless told otherwise
ROOM = 2 << 30


def keep_files_there() -> None:
    """Make it the folder of temporary files, also for programs that tests start, unless TMPDIR names another one."""
    if "TMPDIR" not in os.environ and _roomy(FOLDER):
        os.environ["TMPDIR"] = str(FOLDER)
        tempfile.tempdir = None  # else what was looked up before stays


def _roomy(folder: Path) -> bool:
    """Whether programs may write there, and start what they wrote."""
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC
