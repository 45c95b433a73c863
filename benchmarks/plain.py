"""The peer of accepting: the smallest durable endpoint of Flask and SQLAlchemy Core. JSON in, one row, one commit."""

from __future__ import annotations

import os

from flask import Flask, request
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert

from webapp import database

url = f"sqlite:///{os.environ['PLAIN_DATABASE']}"
engine = create_engine(url, **database.engine_options(url))
database.tune(engine)
table = Table("row", MetaData(), Column("id", Integer, primary_key=True), Column("title", String))
app = Flask("plain")
app.config["ARAUTO_JOBS"] = False  # gunicorn.conf.py, which serves it too, asks


@app.post("/")
def store() -> tuple[dict[str, int], int]:
    """Store one row."""
    with engine.connect().execution_options(**database.WRITE) as connection, connection.begin():
        made = connection.execute(insert(table).values(title=request.get_json()["title"]))
        return {"id": made.inserted_primary_key[0]}, 202


with engine.connect().execution_options(**database.WRITE) as _connection, _connection.begin():
    table.metadata.create_all(_connection, checkfirst=True)
