"""The new text of a reply: without the mail that it answers, without signature. Answers between quoted lines stay.

Read line by line. A mail program introduces the mail that is answered in one of three ways: a line of attribution
("On Monday, Ana wrote:"), a mark ("-----Original Message-----"), or a header ("From: … Sent: … Subject: …"). Where
quoted lines follow, what stands between and below them is new; where none do, all that follows is old.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from webapp.mail import reply_words as words
from webapp.mail.html_text import QUOTE_BEGINS, to_text
from webapp.mail.parse import Mail

LONGEST_REPLY = 60_000
_MOST_WRAPPED = 4  # lines that an attribution may take
_LONGEST_NAME = 320  # characters before the verb of an attribution
_LONGEST_DATE = 120  # and behind it
_LONGEST_HEADER = 14  # lines
_WRAPPED_AT = 66  # characters
# Where a signature begins, and how many lines it has at most.
_SIGNATURES = ((words.SIGNATURE, 15), (words.SIGNED, 5))

_QUOTED = re.compile(r"\s{0,3}>")


def new_text(mail: Mail) -> str:
    """The new text of a reply; of its HTML, where it has no text."""
    return trimmed(_text(mail))


def is_quoting(mail: Mail) -> bool:
    """Whether the mail holds a quotation."""
    lines = _lines(_text(mail))
    return any(_QUOTED.match(line) or _introduced(lines, at) for at, line in enumerate(lines))


def trimmed(text: str) -> str:
    """The text without quotation and signature."""
    blocks = ("\n".join(_unsigned(block)).strip("\n") for block in _own_blocks(_lines(text)))
    return "\n\n".join(filter(None, blocks))


def _text(mail: Mail) -> str:
    return mail.text if mail.text and mail.text.strip() else to_text(mail.html or "")


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text[:LONGEST_REPLY].split("\n")]


def _own_blocks(lines: list[str]) -> Iterator[list[str]]:
    """The pieces of the text that are no quotation."""
    block: list[str] = []
    at = 0
    while at < len(lines):
        end = _introduced(lines, at)
        if end and not _QUOTED.match(_next_text(lines, end)):
            break
        if end or _QUOTED.match(lines[at]):
            yield block
            block = []
            at = end or _unquoted(lines, at + 1)
        else:
            block.append(lines[at])
            at += 1
    yield block


def _unquoted(lines: list[str], at: int) -> int:
    """Where the text goes on behind a quoted line. Some mail programs wrap one and mark only its beginning."""
    line, below = [*lines[at : at + 2], "", ""][:2]
    cut_off = len(lines[at - 1]) >= _WRAPPED_AT and lines[at - 1][-1] not in ".:!?"
    return at + 1 if cut_off and line.strip() and (_QUOTED.match(below) or not below.strip()) else at


def _next_text(lines: list[str], at: int) -> str:
    """The next line that is not empty."""
    return next((lines[number] for number in range(at, min(at + 4, len(lines))) if lines[number].strip()), "")


def _introduced(lines: list[str], at: int) -> int:
    """Where the introduction ends of the mail that is answered, if one begins in that line; else 0."""
    line = lines[at].strip()
    if not line:
        return 0
    lower = " ".join(line.lower().split())
    if line == QUOTE_BEGINS:
        return next((end for end in range(at + 1, min(at + 8, len(lines))) if _QUOTED.match(lines[end])), at + 1)
    if words.MARK_AND_HEADER.fullmatch(lower):
        return at + 1
    if words.MARK.fullmatch(lower):
        return max(at + 1, _header(lines, at + 1))
    if words.ABOVE_HEADER.fullmatch(lower):
        return _header(lines, at + 1)
    return _header(lines, at) or _attribution(lines, at)


def _header(lines: list[str], at: int) -> int:
    """Where a header ends that begins in that line or, when it is empty, in the next; else 0."""
    kinds: set[str] = set()
    end = wrapped = 0
    for number in range(at, min(at + _LONGEST_HEADER, len(lines))):
        line = lines[number].lower()
        if not line.strip(" *_-="):
            continue
        label = words.LABEL.match(line)
        kind = words.LABELS.get(label[1].strip()) if label else None
        if kind:
            kinds.add(kind)
            end, wrapped = number + 1, 0
        elif not kinds or wrapped or number != end:
            break
        else:
            wrapped = 1
    least = 1 if at and words.RULE.fullmatch(lines[at - 1].strip()) else 2
    return end if "from" in kinds and len(kinds & {"date", "to", "subject"}) >= least else 0


def _attribution(lines: list[str], at: int) -> int:
    """Where a line of attribution ends that begins in that line and may be wrapped; else 0."""
    joined = ""
    for end in range(at + 1, min(at + _MOST_WRAPPED, len(lines)) + 1):
        line = lines[end - 1].lower()
        if not line.strip() or (_QUOTED.match(line) and not _closes(joined, line)):
            break
        joined = " ".join([joined, *line.split()]).strip()
        quoted = bool(_QUOTED.match(_next_text(lines, end)))
        if _is_attribution(joined, quoted=quoted):
            return 0 if end > at + 1 and not _begins(lines, at) else end
    return 0


def _closes(joined: str, line: str) -> bool:
    """Whether a line that begins with `>` closes a wrapped address: `<ana@corp.example`, `> wrote:`."""
    return joined.count("<") > joined.count(">") and line.endswith(":")


def _begins(lines: list[str], at: int) -> bool:
    """Whether a wrapped attribution may begin in that line, rather than in the one below it."""
    line, below = (one.strip().lower() for one in lines[at : at + 2])
    if words.BEGINS.match(line):
        return bool(words.DAY.search(line)) or not words.BEGINS.match(below)
    return below.startswith("<") or ("<" in line and not words.BEGINS.match(below))


def _is_attribution(line: str, *, quoted: bool) -> bool:
    """Whether that is a whole line of attribution. What is quoted below it makes up for a missing day or colon."""
    if words.BY_DATE.fullmatch(line) or (quoted and line.endswith(":") and words.DAY.search(line)):
        return True
    verb = words.WROTE.search(line)
    if (
        verb
        and words.RUN_ON.match(line, verb.end())
        and words.BEGINS.match(line)
        and words.DAY.search(line, 0, verb.start())
    ):
        return verb.start() <= _LONGEST_NAME
    if verb is None or verb.start() > _LONGEST_NAME or len(line) - verb.end() > _LONGEST_DATE:
        return False
    if not (quoted or words.DAY.search(line)):
        return False
    behind = line[verb.end() :].strip()
    return behind.endswith((":", "：", "--")) or (not behind and (quoted or "@" in line))


def _unsigned(block: list[str]) -> list[str]:
    """The lines without a signature, and without what a phone or a mail program put below them."""
    for number, line in enumerate(block):
        stripped = line.strip()
        most = next((lines for mark, lines in _SIGNATURES if mark.fullmatch(stripped)), 0)
        if len(block) - number <= most or (stripped and words.DEVICE_SIGNATURE.fullmatch(stripped.lower())):
            block = block[:number]
            break
    while block and (not block[-1].strip() or words.RULE.fullmatch(block[-1].strip())):
        block = block[:-1]
    return block
