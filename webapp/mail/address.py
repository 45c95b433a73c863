"""E-mail addresses as an intranet has them, and text that is safe to put into a header line."""

from __future__ import annotations

import re
from email.utils import parseaddr

import email_validator

from webapp.errors import N_

MAX_OCTETS = 254  # RFC 3696 erratum 1690: the longest path of RFC 5321 without its angle brackets

# The library's documented switch: `.local`, `localhost` and their like are ordinary names on an intranet.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_INVISIBLE = r"\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_NOT_IN_ADDRESS = re.compile(f"[{_CONTROLS}{_INVISIBLE}]")
_NOT_IN_HEADER = re.compile(f"[{_CONTROLS}]+")
_DROPPED_FROM_HEADER = re.compile(f"[{_INVISIBLE}]+")

_REFUSALS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\A\s*\Z"), N_("There is no address. Write one such as ops@corp.example.")),
    (
        _NOT_IN_ADDRESS,
        N_("The address contains a line break or another invisible character. Type it again by hand."),
    ),
    (re.compile(r"[,;]"), N_("Write one address only, without commas or semicolons.")),
    (
        re.compile(r'[<>"()]'),
        N_("Write the address alone, without a name, brackets or quotes, such as ops@corp.example."),
    ),
    (re.compile(r"\s"), N_("An address contains no spaces. Write it as ops@corp.example.")),
    (re.compile(r"\A[^@]*\Z"), N_("The address has no @ sign. Write it as ops@corp.example.")),
    (re.compile(r"@.*@"), N_("The address has more than one @ sign. Write it as ops@corp.example.")),
    (re.compile(r"\A@|@\Z"), N_("Half of the address is missing. Write it as ops@corp.example.")),
    (
        re.compile(r"\.\.|\A\.|\.@|@\.|\.\Z"),
        N_("No part of an address begins or ends with a dot, or has two in a row."),
    ),
    (
        re.compile(r"\A[^@]{65}"),
        N_("The part before the @ sign is longer than 64 characters; mail servers take no more."),
    ),
)
_WRONG_BEFORE = N_("The part before the @ sign has a character that has no place there. Type it again by hand.")
_WRONG_AFTER = N_("The part after the @ sign is not the name of a domain. Write one such as corp.example.")


class AddressError(ValueError):
    """The text is not one e-mail address; its words say why and what to write instead.

    They are English; `template` and `values` are what makes them, for whoever shows them in another language.
    """

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = values
        super().__init__(template % values)


def normalise_email(text: str) -> str:
    """Return one bare address in the form we store and compare: domain in lower case, IDNA as Unicode.

    Single-label domains and reserved names (`ops@mail`, `ops@mail.local`) are valid; DNS is never asked.
    Raises `AddressError` for anything but one address (RFC 5321 section 4.1.2, RFC 6531): display names,
    lists, quoted local parts, control characters, more than 254 octets.
    """
    candidate = text.strip(" ")
    for pattern, words in _REFUSALS:
        if pattern.search(candidate):
            raise AddressError(words)
    if len(candidate.encode()) > MAX_OCTETS:
        words = N_("The address is longer than %(most)s octets, the most that mail servers accept.")
        raise AddressError(words, most=MAX_OCTETS)
    _validated(f"x@{candidate.rpartition('@')[2]}", _WRONG_AFTER)
    return _validated(candidate, _WRONG_BEFORE).normalized


def author_of(header: str) -> str:
    """The address in a header such as From, in the form of `normalise_email`. Raises AddressError where none is."""
    return normalise_email(parseaddr(header)[1])


def _validated(address: str, words: str) -> email_validator.ValidatedEmail:
    try:
        return email_validator.validate_email(
            address, check_deliverability=False, globally_deliverable=False, strict=True
        )
    except email_validator.EmailNotValidError as error:
        raise AddressError(words) from error


def envelope_form(address: str) -> tuple[str, bool]:
    """Return the form of a normalised address for SMTP commands, and whether it needs SMTPUTF8 (RFC 6531).

    The domain becomes A-labels (RFC 5891), so only a local part outside ASCII needs the extension.
    Raises `AddressError` when the text could not be one address in a command or header line.
    """
    if _NOT_IN_PATH.search(address) or "@" not in address:
        raise AddressError(N_("This is not one bare e-mail address."))
    if address.isascii():
        return address, False
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = _validated(f"x@{domain}", _WRONG_AFTER).ascii_domain
    return f"{local}@{domain}", not local.isascii()


_NOT_IN_PATH = re.compile(rf'[{_CONTROLS}{_INVISIBLE}\s<>,;"()]')


def clean_header_text(text: str) -> str:
    """Return one line of text for a header value: what could end the line or reverse its reading is gone.

    Control characters and line separators become one space; bidirectional overrides and lone surrogates
    vanish.
    """
    return _NOT_IN_HEADER.sub(" ", _DROPPED_FROM_HEADER.sub("", text)).strip()
