"""`arauto check`."""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict

import click

from webapp import create_core
from webapp.cli.frame import json_option, say_json
from webapp.services import selfcheck


@click.command()
@click.option("--connect", is_flag=True, help="Also connect to the server of every enabled SMTP account, and sign in.")
@json_option
def check(connect: bool, as_json: bool) -> None:
    """Check settings, keys, database, accounts and jobs.

    The exit code is 1 when something is wrong.
    """
    app = create_core()
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        findings = selfcheck.run(connect=connect)
    if as_json:
        say_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok   ' if finding.ok else 'wrong'}  {finding.name}: {finding.words}")
    sys.exit(not all(finding.ok for finding in findings))
