"""IMAP (RFC 3501, 9051). Messages are listed by UID and fetched in chunks; a round trip for each would cost the most.

The key of a message is `place/UIDVALIDITY/UID/folder`: the four things that together name it for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from webapp.mailboxes.base import Batch, Listed, MailboxTrouble, Withheld, chunks
from webapp.mailboxes.imap_idle import ImapIdle

BATCH = 1000
# A server that gives none of so many is in trouble itself, not its mails.
MOST_REFUSED = 20


class ImapMailbox(ImapIdle):
    """One folder of an IMAP account."""

    @property
    def folder(self) -> str:
        return self._settings.folder

    def count(self) -> int:
        return len(self._uids("ALL"))

    def folders(self) -> list[str]:
        with self._spoken():
            found = self._ready.list_folders()
        return sorted(name for flags, _, name in found if b"\\Noselect" not in flags)

    def listed(self, mark: str) -> Iterator[Batch]:
        listing, _, last = mark.rpartition("/")
        after = int(last) if f"{listing}/" == self._listing and last.isdigit() else 0
        self._told()
        # "n:*" always holds the last message, also when its UID is lower (RFC 3501 section 6.4.8).
        uids = [uid for uid in self._uids(f"UID {after + 1}:*") if uid > after]
        complete = True
        for start in range(0, len(uids), BATCH):
            some = uids[start : start + BATCH]
            found, withheld = self._given(some, ["RFC822.SIZE", "INTERNALDATE"])
            messages = [self._listed(uid, found[uid]) for uid in some if b"RFC822.SIZE" in found.get(uid, {})]
            complete = complete and len(messages) == len(some)
            yield Batch(messages, f"{self._listing}{some[-1]}" if complete else None, withheld)

    def fetch(self, messages: Sequence[Listed]) -> Iterator[tuple[Listed, bytes] | Withheld]:
        for chunk in chunks(messages):
            by_uid = {_uid(message.key): message for message in chunk}
            found, withheld = self._given(list(by_uid), ["BODY.PEEK[]"])
            for uid, message in by_uid.items():
                raw = found.get(uid, {}).get(b"BODY[]")
                if isinstance(raw, bytes):
                    yield message, raw
            yield from withheld

    def present(self) -> set[str]:
        return {self._key(uid) for uid in self._uids("ALL")}

    def names(self, key: str) -> bool:
        return key == self._key(_uid(key))

    def delete(self, keys: Sequence[str]) -> None:
        for uids in self._own(keys):
            with self._spoken():
                self._ready.delete_messages(uids, silent=True)
                self._expunge(uids)

    def move(self, keys: Sequence[str], folder: str) -> None:
        for uids in self._own(keys):
            with self._spoken():
                if not self._ready.folder_exists(folder):
                    self._ready.create_folder(folder)
                if self._ready.has_capability("MOVE"):
                    self._ready.move(uids, folder)
                else:
                    self._ready.copy(uids, folder)
                    self._ready.delete_messages(uids, silent=True)
                    self._expunge(uids)

    # --- inside ---

    def _uids(self, criteria: str) -> list[int]:
        with self._spoken():
            return sorted(self._ready.search(criteria))

    def _given(self, uids: Sequence[int], items: Sequence[str]) -> tuple[dict[int, Any], list[Withheld]]:
        """What the server gives of each message. Some refuse all because of one: those are asked for one by one.

        Gone ones are refused or left out (RFC 2180 section 4.1).
        """
        found, refusal = self._asked(uids, items)
        if refusal is None:
            return found, []
        refused: dict[int, str] = {}
        for uid in uids:
            some, refusal = self._asked([uid], items)
            found |= some
            if refusal is not None:
                refused[uid] = refusal.words
                if len(refused) == MOST_REFUSED and not found and self._still_there(refused):
                    raise refusal
        return found, [Withheld(self._key(uid), refused[uid]) for uid in self._still_there(refused)]

    def _asked(self, uids: Sequence[int], items: Sequence[str]) -> tuple[dict[int, Any], MailboxTrouble | None]:
        """What the server answers to one command; or its refusal, after which other commands may do better."""
        try:
            with self._spoken():
                return dict(self._ready.fetch(uids, items)), None
        except MailboxTrouble as trouble:
            if not self._refused(trouble):
                raise
            return {}, trouble

    def _still_there(self, uids: Mapping[int, str]) -> list[int]:
        return [uid for uid in self._uids(f"UID {','.join(map(str, uids))}") if uid in uids] if uids else []

    def _expunge(self, uids: Sequence[int]) -> None:
        """Without UIDPLUS all that anybody marked as deleted goes, for there is no other way (RFC 3501 6.4.3)."""
        if self._ready.has_capability("UIDPLUS"):
            self._ready.uid_expunge(uids)
        else:
            self._ready.expunge()

    def _listed(self, uid: int, found: dict[bytes, Any]) -> Listed:
        arrived = found.get(b"INTERNALDATE")
        at = arrived.astimezone(UTC) if isinstance(arrived, datetime) else None  # naive means this machine's zone
        return Listed(self._key(uid), int(found.get(b"RFC822.SIZE", 0)), at)

    def _key(self, uid: int) -> str:
        return f"{self._listing}{uid}/{self.folder}"

    @property
    def _listing(self) -> str:
        """Within this, UIDs only grow (RFC 3501 section 2.3.1.1)."""
        return f"{self.place}{self._validity}/"

    def _own(self, keys: Iterable[str]) -> Iterator[list[int]]:
        """The UIDs of keys of this folder as it is now, in batches; others mean nothing here."""
        uids = sorted(_uid(key) for key in keys if self.names(key))
        for start in range(0, len(uids), BATCH):
            yield uids[start : start + BATCH]


def _uid(key: str) -> int:
    number = key.split("/")[2:3]
    return int(number[0]) if number and number[0].isdigit() else 0
