"""Every function of the services that writes records who did it, or stands here with the reason why it need not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICES = ROOT / "webapp" / "services"
WRITERS = {"webapp.services.unit.write", "webapp.services.unit.write_results"}
RECORD = "webapp.services.audit.record"

# What nobody did, or what is its own record: a function, or all of a module.
MACHINE = {
    "events.record_all": "An event is its own record, and never changed.",
    "submissions.submit": "A message is its own record: it stands in the outbox with its timeline.",
    "idempotency.once": "Keeps the answer of a request; what the request does is recorded by what it calls.",
    "rules.current": "Freezes the rules of an empty database.",
    "inbox.health": "How servers do.",
    "inbox.processing": "What came in is its own record, with the effect that it had.",
    "inbox.store": "What came in is its own record.",
    "outbox.expire": "Arauto's own deed: it stands on the message's timeline.",
    "sender": "Sending: it stands on each message's timeline.",
    "certificate_watch._settle": "Arauto's own deed: what it saw, and what it told stands on the certificate's page.",
    "errand": "Leases of somebody who waits for a message; what they wait for is recorded by what they call.",
    "sandbox.server.SandboxServer._keep": "Mail that came in.",
    "sandbox.boxes.Boxes.remove": "A mail program throws away what it read; the mail is not Arauto's.",
    "monitoring": "Notes what it told; what it tells are events.",
    "sessions.find": "Notes that a session is in use.",
    "sign_in._note_failure": "Counts tries; one that failed is recorded when it is known to have failed.",
    "tokens._note_use": "Notes that a token is in use.",
    "periodic.tell": "Writes down which jobs there are, when a process starts.",
    "upkeep": "The bookkeeping of jobs, and what grew too old.",
}


Calls = dict[str, set[str]]


def functions() -> Calls:
    """What every function of the services calls, by full names, as far as the source tells."""
    found: Calls = {}
    for path in sorted(SERVICES.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = imports(tree)
        for prefix, node in defined(tree, module):
            owner = prefix.rpartition(".")[0]
            found[prefix] = {resolved(call, names, module, owner) for call in calls(node)}
    return found


def imports(tree: ast.Module) -> dict[str, str]:
    """The full name behind every imported one."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def defined(tree: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods, not those inside other functions: these belong to the outer one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield f"{prefix}.{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from defined(node, f"{prefix}.{node.name}")


def calls(node: ast.AST) -> Iterator[ast.expr]:
    return (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))


def resolved(called: ast.expr, names: dict[str, str], module: str, owner: str) -> str:
    """The full name of what is called; empty when the source does not tell."""
    if isinstance(called, ast.Name):
        return names.get(called.id, f"{module}.{called.id}")
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        of = called.value.id
        return f"{owner}.{called.attr}" if of == "self" else f"{names.get(of, '')}.{called.attr}"
    return ""


def test_every_write_is_recorded_or_stands_in_the_table() -> None:
    known = functions()
    writing = {name for name, calls_of in known.items() if calls_of & WRITERS}
    assert len(writing) > 20, "the source is not understood any more"
    silent = {name.removeprefix("webapp.services.") for name in writing if not reaches(known, name, RECORD)}

    excused = {name for name in silent for entry in MACHINE if covers(entry, name)}
    assert silent - excused == set(), "record it (services.audit), or say why not in MACHINE"
    assert {entry for entry in MACHINE if not any(covers(entry, name) for name in silent)} == set(), "no longer true"


def covers(entry: str, name: str) -> bool:
    return name == entry or name.startswith(f"{entry}.")


def reaches(known: Calls, start: str, target: str) -> bool:
    """Whether `start` calls `target`, itself or through others."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == target:
            return True
        if name in known and name not in seen:
            seen.add(name)
            waiting += known[name]
    return False
