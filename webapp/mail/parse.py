"""A mail, read once: its header fields, its text and HTML, its attachments, and its defects.

Any octets in, never an exception out, within a time that their number bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.mail import fields
from webapp.mail.charset import Fit, decoded, visible
from webapp.mail.defects import Defect
from webapp.mail.mime import Part, take_apart

LONGEST_TEXT = 2_000_000  # characters

_MISFIT = {Fit.UNKNOWN: Defect.UNKNOWN_CHARSET, Fit.WRONG: Defect.WRONG_CHARSET}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail. `text` and `html` are the first parts of that kind that are no attachments; None where there is none.

    Their line ends are LF, and they hold no controls but line ends and tabs.
    """

    root: Part
    text: str | None
    html: str | None
    attachments: tuple[Part, ...]
    date: datetime | None
    defects: tuple[Defect, ...]

    def header(self, name: str) -> str:
        """The first header field of that name (in lower case) as people read it; empty when there is none."""
        return self.root.header(name)


def parse(raw: bytes) -> Mail:
    """Read a mail."""
    return read(*take_apart(raw))


def read(root: Part, defects: set[Defect]) -> Mail:
    """Read a mail that was taken apart already; its other defects are added to those."""
    bodies: dict[str, str] = {}
    attachments: list[Part] = []
    for part in root.leaves():
        if part.kind in ("text/plain", "text/html") and part.kind not in bodies and not part.attached:
            bodies[part.kind] = body_text(part, defects)
        else:
            attachments.append(part)
    written = root.header("date")
    date = fields.date(written) if written else None
    if written and date is None:
        defects.add(Defect.BAD_DATE)
    return Mail(
        root, bodies.get("text/plain"), bodies.get("text/html"), tuple(attachments), date, tuple(sorted(defects))
    )


def body_text(part: Part, defects: set[Defect] | None = None, most: int = LONGEST_TEXT) -> str:
    """The text of a part, whatever it declares itself to be, at most `most` characters of it.

    What is wrong with it is added to `defects`.
    """
    data, whole = part.decoded(8 * most)
    text, fit = decoded(data[: 4 * most], part.parameters.get("charset", ""))
    if defects is not None:
        defects |= {
            *(() if whole else (Defect.BAD_ENCODING,)),
            *((_MISFIT[fit],) if fit in _MISFIT else ()),
            *((Defect.TEXT_CUT,) if len(text) > most or len(data) > 4 * most else ()),
        }
    return visible(text[:most].replace("\r\n", "\n").replace("\r", "\n"))
