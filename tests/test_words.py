"""Words that people read are chosen when they are shown, in the reader's language: never a bare text in the code."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from webapp.queries.sayings import said

ROOT = Path(__file__).parents[1]
ROOMS = ("webapp/api", "webapp/queries", "webapp/services", "webapp/views")
# What carries words to a person, and where among its arguments they stand.
CARRIERS = {
    "Problem": 1,
    "InvalidInput.at": 1,
    "ValueError": 0,
    "NotFound": 0,
    "Conflict": 0,
    "EditedMeanwhile": 0,
    "KeyReused": 0,
    "Refused": 1,
    "problem": 1,
}
MODULES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "/styleguide/" not in str(path)]


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])
def test_what_is_refused_is_said_in_the_language_of_the_reader(path: Path) -> None:
    assert not [f"{path}:{line}: {words}" for line, words in untranslated(ast.parse(path.read_text()))]


def test_the_search_finds_what_it_is_for() -> None:
    found = untranslated(
        ast.parse("""
def refuse(n):
    words = f"There are {n}."
    more = "bare" if n else _("translated")
    shown = _("translated")
    raise InvalidInput([Problem("a", words), Problem("b", more), Problem("c", shown), Problem("d", words + shown)])
    raise ValueError("bare " + _("translated"))
    raise NotFound(_("There is no %(n)s.", n=n))
    raise InvalidInput.at("path", words="bare")
    raise Conflict(_(f"There are {n}."))
""")
    )
    assert [line for line, _ in found] == [6, 6, 6, 7, 9, 10]


# What the channels and senders say is stored in English, and known again when it is shown.
SPEAKERS = {
    "AccountTrouble": 2,
    "ConnectionAbortedError": 0,
    "Dropped": 0,
    "Garbled": 0,
    "NoStartTls": 0,
    "NotSeen": 1,
    "SealBroken": 0,
    "Silent": 0,
    "self._unreachable": 0,
    "self._wire.note": 0,
    "self.note": 0,
}
SPEAKING = [
    *sorted((ROOT / "webapp/channels").glob("*.py")),
    *(ROOT / f"webapp/services/{name}.py" for name in ("certificate_watch", "courier", "testmail", "vault")),
]


@pytest.mark.parametrize("path", SPEAKING, ids=[str(path.relative_to(ROOT)) for path in SPEAKING])
def test_what_is_said_of_a_delivery_is_known_again(ctx: Flask, path: Path) -> None:
    with force_locale("pt_BR"):
        phrases = spoken(ast.parse(path.read_text()))
        unknown = [words for words in phrases if said(words) == words and said(f"{words}.") == f"{words}."]
    assert not unknown, "add them to queries/sayings.py"


def spoken(tree: ast.Module) -> set[str]:
    """Every phrase of ours, X in the place of each value."""
    known: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id].append(node.value)
    found: set[str] = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            place = SPEAKERS.get(ast.unparse(call.func))
            named = [keyword.value for keyword in call.keywords if keyword.arg == "words"]
            for words in [*named, *(call.args[place : place + 1] if place is not None else [])]:
                found |= _phrases(words, known)
    return {phrase for phrase in found if re.search("[a-z]", phrase)}


def _phrases(words: ast.expr, known: dict[str, list[ast.expr]]) -> set[str]:
    match words:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.JoinedStr():
            parts = [part.value if isinstance(part, ast.Constant) else "X" for part in words.values]
            inner = [node for part in words.values for node in ast.walk(part) if isinstance(node, ast.Name)]
            return {"".join(map(str, parts))}.union(*(_phrases(name, known) for name in inner))
        case ast.IfExp():
            return _phrases(words.body, known) | _phrases(words.orelse, known)
        case ast.Name():
            others = {name: values for name, values in known.items() if name != words.id}
            return set().union(*(_phrases(value, others) for value in known.get(words.id, ())))
    return set()


def untranslated(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Lines where words reach a person, or the catalogue, as they stand in the code."""
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.Module):
            known: dict[str, list[ast.expr]] = defaultdict(list)
            for node in ast.walk(scope):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    known[node.targets[0].id].append(node.value)
            for call in _calls_of(scope):
                words = _words(call)
                if words is not None and _is_bare(words, known):
                    yield call.lineno, ast.unparse(words)


def _calls_of(scope: ast.AST) -> Iterator[ast.Call]:
    """The calls in a function or module, those of functions inside it left out."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, ast.FunctionDef):
            yield from _calls_of(node)


def _words(call: ast.Call) -> ast.expr | None:
    name = ast.unparse(call.func)
    if name in ("_", "gettext"):
        return call.args[0] if isinstance(call.args[0], ast.JoinedStr) else None
    place = CARRIERS.get(name)
    named = [keyword.value for keyword in call.keywords if keyword.arg in ("words", "detail")]
    if place is None:
        return None
    return next(iter([*call.args[place : place + 1], *named]), None)


def _is_bare(words: ast.expr, known: dict[str, list[ast.expr]]) -> bool:
    match words:
        case ast.JoinedStr():
            return True
        case ast.Constant():
            return isinstance(words.value, str) and words.value.strip() != ""
        case ast.BinOp():
            return _is_bare(words.left, known) or _is_bare(words.right, known)
        case ast.IfExp():
            return _is_bare(words.body, known) or _is_bare(words.orelse, known)
        case ast.Name() if words.id in known:
            others = {name: values for name, values in known.items() if name != words.id}
            return any(_is_bare(value, others) for value in known[words.id])
    return False
