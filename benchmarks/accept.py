"""Accepting an event (matched, rendered, one durable message) beside a Flask endpoint that inserts one row."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask, request
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, insert

from benchmarks.sink import pin
from webapp import create_app, database
from webapp.extensions import db
from webapp.models import Contact, Notification, SmtpAccount
from webapp.services import rules, tokens
from webapp.services.unit import write

POSTS = 400
BATCH = 500


def _rate(post: Callable[[int], object], count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        post(number)
    return count / (time.perf_counter() - began)


def plain_endpoint(folder: Path) -> float:
    """Requests a second of the smallest durable endpoint: JSON in, one row, one commit."""
    url = f"sqlite:///{folder / 'plain.db'}"
    engine: Engine = create_engine(url, **database.engine_options(url))
    database.tune(engine)
    table = Table("row", MetaData(), Column("id", Integer, primary_key=True), Column("title", String))
    table.metadata.create_all(engine)
    app = Flask("plain")

    @app.post("/")
    def store() -> tuple[dict[str, int], int]:
        with engine.connect().execution_options(**database.WRITE) as connection, connection.begin():
            made = connection.execute(insert(table).values(title=request.get_json()["title"]))
            return {"id": made.inserted_primary_key[0]}, 202

    client = app.test_client()
    rate = _rate(lambda number: client.post("/", json={"title": f"Event {number}"}), POSTS)
    engine.dispose()
    return rate


def arauto(folder: Path) -> tuple[float, float]:
    """Events a second: one by one, and in batches."""
    app = create_app({"ARAUTO_DATA_DIR": str(folder / "var"), "ARAUTO_JOBS": "off"})
    with app.app_context():
        db.create_all()
        with write() as session:
            contact = Contact(name="Ana", email="ana@corp.example")
            session.add(SmtpAccount(name="Relay", is_default=True, sender_email="a@b.example", host="h", port=25))
            session.add(Notification(name="All", types=["*"], channels=["email"], contacts=[contact]))
            rules.publish(session)
        headers = {"Authorization": f"Bearer {tokens.create('bench')}"}
    client = app.test_client()

    def post(path: str, body: object) -> None:
        answer = client.post(f"/api/v1/{path}", json=body, headers=headers)
        if answer.status_code != 202:
            raise SystemExit(answer.text)

    def event(number: int) -> dict[str, str]:
        return {"type": "password.changed", "title": f"Event {number}"}

    single = _rate(lambda number: post("events", event(number)), POSTS)
    batch = _rate(lambda _: post("events/batch", {"events": [event(each) for each in range(BATCH)]}), 3) * BATCH
    with app.app_context():
        db.engine.dispose()
    return single, batch


def main(rounds: int = 3) -> None:
    """Print the medians and the ratio."""
    pin()
    plain, single, batch = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            plain.append(plain_endpoint(Path(folder)))
            rates = arauto(Path(folder))
        single.append(rates[0])
        batch.append(rates[1])
    middle = rounds // 2
    one, peer, many = sorted(single)[middle], sorted(plain)[middle], sorted(batch)[middle]
    print(f"accept: {one:,.0f} events/s; one-row endpoint beside it: {peer:,.0f}; ratio {one / peer:.2f} (target 0.7)")
    print(f"accept in batches of {BATCH}: {many:,.0f} events/s (target 4,000)")


if __name__ == "__main__":
    main()
