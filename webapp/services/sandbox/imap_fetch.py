"""What FETCH can show of a mail (RFC 3501 section 6.4.5): a table of items."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from webapp.services.sandbox.boxes import Facts
from webapp.services.sandbox.imap_words import Refused

_SECTION = re.compile(
    r"(?:BODY(\.PEEK)?\[(|TEXT|HEADER|HEADER\.FIELDS(?:\.NOT)? ?\(([^)]*)\))\]|RFC822(\.HEADER|\.TEXT)?)"
    r"(?:<([0-9]{1,10})\.([0-9]{1,10})>)?",
    re.IGNORECASE,
)
_FIELD = re.compile(rb"[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*")


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail as FETCH sees it; `raw` is empty where no item needs it."""

    number: int
    facts: Facts
    raw: bytes
    flags: Sequence[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to show."""

    shown: Callable[[Seen], bytes]
    needs_raw: bool = False
    marks_seen: bool = False


_FACTS: Mapping[str, Callable[[Seen], bytes]] = {
    "UID": lambda seen: b"UID %d" % seen.number,
    "FLAGS": lambda seen: f"FLAGS ({' '.join(seen.flags)})".encode(),
    "RFC822.SIZE": lambda seen: b"RFC822.SIZE %d" % seen.facts.size,
    "INTERNALDATE": lambda seen: f'INTERNALDATE "{seen.facts.arrived:%d-%b-%Y %H:%M:%S %z}"'.encode(),
}
_MACROS = {"FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE")}


def items(words: Sequence[str]) -> list[Item]:
    """The items that the words of a FETCH name, each once. Raises Refused."""
    names = [name for word in words if word not in "()" for name in _MACROS.get(word.upper(), (word,))]
    return [_item(name) for name in dict.fromkeys(names)]


def _item(name: str) -> Item:
    fact = _FACTS.get(name.upper())
    if fact is not None:
        return Item(fact)
    section = _SECTION.fullmatch(name)
    if section is None:
        raise Refused(f"BAD {name[:40]} is nothing that this server shows")
    peek, inner, fields, old, first, most = section.groups()
    wanted = (inner if inner is not None else (old or "").removeprefix(".")).upper()
    label = re.sub(r"\.PEEK|<.*", "", name, flags=re.IGNORECASE) + (f"<{first}>" if first is not None else "")

    def shown(seen: Seen) -> bytes:
        data = _part(seen.raw, wanted, (fields or "").upper().split())
        data = data if first is None else data[int(first) : int(first) + int(most)]
        return b"%s {%d}\r\n%s" % (label.encode(), len(data), data)

    return Item(shown, needs_raw=True, marks_seen=not peek and wanted != "HEADER")


def _part(raw: bytes, wanted: str, fields: Sequence[str]) -> bytes:
    end = re.search(rb"\r?\n\r?\n", raw)
    cut = end.end() if end else len(raw)
    if wanted == "":
        return raw
    if wanted == "TEXT":
        return raw[cut:]
    if wanted == "HEADER":
        return raw[:cut]
    kept = [
        line
        for line in _FIELD.findall(raw[:cut])
        if (line.partition(b":")[0].decode("latin-1").upper() in fields) is not wanted.startswith("HEADER.FIELDS.NOT")
        and line.strip()
    ]
    return b"".join(kept) + b"\r\n"
