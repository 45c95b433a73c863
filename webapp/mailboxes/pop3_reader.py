"""`poplib`, as far as mail needs it otherwise."""

from __future__ import annotations

import poplib
from typing import Any

from webapp.mailboxes.base import LONGEST_ANSWER


class Reader(poplib.POP3):
    """`poplib` gives up on lines over 2,048 octets, which mail has; and it tells nobody what is said."""

    tell: Any = staticmethod(lambda who, text: None)
    quiet = True  # inside a message

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(*arguments, **options)
        except BaseException:
            if hasattr(self, "sock"):
                self.close()
            raise

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(LONGEST_ANSWER + 1)
        if len(line) > LONGEST_ANSWER:
            raise ValueError("a line is longer than any mail")
        if not line.endswith(b"\n"):  # also a dot alone, which would be the end of a mail
            raise EOFError("the server ended the connection")
        text = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if not self.quiet:
            self.tell("server", text.decode("utf-8", "replace"))
        return text, len(line)

    def _shortcmd(self, line: str) -> bytes:
        """Nothing of a message is in an answer of one line."""
        quiet, self.quiet = self.quiet, False
        try:
            answer: bytes = super()._shortcmd(line)  # type: ignore[misc]
            return answer
        finally:
            self.quiet = quiet

    def _putline(self, line: bytes) -> None:
        self.tell("client", line.decode("utf-8", "replace"))
        self.sock.sendall(line + b"\r\n")


class TlsReader(Reader, poplib.POP3_SSL):
    """The same under TLS from the first byte."""
