"""Field types that several nouns share: what a value must be, and the form in which it is kept. Pure.

Each is a type for pydantic whose validator raises ValueError in words that say what to write instead.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from flask_babel import gettext as _
from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from webapp.channels.registry import CHANNELS
from webapp.channels.smtp_tls import normal_pin
from webapp.errors import N_
from webapp.mail.address import AddressError, normalise_email
from webapp.models.catalogue import Severity
from webapp.services.checks import check_text

LONGEST_NAME = 120
LONGEST_LINE = 200
LONGEST_TEXT = 100_000

_INVISIBLE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_MOBILE = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN_DIGITS = re.compile(r"[ ().\-\u00a0]")
_PIN = re.compile(r"[0-9a-f]{64}")
_HOST_WORDS = N_("Write a host name or an IP address alone, such as mail.corp.example.")
_URL_WORDS = N_("Write an address such as https://arauto.corp.example, without a query.")


def normal_name(text: str) -> str:
    """A name as it is kept and compared: composed Unicode (NFC) without spaces around it."""
    return unicodedata.normalize("NFC", text).strip(" ")


def _checked(text: str, *, most: int, needed: bool, lines: bool) -> str:
    problem = check_text("", text, most=most, needed=needed, lines=lines)
    if problem:
        raise ValueError(problem.words)
    invisible = _INVISIBLE.search(text)
    if invisible:
        code = f"U+{ord(invisible[0]):04X}"
        raise ValueError(_("An invisible character (%(code)s) is in it; remove it.", code=code))
    return text


def line(most: int = LONGEST_LINE, *, needed: bool = False) -> AfterValidator:
    """One line of at most `most` characters."""
    return AfterValidator(lambda text: _checked(normal_name(text), most=most, needed=needed, lines=False))


def lines(most: int = LONGEST_TEXT, *, needed: bool = False) -> AfterValidator:
    """A text of at most `most` characters; line ends are kept as plain newlines."""
    return AfterValidator(
        lambda text: _checked(text.replace("\r\n", "\n").replace("\r", "\n"), most=most, needed=needed, lines=True)
    )


def between(least: int, most: int) -> AfterValidator:
    """A whole number of that range, both ends included."""

    def check(number: int) -> int:
        if not least <= number <= most:
            raise ValueError(_("Use a whole number from %(least)s to %(most)s.", least=least, most=most))
        return number

    return AfterValidator(check)


def one_of(*values: str) -> AfterValidator:
    """One of these words."""

    def check(text: str) -> str:
        if text not in values:
            raise ValueError(_("Use one of %(values)s.", values=", ".join(values)))
        return text

    return AfterValidator(check)


def optional(validator: Callable[[str], str]) -> AfterValidator:
    """An empty text, or one that `validator` accepts."""
    return AfterValidator(lambda text: validator(text) if text else "")


def reference(section: str, noun: str) -> AfterValidator:
    """The name of something in another section, a `noun` (marked N_); the names are in the validation's context."""

    def check(text: str | None, info: ValidationInfo) -> str | None:
        if text is None:
            return None
        name = normal_name(text)
        if name not in (info.context or {})[section]:
            words = _(
                "There is no %(noun)s named %(name)r. Add it, or correct the name.",
                noun=_(noun),
                name=name[:LONGEST_NAME],
            )
            raise ValueError(words)
        return name

    return AfterValidator(check)


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """No value twice."""
    twice = sorted({value for value in values if values.count(value) > 1}) if len(set(values)) < len(values) else []
    if twice:
        raise ValueError(_("%(values)s is listed more than once; keep one.", values=", ".join(twice)))
    return values


def in_order(values: tuple[str, ...]) -> tuple[str, ...]:
    """Distinct values in alphabetical order, for lists whose order means nothing."""
    return tuple(sorted(distinct(values)))


def something(values: tuple[str, ...]) -> tuple[str, ...]:
    """At least one value."""
    if not values:
        raise ValueError(_("List at least one."))
    return values


