"""`arauto poll`."""

from __future__ import annotations

from dataclasses import fields

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from webapp.cli.frame import application, fail, json_option, one_line, say_json
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.services.inbox import accounts, checking, health, processing
from webapp.services.sandbox import accounts as sandbox


@click.command()
@click.argument("account", required=False)
@click.option("--once", is_flag=True, help="One full pass, then end. (`arauto worker` reads until it is stopped.)")
@json_option
def poll(account: str | None, once: bool, as_json: bool) -> None:
    """Read ACCOUNT, or every enabled inbox account, once, in the foreground.

    The exit code is 0 although single mails were held. It is 1 when a mailbox could not be read to its end.
    """
    if not once:
        raise click.UsageError("Say --once for one pass. To read until it is stopped, run: arauto worker")
    with application():
        session = db.session()
        names = {accounts.numbered(session, account): account} if account else accounts.enabled(session)
        session.rollback()
        health.want(names)
        ended = [_check(number, name) for number, name in names.items()]
        while processing.process_leftovers():  # of a process that died before it could
            pass
        nothing = "" if names else _nothing_to_read()
    if as_json:
        say_json({"accounts": [_values(*one) for one in ended]})
    else:
        for progress, _ in ended:
            click.echo(_summary(progress))
        if nothing:
            click.echo(nothing, err=True)
    troubles = [f"{progress.account}: {trouble}" for progress, trouble in ended if trouble]
    if troubles:
        fail("\n".join(map(one_line, troubles)))


def _nothing_to_read() -> str:
    words = "There is no enabled inbox account to read."
    _, mailbox = sandbox.ports(db.session())
    if mailbox is None or accounts.sandbox_is_here():
        return words
    return f"{words} That of the sandbox is read by the process that serves it."


def _check(number: int, name: str) -> tuple[checking.Progress, str | None]:
    """How far the check came, and the words of what ended it early: no account stops the others."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task("Reading", total=None)

        def show(progress: checking.Progress) -> None:
            done = progress.stored + progress.skipped
            shown.update(task, description=f"Reading {progress.account}", completed=done, total=progress.found)

        try:
            progress = checking.check(number, on_progress=show)
        except (Conflict, NotFound) as error:  # somebody checks it, or removed it meanwhile
            return checking.Progress(name), str(error)
        return progress, progress.trouble.words if progress.trouble else None


def _values(progress: checking.Progress, trouble: str | None) -> dict[str, object]:
    names = (field.name for field in fields(progress) if field.name != "trouble")
    return {**{name: getattr(progress, name) for name in names}, "trouble": trouble}


def _summary(progress: checking.Progress) -> str:
    rare = ("skipped", "held", "too_large", "removed", "withheld")
    parts = [f"{progress.stored} read"]
    numbers = {name: getattr(progress, name) for name in rare}
    parts += [f"{number} {name.replace('_', ' ')}" for name, number in numbers.items() if number]
    said = f" ({progress.refusal})" if progress.withheld and progress.refusal else ""
    return one_line(f"{progress.account}: {', '.join(parts)}{said}")
