"""`arauto send-test`."""

from __future__ import annotations

import sys

import click

from webapp.cli.frame import application
from webapp.queries import reasons
from webapp.services import testmail

SIGNS = {"client": "C:", "server": "S:", "note": "--"}


@click.command()
@click.argument("account")
@click.option("--to", required=True, help="Address of the recipient.")
@click.option("--subject", default=testmail.SUBJECT, show_default=True)
@click.option("--body", default=testmail.BODY)
def send_test(account: str, to: str, subject: str, body: str) -> None:
    """Send test mail by an SMTP account, and show the dialogue with its server.

    C: is what Arauto says, S: what the server answers; secrets are masked. The mail is tried once and stands in the
    outbox.
    """
    with application():
        report = testmail.send(account, to, subject, body, on_line=_print)
        said = reasons.answer(report.result.stage, report.result.code, report.result.words)
    if report.accepted:
        click.echo(f"The server of {report.account} took the mail. It is message {report.message_id} of the outbox.")
        return
    click.echo(f"The test mail was not accepted. {said}", err=True)
    click.echo(report.advice, err=True)
    sys.exit(1)


def _print(line: testmail.Line) -> None:
    click.echo(f"{SIGNS[line.who]} {line.text}")
