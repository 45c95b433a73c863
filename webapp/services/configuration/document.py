"""The configuration file: YAML text to plain values. Pure.

Stricter than YAML: no key twice, no tags, no merge keys, one document. It is built from the parser's events with an eye
on size, depth and repetition, so that no text of a permitted length costs much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from flask_babel import gettext as _

from webapp.errors import InvalidInput, Problem
from webapp.services.configuration.sections import SECTIONS, SINGLE
from webapp.services.refusals import below, unknown_key

LONGEST = 4 * 1024 * 1024
DEEPEST = 16
MOST_VALUES = 1_000_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str | bytes) -> dict[str, Any]:
    """The sections of a configuration file; an empty file has none. Raises InvalidInput with every problem."""
    if len(text) > LONGEST:
        raise InvalidInput.at("", _("The file is longer than %(most)s MiB; split it.", most=LONGEST // 1024 // 1024))
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        builder = _Builder(decoded.encode().decode())
        document = builder.document()
    except UnicodeError:
        raise InvalidInput.at("", _("The file is not text in UTF-8.")) from None
    except yaml.YAMLError as error:
        raise InvalidInput.at("", _("This is not YAML. %(where)s", where=_where(error))) from None
    problems = [*builder.problems, *_shape(document)]
    if problems:
        raise InvalidInput(problems)
    return document or {}


def entries(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Section, path and values of every entry of a loaded document."""
    for name, content in document.items():
        if content is None:
            continue
        if name in SINGLE:
            yield name, name, content
            continue
        for number, entry in enumerate(content):
            yield name, below(name, number), entry


def _shape(document: Any) -> Iterator[Problem]:
    if document is None:
        return
    if not isinstance(document, dict):
        words = _("The file must hold sections such as smtp_accounts: or contacts:. Known: %(known)s.", known=_known())
        yield Problem("", words)
        return
    for name, content in document.items():
        if name not in SECTIONS:
            words = unknown_key(str(name), list(SECTIONS)) + " " + _("Known here: %(known)s.", known=_known())
            yield Problem(str(name)[:80], words)
        elif content is None:
            continue
        elif name in SINGLE and not isinstance(content, dict):
            yield Problem(name, _("Write keys and their values here."))
        elif name not in SINGLE and not isinstance(content, list):
            yield Problem(name, _("Write a list: each entry begins with a dash."))


def _known() -> str:
    return ", ".join(SECTIONS)


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    words = str(getattr(error, "problem", None) or getattr(error, "reason", None) or _("It cannot be read")).strip()
    sentence = f"{words[0].upper()}{words[1:]}."
    if mark is None:
        return sentence
    return _("Line %(line)s, column %(column)s: %(words)s", line=mark.line + 1, column=mark.column + 1, words=sentence)


class _Builder:
    """Reads the events of one text. Problems that have a path are collected; broken YAML raises YAMLError."""

    def __init__(self, text: str):
        self.problems: list[Problem] = []
        self._loader = _Loader(text)
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def document(self) -> Any:
        self._next()  # the stream starts
        if isinstance(self._loader.peek_event(), yaml.StreamEndEvent):
            return None
        self._next()  # the document starts
        value = self._value(())
        self._next()  # the document ends
        if not isinstance(self._loader.peek_event(), yaml.StreamEndEvent):
            self._refuse((), _("The file holds several documents; keep one."))
        return value

    def _next(self) -> Any:
        return self._loader.get_event()

    def _refuse(self, path: Sequence[str | int], words: str, event: Any = None) -> None:
        if event:
            words = _("Line %(line)s: %(words)s", line=event.start_mark.line + 1, words=words)
        self.problems.append(Problem(below("", *path), words))

    def _value(self, path: tuple[str | int, ...]) -> Any:
        event = self._next()
        if len(path) > DEEPEST:
            raise yaml.MarkedYAMLError(problem=_("it is nested too deeply"), problem_mark=event.start_mark)
        before = self._values
        self._count(event, 1)
        if isinstance(event, yaml.AliasEvent):
            return self._repeated(event)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, path)
        else:
            if event.tag not in (None, "!") and not event.implicit:
                self._refuse(path, _("The tag %(tag)s is not accepted; remove it.", tag=event.tag), event)
            value = self._list(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)
        if event.anchor:
            self._anchors[event.anchor] = value, self._values - before
        return value

    def _count(self, event: Any, more: int) -> None:
        self._values += more
        if self._values > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem=_("it repeats too much by aliases"), problem_mark=event.start_mark)

    def _repeated(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            words = _("there is no anchor %(name)r before this alias", name=event.anchor)
            raise yaml.MarkedYAMLError(problem=words, problem_mark=event.start_mark)
        value, size = self._anchors[event.anchor]
        self._count(event, size)
        return value

    def _list(self, path: tuple[str | int, ...]) -> list[Any]:
        values: list[Any] = []
        while not isinstance(self._loader.peek_event(), yaml.SequenceEndEvent):
            values.append(self._value((*path, len(values))))
        self._next()
        return values

    def _mapping(self, path: tuple[str | int, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := self._loader.peek_event(), yaml.MappingEndEvent):
            key = self._value((*path, "?"))
            name = key if isinstance(key, str) else "?"
            below_key = (*path, name)
            value = self._value(below_key)
            if not isinstance(key, str):
                self._refuse(path, _("A key is not a text; put it in quotes."), event)
            elif key == "<<":
                self._refuse(below_key, _("Merge keys are not accepted; write the keys out."), event)
            elif key in values:
                self._refuse(below_key, _("The key is here twice; keep one."), event)
            values[name] = value
        self._next()
        return values

    def _scalar(self, event: Any, path: tuple[str | int, ...]) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        elif not event.implicit[0]:
            self._refuse(path, _("The tag %(tag)s is not accepted; remove it.", tag=tag), event)
            return None
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return event.value if tag.endswith(":merge") else self._loader.construct_object(node)
        except (ValueError, OverflowError):
            self._refuse(path, _("This looks like a date or a number, but is not one; put it in quotes."), event)
            return None
