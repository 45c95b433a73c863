"""The extensions, made once and bound to an application by `create_app`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import Babel
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(naming_convention=NAMING)


class UnitSession(Session):
    """The session of a context. In a unit of work (`webapp.services.unit`) it joins the transaction of that."""

    def get_bind(self, *args: Any, **more: Any) -> Engine | Connection:
        found: Engine | Connection = self.info.get("connection") or super().get_bind(*args, **more)
        return found


# What a unit of work returns stays readable after its commit without a SELECT for each row.
db = SQLAlchemy(model_class=Base, session_options={"class_": UnitSession, "expire_on_commit": False})

if TYPE_CHECKING:

    class Model(Base):
        """Base of every table: what `db.Model` is, in words that a type checker understands."""
else:
    Model = db.Model

csrf = CSRFProtect()
login = LoginManager()
babel = Babel()
htmx = Htmx()
