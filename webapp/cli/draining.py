"""`arauto drain`."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from webapp import clock
from webapp.cli.frame import application, json_option, say_json
from webapp.extensions import db
from webapp.queries import queue
from webapp.services.sender import Sender
from webapp.services.settling import Tried

WORDS = {"accepted": "sent", "temporary": "deferred", "permanent": "failed", "uncertain": "unanswered"}


@click.command()
@click.option("--once", is_flag=True, help="One full pass, then end. (`arauto worker` sends until it is stopped.)")
@click.option("--connections", type=click.IntRange(1, 100), help="Use no more connections than this per account.")
@json_option
def drain(once: bool, connections: int | None, as_json: bool) -> None:
    """Send all that is due, once, in the foreground.

    Everything due is tried once; what an account in trouble holds up stays in the queue. The exit code is 0 although
    single messages were deferred or refused.
    """
    if not once:
        raise click.UsageError("Say --once for one pass. To send until it is stopped, run: arauto worker")
    counted: Counter[str] = Counter()

    def settled(tries: Sequence[Tried]) -> None:
        counted.update(tried.result.outcome.value for tried in tries)

    with application() as app:
        began = clock.now()
        total = queue.count_due(db.session(), began)
        db.session.rollback()
        sender = Sender(app.config, connections=connections, on_settled=settled)
        with _stopping(sender), _progress(total, counted) as show:
            sender.drain(show)
        held = queue.count_due(db.session(), began)
    numbers = {word: counted[outcome] for outcome, word in WORDS.items()} | {"held": held}
    if as_json:
        say_json(numbers)
    else:
        click.echo(_summary(numbers))


def _summary(numbers: dict[str, int]) -> str:
    rare = ("unanswered", "held")
    return ", ".join(f"{number} {word}" for word, number in numbers.items() if number or word not in rare)


@contextmanager
def _stopping(sender: Sender) -> Iterator[None]:
    """Whatever ends the pass, what is in hand is finished or given back."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        sender.stop()
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(total: int, counted: Counter[str]) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("sending", total=total)

        def show(_: int) -> None:
            progress.update(task, completed=min(counted.total(), total))

        yield show
        show(0)
