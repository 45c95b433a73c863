"""Forms of the desk: fields under the keys of the configuration file. What is right, the services decide alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    FileField,
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
)

from webapp.errors import Problem
from webapp.queries.picks import Picks

_FIELD = re.compile(r"\w*")


class NumberField(IntegerField):
    """A whole number. `optional`: an empty field is none, instead of being refused."""

    def __init__(self, label: Any = None, *, optional: bool = False, **options: Any):
        super().__init__(label, **options)
        self._optional = optional

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text and self._optional:
            return
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise ValueError(_("Write a whole number."))
        self.data = int(text)


class ReferenceField(SelectField):
    """The name of something else, or nothing. `offer` fills in the names."""

    def __init__(self, label: Any = None, *, none: Any = "", **options: Any):
        super().__init__(label, coerce=lambda value: value or None, validate_choice=False, **options)
        self._none = none or _l("none")

    def offer(self, names: Iterable[str]) -> None:
        """The names to choose from; the present one stays even when it is gone."""
        known = list(names)
        known += [self.data] if self.data and self.data not in known else []
        self.choices = [SelectChoice("", self._none), *(SelectChoice(name) for name in known)]


class PickerField(SelectMultipleField):
    """Names of some of many things, chosen in a list that can be searched. `offer` says what reads the list.

    Where there are too many for a page, the form is sent to be shown again with what a search finds: the button `find`
    bears the field's name then, and `NAME-find` the words.
    """

    def __init__(self, label: Any = None, **options: Any):
        super().__init__(label, choices=(), validate_choice=False, **options)

    def offer(self, read: Callable[[Collection[str], str], Picks]) -> None:
        """`read(chosen names, words)` lists what can be chosen; it is asked when the field is shown."""
        self._read = read

    @property
    def words(self) -> str:
        """What was looked for."""
        return request.form.get(f"{self.name}-find", "")[:100]

    @cached_property
    def picks(self) -> Picks:
        """What the list shows."""
        return self._read(self.data or (), self.words)


class DeskForm(FlaskForm):
    """A form whose fields are named as the keys of an entry."""

    class Meta:
        csrf = False  # the gate checks the token of every form

    def values(self) -> dict[str, Any]:
        """The entry as it was typed, without the fields that could not be read (they have errors then)."""
        return {field.short_name: _value(field) for field in self if not field.process_errors}

    @property
    def unreadable(self) -> bool:
        """Whether something that was typed could not be read at all."""
        return any(field.process_errors for field in self)

    @property
    def searches(self) -> bool:
        """Whether it was sent only to look for something to choose."""
        field = self._fields.get(request.form.get("find", ""))
        return isinstance(field, PickerField)

    def tell(self, problems: Iterable[Problem]) -> None:
        """Put each problem beside its field; what belongs to no field of this form stands above them all."""
        for field in self:
            field.errors = list(field.process_errors)
        for problem in problems:
            match = _FIELD.match(problem.path)
            field = self._fields.get(match[0] if match else "")
            if field is None:
                self.form_errors.append(str(problem.words))
            elif not field.process_errors:
                field.errors.append(problem.words)

    def facts(self) -> list[tuple[str, Any]]:
        """Label and value of every field that may be shown, in words."""
        return [(field.label.text, shown(field)) for field in self if field.type not in ("PasswordField", "FileField")]

    def listen(self, address: Callable[[str], str]) -> None:
        """Let each field be checked at `address(its name)` when its content has changed and is left."""
        for field in self:
            if isinstance(field, HiddenField | FileField | SelectMultipleField):
                continue
            field.render_kw = {
                **(field.render_kw or {}),
                "hx-post": address(field.short_name),
                "hx-trigger": "change",
                "hx-target": f"#{field.id}-error",
                "hx-swap": "innerHTML",
            }


def differing(mine: DeskForm, theirs: DeskForm) -> list[tuple[str, Any, Any]]:
    """Label, my value and the stored value of every field in which the two differ."""
    pairs = zip(mine.facts(), theirs.facts(), strict=True)
    return [(label, own, other) for (label, own), (_label, other) in pairs if own != other]


def _value(field: Field) -> Any:
    if isinstance(field, SelectMultipleField):
        return tuple(field.data or ())
    if isinstance(field, BooleanField | IntegerField | SelectField):
        return field.data
    return field.data or ""


def shown(field: Field) -> Any:
    """A field's value as people read it."""
    if isinstance(field, BooleanField):
        return _("yes") if field.data else _("no")
    if isinstance(field, SelectMultipleField):
        return ", ".join(_labels(field).get(value, value) for value in field.data or ())
    if isinstance(field, SelectField):
        return _labels(field).get(field.data, field.data or "")
    return "" if field.data is None else field.data


def _labels(field: SelectField) -> Mapping[Any, str]:
    return {value: str(label) for value, label, *_ in field.iter_choices()}
