"""Words that people read are chosen when they are shown, in the reader's language: never a bare text in the code."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment

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


# --- pages ---

TEMPLATES = [path for path in sorted((ROOT / "templates").rglob("*.html")) if "/styleguide/" not in str(path)]
NAMES = {"Arauto", "· Arauto"}
SPOKEN = {"title", "aria-label", "placeholder", "alt"}


class Bare(HTMLParser):
    """Words between and in the tags of a template whose expressions were taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code = tag in ("script", "style")
        self.found += [value for name, value in attrs if name in SPOKEN and value and re.search("[A-Za-z]", value)]

    def handle_endtag(self, tag: str) -> None:
        self._code = False

    def handle_data(self, data: str) -> None:
        words = data.strip()
        if not self._code and re.search("[A-Za-z]{2}", words) and words not in NAMES:
            self.found.append(words)


def bare_in(template: str) -> list[str]:
    """Words that a template says without gettext."""
    parser = Bare()
    shown = re.sub(r"\{% block body_class %\}.*?\{% endblock %\}", "", template)
    parser.feed("".join(value for _, kind, value in Environment(autoescape=True).lex(shown) if kind == "data"))
    return parser.found


@pytest.mark.parametrize("path", TEMPLATES, ids=[str(path.relative_to(ROOT)) for path in TEMPLATES])
def test_a_template_says_nothing_without_gettext(path: Path) -> None:
    assert not bare_in(path.read_text())


def test_the_search_of_templates_finds_what_it_is_for() -> None:
    template = """{% if x %}<p class="{{ y }} wide" title="A title">Hello {{ name }}</p>{% endif %}{{ _('Good') }}"""
    assert bare_in(template) == ["A title", "Hello"]


# --- fields of forms ---


def test_a_field_of_a_form_has_no_bare_label() -> None:
    bare = [
        f"{path}:{call.lineno}: {ast.unparse(call.args[0])}"
        for path in MODULES
        if "/views/" in str(path)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Field") and call.args
        if isinstance(call.args[0], ast.Constant | ast.JoinedStr)
    ]
    assert not bare
