"""The file as YAML: what is read, and what is refused before any rule of a noun."""

from __future__ import annotations

import time

import pytest

from webapp.errors import InvalidInput
from webapp.services.configuration import document


def refused(text: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as error:
        document.load(text)
    return [(problem.path, problem.words) for problem in error.value.problems]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", b"", b"\xef\xbb\xbf", "null", "contacts:\n"])
def test_nothing_is_nothing(text):
    assert list(document.entries(document.load(text))) == []


def test_entries_have_their_paths():
    loaded = document.load("contacts: [{name: A}, {name: B}]\nparameters: {language: es}")
    assert list(document.entries(loaded)) == [
        ("contacts", "contacts[0]", {"name": "A"}),
        ("contacts", "contacts[1]", {"name": "B"}),
        ("parameters", "parameters", {"language": "es"}),
    ]


def test_an_alias_repeats_its_anchor():
    loaded = document.load("groups: [{name: A, contacts: &all [x, y]}, {name: B, contacts: *all}]")
    assert loaded["groups"][1]["contacts"] == ["x", "y"]


BROKEN = [
    ("contacts: [", "Line 2"),
    ("contacts:\n  - name: a: b", "Line 2, column"),
    ("\tcontacts: 1", "Line 1"),
    ("contacts: [{name: *nobody}]", "no anchor"),
    ("contacts: &loop [*loop]", "no anchor"),
    ("contacts: \0", "not allowed"),
    (b"contacts: \xff", "UTF-8"),
    ("contacts: \ud800", "UTF-8"),
    ("contacts: []\n---\ngroups: []", "several documents"),
    ("just words", "sections"),
    ("- a\n- b", "sections"),
    ("x: " + "[" * 100 + "]" * 100, "nested too deeply"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN)
def test_a_broken_file_is_refused_in_words(text, words):
    [(path, found)] = refused(text)
    assert path == ""
    assert words in found


NAMED = [
    ("contacts: [{name: A, email: a@b, name: B}]", "contacts[0].name", "twice"),
    ("contacts: []\ncontacts: []", "contacts", "twice"),
    ("contacts: [{<<: {name: A}}]", "contacts[0].<<", "Merge keys"),
    ("contacts: !!python/object:os.system []", "contacts", "tag"),
    ("contacts: [{name: !!binary aGk=}]", "contacts[0].name", "tag"),
    ("contacts: [{name: 2026-99-99}]", "contacts[0].name", "quotes"),
    ("contacts: [{1: A}]", "contacts[0]", "quotes"),
    ("contacts: [{[a]: A}]", "contacts[0]", "quotes"),
    ("contacts: {name: A}", "contacts", "list"),
    ("parameters: [1]", "parameters", "keys"),
    ("certificats: []", "certificats", "no such key"),
    ("sms: {broker: zenvia}", "sms", "no such key"),
    ("smtp_acounts: []", "smtp_acounts", "did you mean smtp_accounts?"),
]


@pytest.mark.parametrize(("text", "path", "words"), NAMED)
def test_what_is_not_accepted_is_named_with_its_path(text, path, words):
    problems = dict(refused(text))
    assert words in problems[path]


def test_every_problem_is_told():
    assert [path for path, _ in refused("sms: 1\ncontacts: 2\ngroups: {}")] == ["sms", "contacts", "groups"]


def test_a_bomb_costs_nothing():
    """Nine levels of nine aliases would be nearly four hundred million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    began = time.monotonic()
    [(_, words)] = refused("\n".join(lines))
    assert "repeats too much" in words
    assert time.monotonic() - began < 2


def test_a_file_that_is_too_long_is_refused_unread():
    [(_, words)] = refused("#" * (document.LONGEST + 1))
    assert "longer than" in words
