"""What can be wrong with a mail. It is read all the same, as far as it can be; the defect says what was lost."""

from __future__ import annotations

from enum import StrEnum


class Defect(StrEnum):
    """A defect by the name that pages, the API and the command line show."""

    EMPTY = "empty"  # no octets at all
    TOO_LARGE = "too_large"  # only the first LARGEST octets were read
    NO_HEADERS = "no_headers"  # the first line is no header line: all of it was read as the body
    HEADERS_CUT = "headers_cut"  # more fields in one header section than are read
    FIELD_CUT = "field_cut"  # a header field longer than is read
    BROKEN_HEADERS = "broken_headers"  # lines between the header fields that are none
    BARE_CR = "bare_cr"  # line ends are CR alone, which no mail may hold (RFC 5322 section 2.3)
    NUL = "nul"  # octet 0, which no mail may hold
    TOO_DEEP = "too_deep"  # parts within parts beyond MOST_DEEP: the innermost were not taken apart
    TOO_MANY_PARTS = "too_many_parts"  # the parts after MOST_PARTS were not read
    NO_PARTS = "no_parts"  # declared as multipart, and no boundary is found
    UNCLOSED = "unclosed"  # the last boundary is absent: the mail may have lost its end
    BAD_ENCODING = "bad_encoding"  # an unknown or broken Content-Transfer-Encoding
    UNKNOWN_CHARSET = "unknown_charset"  # a declared character set that does not exist, or none for mail
    WRONG_CHARSET = "wrong_charset"  # octets that the declared character set does not have
    BAD_DATE = "bad_date"  # a Date that is none, or not within 1970 to 9998
    TEXT_CUT = "text_cut"  # a text longer than is read


# Where the scan for header fields and parts stopped. Only mail that is made to be hard to read is like that.
BEYOND_LIMITS = frozenset(
    (Defect.TOO_LARGE, Defect.HEADERS_CUT, Defect.FIELD_CUT, Defect.TOO_DEEP, Defect.TOO_MANY_PARTS)
)
