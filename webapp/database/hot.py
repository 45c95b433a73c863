"""Core statements compiled once and run straight on the driver: for the few that run thousands of times a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Select, UpdateBase
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from webapp.database.queue import write_turn

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Driver:
    """A cursor of the driver, and the dialect in which it is spoken to."""

    dialect: Dialect
    cursor: Any


def driver_of(connection: Connection) -> Driver:
    """A cursor inside the transaction of a connection."""
    return Driver(connection.dialect, connection.connection.cursor())


@contextmanager
def reading(engine: Engine) -> Iterator[Driver]:
    """A cursor for a read or two, outside any transaction of a session."""
    try:
        connection = engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as error:
        raise _told(engine.dialect, "", error) from error
    try:
        yield Driver(engine.dialect, connection.cursor())
    finally:
        connection.close()


def _told(dialect: Dialect, sql: str, error: Exception) -> Exception:
    """The driver's error as SQLAlchemy tells it."""
    return DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect)


def execute(driver: Driver, sql: str, values: Any = ()) -> None:
    """Run one statement in the driver's own words."""
    _called(driver, driver.cursor.execute, sql, values)


def _called(driver: Driver, call: Callable[..., Any], sql: str, values: Any, **options: Any) -> None:
    try:
        call(sql, values, **options)
    except driver.dialect.loaded_dbapi.Error as error:
        raise _told(driver.dialect, sql, error) from error


class HotStatement:
    """A Core statement, compiled at its first use for each dialect. Raises what SQLAlchemy would raise.

    `keys` are the columns that an INSERT is given; the others take their defaults, which must be constants.
    """

    def __init__(self, statement: UpdateBase | Select[*tuple[Any, ...]], keys: Sequence[str] = ()):
        self._statement = statement
        self._keys = keys
        self._made: dict[str, _Compiled] = {}

    def run(self, driver: Driver, rows: Sequence[Values]) -> int:
        """Run it for each of `rows`; how many rows of the table it touched."""
        made = self._compiled(driver.dialect)
        _called(driver, driver.cursor.executemany, made.sql, [made.bound(row) for row in rows])
        return int(driver.cursor.rowcount)

    def all(self, driver: Driver, **values: Any) -> list[tuple[Any, ...]]:
        """The rows that it returns."""
        made = self._compiled(driver.dialect)
        execute(driver, made.sql, made.bound(values))
        return [made.row(row) for row in driver.cursor.fetchall()]

    def one(self, driver: Driver, **values: Any) -> tuple[Any, ...] | None:
        """The one row that it returns; None without one."""
        found = self.all(driver, **values)
        return found[0] if found else None

    def numbers(self, driver: Driver, rows: Sequence[Values]) -> list[int]:
        """Run an INSERT that returns a number for each of `rows`; the numbers in the order of `rows`."""
        made = self._compiled(driver.dialect)
        cursor, given = driver.cursor, [made.bound(row) for row in rows]
        found: list[int] = []
        if driver.dialect.name == "sqlite":
            for values in given:
                execute(driver, made.sql, values)
                found.append(cursor.fetchone()[0])
            return found
        _called(driver, cursor.executemany, made.sql, given, returning=True)
        for _ in given:
            found.append(cursor.fetchone()[0])
            cursor.nextset()
        return found

    def _compiled(self, dialect: Dialect) -> _Compiled:
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = _Compiled(self._statement, dialect, self._keys)
        return made


def _converted(convert: Convert | None, value: Any) -> Any:
    return value if convert is None else convert(value)


class _Compiled:
    """The words of a statement in one dialect, and how values get into it and out of it."""

    def __init__(self, statement: UpdateBase | Select[*tuple[Any, ...]], dialect: Dialect, keys: Sequence[str]):
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(keys) or None)
        self.sql = str(compiled)
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        for column in compiled.insert_prefetch:
            assert column.default.is_scalar, f"{column} needs a value"  # noqa: S101
            fixed[column.key] = column.default.arg
        convert: dict[str, Convert | None] = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        order: Sequence[str] | None = compiled.positiontup
        places = list(enumerate(order)) if order is not None else [(name, name) for name in compiled.binds]
        self._template: Any = [None] * len(places) if order is not None else {}
        self._places: list[tuple[Any, str, Convert | None]] = []
        for place, name in places:
            if name in fixed:
                self._template[place] = _converted(convert[name], fixed[name])
            else:
                self._places.append((place, name, convert[name]))
        kinds = [entry.type.dialect_impl(dialect) for entry in compiled._result_columns]
        converts = [kind.result_processor(dialect, None) for kind in kinds]
        self._results = [(at, convert) for at, convert in enumerate(converts) if convert is not None]

    def bound(self, row: Values) -> Any:
        """The values of one run as the driver takes them."""
        values = self._template.copy()
        for place, name, convert in self._places:
            values[place] = _converted(convert, row[name])
        return values

    def row(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """A row of the driver as the program knows it."""
        if not self._results:
            return tuple(row)
        known = list(row)
        for at, convert in self._results:
            known[at] = convert(known[at])
        return tuple(known)


class HotConnection:
    """A driver connection of one engine, kept from one write transaction to the next. Not for two threads at once."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._connection: PoolProxiedConnection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Driver]:
        """A write transaction that commits when left. After any error the connection is made anew."""
        with write_turn(self._engine):
            if self._connection is None:
                self._connection = self._engine.raw_connection()
            try:
                cursor = self._connection.cursor()
                if self._engine.dialect.name == "sqlite":
                    cursor.execute("BEGIN IMMEDIATE")
                yield Driver(self._engine.dialect, cursor)
                self._connection.commit()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Drop the connection, and with it whatever was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.invalidate()
