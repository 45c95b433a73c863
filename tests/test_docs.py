"""What the documents say is there and true: settings, commands, keys and defaults, figures, links, examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click import Command, Group
from flask import Flask
from flask.testing import FlaskClient

from webapp.channels.base import TroubleKind
from webapp.cli import COMMANDS
from webapp.config import ROOT, SETTINGS
from webapp.mail import fields
from webapp.mail.classify import Kind
from webapp.mail.defects import Defect
from webapp.mail.mime import LARGEST, MOST_DEEP, MOST_FIELDS, MOST_PARTS
from webapp.mail.parse import LONGEST_TEXT
from webapp.models.catalogue import BUILT_IN
from webapp.models.states import State
from webapp.models.token import SCOPES
from webapp.services import configuration, retry, tags, tokens
from webapp.services.circuit import PATIENCE
from webapp.services.configuration.sections import SECTIONS

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
CONFIGURATION, DELIVERY, API, OPERATIONS, INBOX = (
    (DOCS / f"{name}.md").read_text() for name in ("configuration", "delivery", "api", "operations", "inbox")
)
ALL = "\n".join(page.read_text() for page in PAGES)

YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENV_SECRET = re.compile(r"env: (\w+)")
CALL = re.compile(r"^    curl -s \$B(/\S+) .*?-d '(\{.*?\})'$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
FILE = re.compile(r"`((?:docs|deploy|jobs|tests|webapp|templates|static|benchmarks)/[\w./-]+)`")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [*YAML_BLOCK.findall(CONFIGURATION), (DOCS / "examples" / "first.yaml").read_text()]


def _section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", FENCE.sub("", page), re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {heading!r}"
    return found[1]


def _rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables by their first cell, without the marks around it."""
    lines = (line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| "))
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _commands() -> Iterator[str]:
    """Every command of `arauto`, those below a group too."""
    group = Group(name="all", commands={})
    for name, row in COMMANDS.items():
        module = __import__(f"webapp.cli.{row.module}", fromlist=["x"])
        command: Command = getattr(module, name.replace("-", "_"))
        group.add_command(command, name)
        yield name
        if isinstance(command, Group):
            yield from (f"{name} {below}" for below in command.commands)


# --- settings and commands ---


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_a_row_with_its_default(setting: Any) -> None:
    default = _rows(_section(CONFIGURATION, "Settings of the environment"))[f"ARAUTO_{setting.name}"][0]
    assert default.strip("`") in (setting.default, *(() if setting.default else ("empty", "made")))


def test_no_setting_is_documented_that_does_not_exist() -> None:
    code = "".join(path.read_text() for path in (ROOT / "gunicorn.conf.py", ROOT / "tests/peers/__init__.py"))
    known = {f"ARAUTO_{setting.name}" for setting in SETTINGS}
    known |= {f"ARAUTO_{setting.name}_FILE" for setting in SETTINGS if setting.secret}
    known |= set(re.findall(r"ARAUTO_[A-Z_]+", code))
    assert set(re.findall(r"\bARAUTO_[A-Z_]+[A-Z]\b", ALL)) <= known


def test_every_command_is_documented() -> None:
    text = OPERATIONS + DELIVERY
    absent = [
        name
        for name in _commands()
        if f"arauto {name}" not in text and not re.search(rf"arauto {name.split()[0]}\b.*`{name.split()[-1]}`", text)
    ]
    assert not absent


def test_no_command_is_documented_that_does_not_exist() -> None:
    known = {name.split()[0] for name in _commands()}
    said = re.findall(r"(?:^    |`|^\$ )(?:\S*/)?arauto ([a-z][a-z-]+)", ALL, re.MULTILINE)
    assert said
    assert set(said) <= known


# --- configuration as code ---


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_applies_by_itself(ctx: Flask, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    for name in ENV_SECRET.findall(text):
        monkeypatch.setenv(name, "secret")
    assert configuration.apply(text)
    assert not configuration.apply(text)


def _written(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return f"[{', '.join(default)}]"
    return "none" if default in ("", None) else str(default)


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS)
def test_every_key_has_a_row_with_its_default(section: Any) -> None:
    documented = {key: cells[0] for key, cells in _rows(_section(CONFIGURATION, section.name)).items()}
    fields = section.entry.model_fields
    defaults = {key: "needed" if field.is_required() else _written(field.default) for key, field in fields.items()}
    assert {key: documented.get(key) for key in defaults} == defaults


def test_every_built_in_type_and_tag_is_listed() -> None:
    assert not [name for name, info in BUILT_IN.items() if f"`{name}` ({info.severity})" not in CONFIGURATION]
    assert not [name for name in tags.KNOWN if f"{{{{ {name} }}}}" not in CONFIGURATION]


# --- figures of delivery ---


def test_waits_of_messages_are_those_of_the_code() -> None:
    waits = _rows(_section(DELIVERY, "When it is tried again"))["wait (s)"]
    counted = [round(retry.wait_after(attempt, spread=0).total_seconds()) for attempt in range(1, len(waits) + 1)]
    assert [int(wait.strip("| ")) for wait in waits] == counted
    assert counted[-1] == retry.LONGEST_WAIT


@pytest.mark.parametrize("kind", TroubleKind)
def test_waits_of_accounts_are_those_of_the_code(kind: TroubleKind) -> None:
    row = _rows(_section(DELIVERY, "When it is tried again"))[kind]
    assert (float(row[0]), float(row[1])) == (PATIENCE[kind].first, PATIENCE[kind].most)


def test_every_state_is_explained() -> None:
    assert not [state for state in State if f"`{state}`" not in _section(DELIVERY, "States")]


# --- the inbox ---


def test_every_kind_and_defect_of_a_mail_is_explained() -> None:
    assert set(_rows(_section(INBOX, "Kinds"))) - {"kind", "---"} == set(Kind)
    assert set(_rows(_section(INBOX, "Broken and hostile mail"))) - {"defect", "---"} == set(Defect)


def test_limits_of_mail_are_those_of_the_code() -> None:
    said = _section(INBOX, "Broken and hostile mail")
    figures = (MOST_FIELDS, fields.LONGEST_VALUE, MOST_DEEP, MOST_PARTS, LONGEST_TEXT)
    assert [figure for figure in figures if f" {figure:,} " not in said] == []
    assert f" {LARGEST >> 20} MiB" in said


# --- the API ---


def test_every_endpoint_and_scope_is_documented(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").get_json()
    endpoints = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert set(_rows(_section(API, "Endpoints"))) - {"request", "---", "GET /api/openapi.json"} == endpoints
    assert set(_rows(_section(API, "Tokens"))) - {"scope", "---"} == set(SCOPES)


@pytest.mark.parametrize(("path", "body"), CALL.findall(API))
def test_every_call_with_a_body_is_accepted(app: Flask, client: FlaskClient, path: str, body: str) -> None:
    with app.app_context():
        headers = {"Authorization": f"Bearer {tokens.create('test')}", "Content-Type": "application/json"}
    assert client.post(path, data=body, headers=headers).status_code == 202


# --- links ---


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(FENCE.sub("", page.read_text())):
        file = (page.parent / target) if target else page
        assert file.exists(), f"{page.name} links to {target}, which is not there"
        assert not anchor or anchor in _anchors(file), (
            f"{page.name} links to #{anchor}, which is no heading of {file.name}"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = (name.removesuffix("/") for name in FILE.findall(page.read_text()))
    absent = [name for name in named if not any((ROOT / f"{name}{end}").exists() for end in ("", ".py"))]
    assert not absent
