"""Changes of the configuration, written: one after the other, each a single unit of work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.errors import EditedMeanwhile, InvalidInput, Problem
from webapp.extensions import db
from webapp.services import audit, outbox, own_events, rules
from webapp.services.configuration import document, planning
from webapp.services.configuration.planning import Given
from webapp.services.configuration.sections import SECTIONS
from webapp.services.entries import Change, Item, Items, Section, World
from webapp.services.inbox import health
from webapp.services.unit import lock_configuration, write

RULES = frozenset({"contacts", "groups", "notifications", "event_types", "texts"})


def apply(text: str | bytes, *, dry_run: bool = False, prune: bool = False) -> list[Change]:
    """Make the configuration what the file says, all of it or nothing; what changed, in order.

    A second time nothing changes. Keys that are left out keep their values, entries that are left out stay unless
    `prune`, which covers every section. Raises InvalidInput with every problem by its path. Secrets are read from the
    environment and files of this process: for the command line only, never for text that came in over HTTP.
    """
    given = [Given(*entry) for entry in document.entries(document.load(text))]
    with write() as session:
        lock_configuration(session)
        world = planning.read_world(session)
        planning.plan(world, given, prune=prune)
        return _carry_out(session, world, dry_run=dry_run)


def save(
    section: str, data: Mapping[str, Any], which: int | str | None = None, *, version: int | None = None
) -> list[Change]:
    """Create one entry, or change row `which`, also its name; what changed, the old default account included.

    Keys that are left out keep their values. With `version`, the entry must still be at it: EditedMeanwhile otherwise.
    Raises InvalidInput whose paths are the field names, and NotFound.
    """
    with write() as session:
        lock_configuration(session)
        world = planning.read_world(session)
        if which is not None and version is not None:
            item = planning.find(world[section], SECTIONS[section], which)
            if SECTIONS[section].version(item, data) != version:
                raise EditedMeanwhile(_("Somebody else changed this meanwhile. Nothing was overwritten."))
        _plan_one(world, section, data, which)
        return _carry_out(session, world)


def check(section: str, data: Mapping[str, Any], which: int | str | None = None) -> list[Problem]:
    """What `save` would refuse; changes nothing. Raises NotFound."""
    world = planning.read_world(db.session())
    try:
        _plan_one(world, section, data, which)
    except InvalidInput as refused:
        return refused.problems
    return []


def remove(section: str, which: int | str, *, successor: str | None = None, detach: bool = False) -> list[Change]:
    """Remove one entry. What uses it then uses `successor`, another entry of the section; with `detach`, nothing.

    Raises InvalidInput while anything uses it, or when what uses it may not do so without it, and NotFound.
    """
    with write() as session:
        lock_configuration(session)
        world = planning.read_world(session)
        item = planning.find(world[section], SECTIONS[section], which)
        if successor is not None or detach:
            planning.hand_over(world, section, item, successor)
        item.after = SECTIONS[section].without(item)
        problems = planning.check(world)
        if problems:
            raise InvalidInput(problems)
        return _carry_out(session, world)


def _plan_one(world: dict[str, Items], section: str, data: Mapping[str, Any], which: int | str | None) -> None:
    if which is None and SECTIONS[section].key(data) in world[section]:
        raise InvalidInput([planning.name_taken(SECTIONS[section], "")])
    planning.plan(world, [Given(section, "", dict(data), which)])


def _carry_out(session: Session, world: dict[str, Items], *, dry_run: bool = False) -> list[Change]:
    found = planning.changes_in(world)
    changes = [change for _, _, change in found]
    if found and not dry_run:
        own_events.credentials_changed(changes)
        _write(session, [(section, item) for section, item, _ in found], world)
        audit.record(session, *(_deed(item, change) for _, item, change in found))
        _follow_up(session, world, changes)
    return changes


def _deed(item: Item, change: Change) -> audit.Deed:
    number = getattr(item.row, "id", None)
    return audit.Deed(change.action, change.section, change.name, number, {**change.fields, **item.fingerprints})


def _write(session: Session, changed: list[tuple[Section, Item]], world: World) -> None:
    kept = [(section, item) for section, item in changed if item.after is not None]
    with session.no_autoflush:
        for name, section in SECTIONS.items():
            section.clear(world[name])
        session.flush()
        for section, item in kept:
            item.row = item.row or section.blank()
        for section, item in kept:
            section.put(session, item.row, item.after or {}, world)
        session.flush()
        for section, item in kept:
            section.finish(item, world)
        for section, item in reversed(changed):
            if item.after is None:
                section.remove(session, item)
                session.flush()
    session.flush()


def _follow_up(session: Session, world: World, changes: Iterable[Change]) -> None:
    """What a change means for mail that waits, and for the rules that events are judged by."""
    names = {section: {change.name for change in changes if change.section == section} for section in SECTIONS}
    for item in world["smtp_accounts"].values():
        account = item.after
        if account is None:
            continue
        if account["name"] in names["smtp_accounts"] or account["credential"] in names["credentials"]:
            outbox.retry_account(session, item.row.id)
        if account["default"] and names["smtp_accounts"]:
            outbox.adopt(session, item.row.id)
    for item in world["inbox_accounts"].values():
        inbox = item.after
        if inbox and (inbox["name"] in names["inbox_accounts"] or inbox["credential"] in names["credentials"]):
            health.forgive(session, item.row.id)
    if any(names[section] for section in RULES):
        rules.publish(session)
