"""The octets of a mail as a tree of parts (RFC 2045, 2046), in time and memory that are bounded by their number.

The standard library's parser recurses as deep as a mail nests and reads all that it holds. This one scans for line ends
and boundaries only, and stops at its limits: what lies beyond stays one part, and the defect is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from webapp.mail import fields
from webapp.mail.defects import Defect

LARGEST = 32 * 1024 * 1024
MOST_FIELDS = 1_000
MOST_ALIKE = 20
MOST_PARTS = 500
MOST_DEEP = 20
_MOST_SCANNED = 8 * LARGEST  # octets, for the boundaries of all levels together
_MOST_FALSE_BOUNDARIES = 10_000

# Possessive: what they took they keep, so that no input makes them remember or try again.
_FIELD = re.compile(rb"([!-9;-~]{1,100}+)[ \t]*+:(.*+(?:\n[ \t].*+)*+)\n?")
_ENVELOPE = re.compile(rb"(?:[ \t]*+\n|>?From [^\n]*+\n)*+")  # mbox, gateways that keep it, and copies from a page
_KIND = re.compile(r"[^/\s]{1,60}/[^/\s]{1,80}")
_TAKEN_APART = frozenset(("message/rfc822", "message/global", "message/news"))

Fields = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its header fields (name and value as they stand), the `first` value of each name in lower case, its
    body, and the parts within.

    `kind` is its content type in lower case, `text/plain` where it has none that can be read (RFC 2045 section 5.2).
    """

    fields: Fields
    first: Mapping[str, bytes] = field(repr=False)
    kind: str
    parameters: dict[str, str]
    source: bytes = field(repr=False)
    start: int
    end: int
    parts: tuple[Part, ...] = ()

    @property
    def body(self) -> bytes:
        """The octets after the header, with LF as line ends."""
        return self.source[self.start : self.end]

    def raw(self, name: str) -> bytes:
        """The value of the first field of that name (in lower case), as it stands; empty when there is none."""
        return self.first.get(name, b"")

    def header(self, name: str) -> str:
        """The value of the first field of that name as people read it; empty when there is none."""
        return fields.text(self.raw(name))

    def headers(self, name: str) -> tuple[str, ...]:
        """The values of the first MOST_ALIKE fields of that name as people read them."""
        found = (value for known, value in self.fields if known.lower() == name)
        return tuple(fields.text(value) for value in islice(found, MOST_ALIKE))

    def walk(self) -> Iterator[Part]:
        """This part and all within it, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def leaves(self) -> Iterator[Part]:
        """The parts that hold something themselves, in order; a mail inside the mail counts as one."""
        if self.kind.startswith("multipart/") and self.parts:
            for part in self.parts:
                yield from part.leaves()
        else:
            yield self

    @property
    def attached(self) -> bool:
        """Whether it says that it is an attachment, or is named as a file."""
        return self.header("content-disposition").lower().startswith("attachment") or bool(self.file_name)

    @property
    def file_name(self) -> str:
        """The name of its file; empty when there is none."""
        _, disposition = fields.parameters(self.raw("content-disposition"))
        return disposition.get("filename") or self.parameters.get("name", "")

    def decoded(self, most: int = LARGEST) -> tuple[bytes, bool]:
        """The body without its transfer encoding, of its first `most` octets; and whether that was known and whole."""
        encoding = self.header("content-transfer-encoding").lower().strip("\"'; ")
        body = self.source[self.start : min(self.end, self.start + most)]
        if encoding.startswith("base64"):
            return fields.base64(body)
        if encoding.startswith("quoted-printable"):
            return fields.quoted_printable(body), True
        return body, encoding in ("", "7bit", "8bit", "binary", "7-bit", "8-bit", "none")


def take_apart(raw: bytes) -> tuple[Part, set[Defect]]:
    """The mail as a tree, and what is wrong with it. Any octets in, never an exception out."""
    reading = _Reading()
    data = reading.lines(raw)
    return reading.part(data, 0, len(data), "text/plain", 0), reading.defects


@dataclass(slots=True)
class _Reading:
    """One mail being read. Parts are spans of one buffer, so that nesting copies nothing."""

    defects: set[Defect] = field(default_factory=set)
    parts: int = 0
    scanned: int = 0

    def lines(self, raw: bytes) -> bytes:
        """The octets with LF as line ends."""
        if not raw:
            self.defects.add(Defect.EMPTY)
        if len(raw) > LARGEST:
            self.defects.add(Defect.TOO_LARGE)
            raw = raw[:LARGEST]
        if b"\0" in raw:
            self.defects.add(Defect.NUL)
        if b"\r" not in raw:
            return raw
        data = raw.replace(b"\r\n", b"\n")
        if b"\r" in data:
            self.defects.add(Defect.BARE_CR)
            if b"\n" not in data:
                data = data.replace(b"\r", b"\n")
        return data

    def part(self, source: bytes, start: int, end: int, default: str, depth: int) -> Part:
        """The part in that span, and those within it. The recursion ends at MOST_DEEP."""
        self.parts += 1
        found, start = self.head(source, start, end, top=not depth)
        first = {name.lower(): value for name, value in reversed(found)}
        value = first.get("content-type", b"")
        kind, parameters = fields.parameters(value) if value else (default, {})
        if not _KIND.fullmatch(kind):
            kind = "text/plain"
        inner: tuple[Part, ...] = ()
        part = Part(found, first, kind, parameters, source, start, end)
        if kind.startswith("multipart/"):
            inner = self.multipart(part, depth)
            kind = kind if inner else "text/plain"
        elif kind in _TAKEN_APART:
            inner = self.message(part, depth)
        return Part(found, first, kind, parameters, source, start, end, inner)

    def message(self, part: Part, depth: int) -> tuple[Part, ...]:
        """The mail that a part holds."""
        if depth >= MOST_DEEP:
            self.defects.add(Defect.TOO_DEEP)
            return ()
        if part.header("content-transfer-encoding").lower() in ("base64", "quoted-printable"):  # forbidden, and seen
            data = part.decoded()[0].replace(b"\r\n", b"\n")
            return (self.part(data, 0, len(data), "text/plain", depth + 1),)
        return (self.part(part.source, part.start, part.end, "text/plain", depth + 1),)

    def multipart(self, part: Part, depth: int) -> tuple[Part, ...]:
        """The parts of a multipart."""
        if depth >= MOST_DEEP:
            self.defects.add(Defect.TOO_DEEP)
            return ()
        boundary = part.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        self.scanned += part.end - part.start
        if self.scanned > _MOST_SCANNED:
            self.defects.add(Defect.TOO_DEEP)
            return ()
        spans = self.spans(part, b"--" + boundary) if boundary else []
        if not spans:
            self.defects.add(Defect.NO_PARTS)
        default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
        inner = []
        for start, end in spans:
            if self.parts >= MOST_PARTS:
                self.defects.add(Defect.TOO_MANY_PARTS)
                break
            inner.append(self.part(part.source, start, end, default, depth + 1))
        return tuple(inner)

    def spans(self, part: Part, delimiter: bytes) -> list[tuple[int, int]]:
        """Where the parts of a multipart begin and end (RFC 2046 section 5.1.1)."""
        source, end = part.source, part.end
        found: list[tuple[int, int]] = []
        start = -1
        at = part.start if source.startswith(delimiter, part.start, end) else _next(source, delimiter, part.start, end)
        for _ in range(MOST_PARTS + _MOST_FALSE_BOUNDARIES):
            if len(found) > MOST_PARTS:
                self.defects.add(Defect.TOO_MANY_PARTS)
                return found
            if at < 0:
                break
            line_end = source.find(b"\n", at, end)
            line_end = end if line_end < 0 else line_end
            after = source[at + len(delimiter) : min(line_end, at + len(delimiter) + 80)].rstrip()
            if after in (b"", b"--"):
                if start >= 0:
                    found.append((start, max(start, at - 1)))
                start = min(line_end + 1, end)
                if after:
                    return found
            at = _next(source, delimiter, line_end, end)
        if start >= 0:
            self.defects.add(Defect.UNCLOSED)
            found.append((start, end))
        return found

    def head(self, source: bytes, start: int, end: int, *, top: bool) -> tuple[Fields, int]:
        """The header fields, and where the body begins."""
        if top:
            start += 3 if source.startswith(b"\xef\xbb\xbf", start) else 0
            envelope = _ENVELOPE.match(source, start, min(end, start + 4096))
            start = envelope.end() if envelope else start
        if source.startswith(b"\n", start, end):
            return (), start + 1
        blank = source.find(b"\n\n", start, end)
        stop, body = (end, end) if blank < 0 else (blank + 1, blank + 2)
        found, rest = self.fields(source, start, stop)
        if not found:
            if top and source:
                self.defects.add(Defect.NO_HEADERS)
            return (), start
        return tuple(found), body if rest < 0 else rest

    def fields(self, source: bytes, start: int, stop: int) -> tuple[list[tuple[str, bytes]], int]:
        """The fields of a header section; and where the lines begin that follow the last of them, or -1."""
        found: list[tuple[str, bytes]] = []
        broken, lines = -1, 0
        while start < stop:
            match = _FIELD.match(source, start, stop)
            if match is None:
                lines += 1
                if not found or lines > MOST_FIELDS:
                    break
                self.defects.add(Defect.BROKEN_HEADERS)
                broken = start if broken < 0 else broken
                start = source.find(b"\n", start, stop) + 1 or stop
                continue
            if len(found) >= MOST_FIELDS:
                self.defects.add(Defect.HEADERS_CUT)
                break
            value, value_end = match.span(2)
            if value_end - value > fields.LONGEST_VALUE:
                self.defects.add(Defect.FIELD_CUT)
            found.append((match[1].decode("ascii"), source[value : min(value_end, value + fields.LONGEST_VALUE)]))
            start, broken = match.end(), -1
        return found, broken


def _next(source: bytes, delimiter: bytes, start: int, end: int) -> int:
    """Where the next line that begins with the delimiter begins; -1 when there is none."""
    at = source.find(b"\n" + delimiter, max(start - 1, 0), end)
    return at + 1 if at >= 0 else -1
