"""What people configure, as reports read it: one `Listing` for each noun, in any of its orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from webapp.errors import NotFound
from webapp.models import (
    AccountHealth,
    ApiToken,
    Certificate,
    Credential,
    InboxAccount,
    InboxProgress,
    Sighting,
    SmtpAccount,
    User,
)
from webapp.models.contact import folded
from webapp.queries import keyset
from webapp.queries.keyset import Page, Turn, Walk


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """A noun's table. `sorts`: its orders by their names in the address, none of them NULL; `searched`: the columns
    that the words of a search stand in, where it is `folded` as `models.contact` does; `choices`: the columns that a
    filter compares, or what makes its condition; `loads`: what rows bring along; `parts`: what an entry needs of them
    besides.
    """

    model: Any
    sorts: Mapping[str, Any]
    searched: Sequence[InstrumentedAttribute[str]]
    choices: Mapping[str, InstrumentedAttribute[Any] | Callable[[Any], ColumnElement[bool]]] = field(
        default_factory=dict
    )
    loads: Sequence[ORMOption] = ()
    parts: Sequence[ORMOption] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a report: parts of words, all of them somewhere in a row, and values of `choices`."""

    text: str = ""
    chosen: Mapping[str, Any] = field(default_factory=dict)


SMTP_ACCOUNTS = Listing(
    SmtpAccount,
    {"name": SmtpAccount.name, "id": SmtpAccount.id, "sender": SmtpAccount.sender_email, "host": SmtpAccount.host},
    (SmtpAccount.name, SmtpAccount.sender_email, SmtpAccount.host),
    {"enabled": SmtpAccount.enabled, "secure": SmtpAccount.secure},
    (joinedload(SmtpAccount.credential), joinedload(SmtpAccount.fallback)),
)
# One that nobody has seen yet ends last.
_ENDS_AT = select(Sighting.ends_at).where(Sighting.certificate_id == Certificate.id).scalar_subquery()
CERTIFICATES = Listing(
    Certificate,
    {
        "ends": func.coalesce(_ENDS_AT, datetime(9998, 12, 31, 23, tzinfo=UTC)),
        "name": Certificate.name,
        "host": Certificate.host,
    },
    (Certificate.name, Certificate.host),
    {"enabled": Certificate.enabled},
    (joinedload(Certificate.sighting),),
)
INBOX_ACCOUNTS = Listing(
    InboxAccount,
    {"name": InboxAccount.name, "id": InboxAccount.id, "host": InboxAccount.host, "protocol": InboxAccount.protocol},
    (InboxAccount.name, InboxAccount.host, InboxAccount.folder),
    {
        "enabled": InboxAccount.enabled,
        "automatic_check": InboxAccount.automatic_check,
        "keep_copy": InboxAccount.keep_copy,
        "secure": InboxAccount.secure,
    },
    (joinedload(InboxAccount.credential),),
)
# Sorted before all that ever happened.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
TOKENS = Listing(
    ApiToken,
    {"name": ApiToken.name, "used": func.coalesce(ApiToken.last_used_at, NEVER), "made": ApiToken.created_at},
    (ApiToken.name,),
    {"enabled": ApiToken.enabled},
)
USERS = Listing(
    User,
    {"name": User.name, "role": User.role, "seen": func.coalesce(User.last_sign_in_at, NEVER), "made": User.created_at},
    (User.name,),
    {"role": User.role, "enabled": User.enabled},
)
CREDENTIALS = Listing(
    Credential,
    {"name": Credential.name, "username": Credential.username, "changed": Credential.updated_at},
    (Credential.name, Credential.username),
)


def turn_to(
    session: Session, listing: Listing, filters: Filters, order: str, turn: Turn, *, whole: bool = False
) -> Page[Any]:
    """One page of the rows that pass the filters, by the order of that name; `whole` ones, as entries need them.

    Raises InvalidInput for a wrong cursor.
    """
    places = keyset.leaf(_walk(session, listing, filters, order), turn)
    numbers = [number for (number,) in places.items]
    query = (
        select(listing.model)
        .where(listing.model.id.in_(numbers))
        .options(*listing.loads, *(listing.parts if whole else ()))
    )
    by_id = {row.id: row for row in session.scalars(query).unique()}
    return Page([by_id[number] for number in numbers if number in by_id], places.next, places.previous)


def count(session: Session, listing: Listing, filters: Filters, most: int) -> int:
    """How many rows pass the filters, counting no further than `most`."""
    rows = select(listing.model.id).where(*_conditions(listing, filters)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(rows)) or 0


def get(session: Session, listing: Listing, number: int) -> Any:
    """One row. Raises NotFound."""
    query = select(listing.model).where(listing.model.id == number).options(*listing.loads)
    row = session.scalars(query).unique().one_or_none()
    if row is None:
        raise NotFound(_("There is nothing under the number %(number)s here.", number=number))
    return row


def troubles(session: Session, numbers: Sequence[int]) -> dict[int, AccountHealth]:
    """What is wrong with each of these SMTP accounts; those that work are not in it."""
    query = select(AccountHealth).where(AccountHealth.account_id.in_(numbers), AccountHealth.failures > 0)
    return {row.account_id: row for row in session.scalars(query)}


def inbox_progress(session: Session, numbers: Sequence[int]) -> dict[int, InboxProgress]:
    """How far each of these inbox accounts was read; those that never were are not in it."""
    query = select(InboxProgress).where(InboxProgress.account_id.in_(numbers))
    return {row.account_id: row for row in session.scalars(query)}


def has_words(listing: Listing, text: str) -> list[ColumnElement[bool]]:
    """The conditions that each word of a search stands somewhere in a row."""
    return [or_(*(_has_word(listing, column, word) for column in listing.searched)) for word in text.split()]


def _has_word(listing: Listing, column: InstrumentedAttribute[str], word: str) -> ColumnElement[bool]:
    if listing.folded:
        return column.contains(folded(word), autoescape=True)
    return column.icontains(word, autoescape=True)


def _conditions(listing: Listing, filters: Filters) -> list[ColumnElement[bool]]:
    chosen = [_chosen(listing.choices[name], value) for name, value in filters.chosen.items()]
    return [*has_words(listing, filters.text), *chosen]


def _chosen(choice: Any, value: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = choice == value if isinstance(choice, InstrumentedAttribute) else choice(value)
    return condition


def _walk(session: Session, listing: Listing, filters: Filters, order: str) -> Walk:
    """A cursor holds the id alone; what the row is sorted by is looked up when it is used."""
    id_, by = listing.model.id, listing.sorts[order]

    def walk(start: tuple[int, ...] | None, down: bool, most: int) -> list[tuple[int, ...]]:
        query = select(id_).where(*_conditions(listing, filters))
        if start:
            here = session.execute(select(by, id_).where(id_ == start[0])).one_or_none()
            if here is None:
                raise keyset.wrong_cursor()
            place = tuple_(by, id_)
            query = query.where(place < tuple_(*here) if down else place > tuple_(*here))
        query = query.order_by(keyset.towards(by, down), keyset.towards(id_, down))
        return [(number,) for number in session.scalars(query.limit(most))]

    return walk
