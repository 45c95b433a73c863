"""Commands of IMAP as words (RFC 3501 section 9): atoms, quoted strings, literals; and sets of messages."""

from __future__ import annotations

import re
from asyncio import StreamReader
from collections.abc import Callable, Sequence

LARGEST_LITERAL = 64 * 1024
MOST_LITERALS = 20

# An atom may hold a section in brackets, with spaces of its own: BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.100>
_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([()])|([^\s()"\[]+(?:\[[^\]]*\](?:<[0-9.]+>)?)?)|(\S))')
_LITERAL = re.compile(rb"\{([0-9]{1,9})(\+?)\}\r?\n\Z")
_PART = re.compile(r"(\*|[0-9]{1,10})(?::(\*|[0-9]{1,10}))?")


class Refused(Exception):
    """The words of a tagged answer other than OK."""


async def read_command(reader: StreamReader, go_ahead: Callable[[], None]) -> list[str]:
    """The words of the next command; `go_ahead` asks for a literal. Raises Refused, and EOFError at the end."""
    words: list[str] = []
    for _ in range(MOST_LITERALS):
        try:
            line = await reader.readline()
        except ValueError as error:
            raise Refused("the line is too long") from error
        if not line.endswith(b"\n"):
            raise EOFError
        literal = _LITERAL.search(line)
        words += split(line[: literal.start() if literal else None].decode("utf-8", "replace"))
        if literal is None:
            return words
        size = int(literal[1])
        if size > LARGEST_LITERAL:
            raise Refused("the literal is too large")
        if not literal[2]:
            go_ahead()
        words.append((await reader.readexactly(size)).decode("utf-8", "replace"))
    raise Refused("too many literals")


def split(line: str) -> list[str]:
    """The words of a line; brackets are words of their own, quoted strings are words without their quotes."""
    words = []
    for found in _WORD.finditer(line.strip()):
        quoted, bracket, atom, odd = found.groups()
        words.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bracket or atom or odd)
    return words


def chosen(which: str, numbers: Sequence[int], *, by_uid: bool) -> list[int]:
    """The UIDs that a set names (`3,7:*`), in the order of the mailbox whose UIDs are `numbers`.

    Raises Refused for what is no set. A place or UID that is not there is passed over.
    """
    last = (numbers[-1] if by_uid else len(numbers)) if numbers else 0
    ranges = []
    for part in which.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise Refused(f"BAD {which[:40]} is no set of messages")
        ends = [last if end == "*" else int(end) for end in (match[1], match[2] or match[1])]
        ranges.append((min(ends), max(ends)))
    places = numbers if by_uid else range(1, len(numbers) + 1)
    return [
        number
        for number, place in zip(numbers, places, strict=True)
        if any(low <= place <= high for low, high in ranges)
    ]
