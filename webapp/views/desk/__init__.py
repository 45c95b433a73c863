"""The administrator's desk: what every noun that people configure has in common.

A section makes a subclass of `Noun` and its pages by `blueprint`. What is right is decided by the services alone.
"""

from __future__ import annotations

from webapp.views.desk.forms import DeskForm, NumberField, PickerField, ReferenceField, differing
from webapp.views.desk.noun import Column, Keeper, KeptNoun, Noun, Words
from webapp.views.desk.pages import blueprint

__all__ = [
    "Column",
    "DeskForm",
    "Keeper",
    "KeptNoun",
    "Noun",
    "NumberField",
    "PickerField",
    "ReferenceField",
    "Words",
    "blueprint",
    "differing",
]
