from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice, TextAreaField


class AnswerForm(FlaskForm):
    """What comes back. The rules are those of `services.sandbox.answering`."""

    class Meta:
        csrf = False

    kind = RadioField(
        _l("What comes back"),
        choices=[
            SelectChoice("reply", _l("A reply")),
            SelectChoice("away", _l("An out-of-office note")),
            SelectChoice("bounced", _l("A bounce: there is no such address")),
            SelectChoice("full", _l("A bounce: the mailbox is full")),
            SelectChoice("delayed", _l("A report that it is delayed")),
            SelectChoice("delivered", _l("A delivery receipt")),
            SelectChoice("read", _l("A read receipt")),
        ],
        default="reply",
        validate_choice=False,
    )
    words = TextAreaField(
        _l("Text"),
        description=_l("Of a reply or an out-of-office note; what is answered is quoted below it."),
        render_kw={"rows": 6},
    )