def check_host(text: str) -> str:
    """A host name (RFC 1123 section 2.1, underscores and single labels allowed) or IP address, in lower case."""
    host = text.strip(" ").lower()
    if "://" in host or "/" in host:
        raise ValueError(_("This is an address of a page.") + " " + _(_HOST_WORDS))
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if re.fullmatch(r"[^:]+:[0-9]+", host):
        raise ValueError(_("The port has a field of its own.") + " " + _(_HOST_WORDS))
    try:
        labels = host.removesuffix(".").encode("idna").decode("ascii").split(".")
    except UnicodeError:
        raise ValueError(_(_HOST_WORDS)) from None
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise ValueError(_(_HOST_WORDS))
    return host


def check_email(text: str) -> str:
    """`normalise_email`, whose refusal is put into the reader's language."""
    try:
        return normalise_email(text)
    except AddressError as error:
        raise ValueError(_(error.template, **error.values)) from None


def check_mobile(text: str) -> str:
    """A telephone number in E.164: a plus sign, the country, the number; spaces and the like inside are left out."""
    number = _BETWEEN_DIGITS.sub("", text)
    if not _MOBILE.fullmatch(number):
        raise ValueError(_("Write the number with a plus sign and the country's code, such as +5511999990000."))
    return number


def check_locale(text: str) -> str:
    """A language tag (BCP 47) that the translations library knows, in its usual spelling (`pt-BR`)."""
    try:
        return str(Locale.parse(text.replace("_", "-"), sep="-")).replace("_", "-")
    except (UnknownLocaleError, ValueError):
        words = _("%(tag)r is not a known language. Write a tag such as en, pt-BR or es.", tag=text[:40])
        raise ValueError(words) from None


def check_zone(text: str) -> str:
    """A time zone of the IANA database."""
    try:
        return "UTC" if text == "UTC" else ZoneInfo(text).key
    except (ValueError, OSError, KeyError):
        words = _("%(zone)r is not a known time zone. Write one such as America/Sao_Paulo.", zone=text[:60])
        raise ValueError(words) from None


def check_pin(text: str) -> str:
    """The SHA-256 of a certificate as 64 lower-case hexadecimal digits; colons and spaces are ignored."""
    pin = normal_pin(text)
    if not _PIN.fullmatch(pin):
        raise ValueError(_("Write the certificate's SHA-256: 64 hexadecimal digits, colons ignored."))
    return pin


def check_url(text: str) -> str:
    """An http or https address to put paths behind, without a slash at its end."""
    _checked(text, most=LONGEST_LINE, needed=True, lines=False)
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and url.hostname and (url.port is None or url.port)
    except ValueError:
        raise ValueError(_(_URL_WORDS)) from None
    if not usable or url.query or url.fragment or url.username is not None or re.search(r"\s", text):
        raise ValueError(_(_URL_WORDS))
    check_host(url.hostname or "")
    return text.rstrip("/")


def _in_registry_order(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(distinct(values), key=list(CHANNELS).index))


def none_is_empty(value: Any) -> Any:
    """An optional text may be written as null."""
    return "" if value is None else value


def empty_is_none(value: Any) -> Any:
    """An optional value may be left empty, as forms do."""
    return None if value == "" else value


def _list_to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Name = Annotated[str, line(LONGEST_NAME, needed=True)]
EmptyLine = Annotated[str, BeforeValidator(none_is_empty), line()]
Email = Annotated[str, AfterValidator(check_email)]
EmptyEmail = Annotated[str, BeforeValidator(none_is_empty), optional(check_email)]
EmptyMobile = Annotated[str, BeforeValidator(none_is_empty), optional(check_mobile)]
Host = Annotated[str, AfterValidator(check_host)]
Port = Annotated[int, between(1, 65535)]
LocaleTag = Annotated[str, AfterValidator(check_locale)]
Zone = Annotated[str, AfterValidator(check_zone)]
Pin = Annotated[str, AfterValidator(check_pin)]
EmptyUrl = Annotated[str, BeforeValidator(none_is_empty), optional(check_url)]
Channel = Annotated[str, one_of(*CHANNELS)]
Channels = Annotated[
    tuple[Channel, ...], BeforeValidator(_list_to_tuple), AfterValidator(something), AfterValidator(_in_registry_order)
]
AsTuple = BeforeValidator(_list_to_tuple)
SeverityName = Annotated[str, one_of(*Severity)]
