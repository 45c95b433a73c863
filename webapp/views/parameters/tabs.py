"""The tabs of the system parameters: one row each, with its form and the section of the configuration behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from wtforms import SelectChoice, SelectField, StringField, TextAreaField

from webapp.services import configuration
from webapp.services.configuration import Stored
from webapp.views.desk import DeskForm
from webapp.views.language import LANGUAGES


class GeneralForm(DeskForm):
    """Address and language."""

    base_url = StringField(_l("Address of Arauto"), render_kw={"inputmode": "url", "autocapitalize": "off"})
    language = SelectField(
        _l("Language"),
        choices=[SelectChoice(tag, name) for tag, name in LANGUAGES.items()],
        description=_l(
            "Of pages for a browser that asks for another language, of new contacts, and of the events that Arauto"
            " records itself. Each recipient reads them in their own."
        ),
        validate_choice=False,
    )

    def __init__(self, *args: Any, **values: Any):
        super().__init__(*args, **values)
        self.base_url.description = _l(
            "Links in mails start with it. Empty: %(address)s, which the environment says.",
            address=current_app.config["ARAUTO_BASE_URL"],
        )


class EmailForm(DeskForm):
    """What stands under mails."""

    footer_text = TextAreaField(
        _l("Footer"),
        description=_l("Stands under every mail of the accounts whose footer is on. At most 2,000 characters."),
        render_kw={"rows": 5},
    )


@dataclass(frozen=True, slots=True)
class Tab:
    """`name` is the end of its address and names its template; `word` may be lazy."""

    name: str
    word: Any
    form: type[DeskForm]
    section: str = "parameters"

    def load(self) -> Stored:
        """What is stored of the fields of this tab."""
        return configuration.get_single(self.section, list(self.form(formdata=None).data))

    def made_form(self, begin: Mapping[str, Any] | None = None) -> DeskForm:
        """The form as it was sent, or beginning with an entry."""
        return self.form() if begin is None else self.form(formdata=None, data=begin)


TABS: Mapping[str, Tab] = {
    tab.name: tab
    for tab in (
        Tab("general", _l("General"), GeneralForm),
        Tab("email", _l("E-mail"), EmailForm),
    )
}
