"""INBOX of the sandbox while one connection has it open: what the other side knows of it, and what it asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

from webapp.services.sandbox import imap_fetch
from webapp.services.sandbox.boxes import Boxes, Facts
from webapp.services.sandbox.imap_words import Refused, chosen

FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")
FETCHED_AT_ONCE = 100
_SEARCHED: Mapping[str, tuple[str, bool]] = {
    "SEEN": ("\\Seen", True),
    "UNSEEN": ("\\Seen", False),
    "DELETED": ("\\Deleted", True),
    "UNDELETED": ("\\Deleted", False),
}
_STORES: Mapping[str, Callable[[set[str], set[str]], set[str]]] = {
    "FLAGS": lambda _before, named: named,
    "+FLAGS": lambda before, named: before | named,
    "-FLAGS": lambda before, named: before - named,
}


class Folder:
    """`numbers` are the UIDs by sequence number, as the other side knows them; flags end with the connection."""

    def __init__(self, boxes: Boxes, address: str):
        self._boxes = boxes
        self._address = address
        self._flags: dict[int, set[str]] = {}
        self._last = 0
        self.numbers: list[int] = []

    async def look(self) -> list[str]:
        """What came and what went since the last look, in the words of untagged answers."""
        there = await asyncio.to_thread(self._boxes.still_there, self.numbers)
        return [*self._without(set(self.numbers) - there), *await self.look_for_new()]

    async def look_for_new(self) -> list[str]:
        """What came, alone: cheap, however much mail comes in for others."""
        new, self._last = await asyncio.to_thread(self._boxes.numbers, self._address, self._last)
        self.numbers += new
        return [f"{len(self.numbers)} EXISTS"] if new else []

    async def fetch(self, words: Sequence[str], *, by_uid: bool) -> AsyncIterator[bytes]:
        """An untagged answer for each mail that is still there. Raises Refused."""
        if len(words) < 2:
            raise Refused("BAD which messages, and what of them?")
        items = imap_fetch.items([*words[1:], *(("UID",) if by_uid else ())])
        places = self._places()
        numbers = chosen(words[0], self.numbers, by_uid=by_uid)
        for start in range(0, len(numbers), FETCHED_AT_ONCE):
            some = numbers[start : start + FETCHED_AT_ONCE]
            facts = await asyncio.to_thread(self._boxes.facts, self._address, some)
            for number in some:
                shown = await self._shown(number, facts.get(number), items)
                if shown is not None:
                    yield b"%d FETCH (%s)" % (places[number], shown)

    async def _shown(self, number: int, facts: Facts | None, items: Sequence[imap_fetch.Item]) -> bytes | None:
        needs_raw = any(item.needs_raw for item in items)
        stored = await asyncio.to_thread(self._boxes.raw, number) if needs_raw else b""
        if facts is None or stored is None:
            return None
        flags = self._flags.setdefault(number, set())
        if any(item.marks_seen for item in items):
            flags.add("\\Seen")
        seen = imap_fetch.Seen(number, facts, facts.head + stored, sorted(flags))
        return b" ".join(item.shown(seen) for item in items)

    def search(self, words: Sequence[str], *, by_uid: bool) -> str:
        """The untagged answer to a search. Raises Refused."""
        found = set(self.numbers)
        given = list(words)
        while given:
            key = given.pop(0).upper()
            if key == "UID" and given:
                found &= set(chosen(given.pop(0), self.numbers, by_uid=True))
            elif key in _SEARCHED:
                flag, wanted = _SEARCHED[key]
                found = {number for number in found if (flag in self._flags.get(number, ())) is wanted}
            elif key != "ALL":
                found &= set(chosen(key, self.numbers, by_uid=False))
        places = self._places()
        return "".join(["SEARCH", *(f" {number if by_uid else places[number]}" for number in sorted(found))])

    def store(self, words: Sequence[str], *, by_uid: bool) -> list[str]:
        """Change flags; the untagged answers. Raises Refused."""
        which, how, *flags = [*(word for word in words if word not in "()"), "", ""]
        name = how.upper()
        change = _STORES.get(name.removesuffix(".SILENT"))
        if change is None:
            raise Refused("BAD FLAGS, +FLAGS or -FLAGS")
        named = {flag for flag in FLAGS if flag.upper() in {given.upper() for given in flags}}
        numbers = chosen(which, self.numbers, by_uid=by_uid)
        for number in numbers:
            self._flags[number] = change(self._flags.get(number, set()), named)
        if name.endswith(".SILENT"):
            return []
        places = self._places()
        uid = " UID {}" if by_uid else ""
        return [
            f"{places[number]} FETCH (FLAGS ({' '.join(sorted(self._flags[number]))}){uid.format(number)})"
            for number in numbers
        ]

    async def expunge(self, among: Collection[int]) -> list[str]:
        """Throw away those of the mails that are flagged so; the untagged answers."""
        gone = {number for number in among if "\\Deleted" in self._flags.get(number, ())}
        if gone:
            await asyncio.to_thread(self._boxes.remove, gone)
        return self._without(gone)

    def _places(self) -> dict[int, int]:
        return {number: place for place, number in enumerate(self.numbers, 1)}

    def _without(self, gone: set[int]) -> list[str]:
        places = [place for place, number in enumerate(self.numbers, 1) if number in gone]
        self.numbers = [number for number in self.numbers if number not in gone]
        return [f"{place} EXPUNGE" for place in reversed(places)]
