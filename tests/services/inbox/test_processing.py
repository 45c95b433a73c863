"""One mail that cannot be processed stops no other, and what is left over is processed once."""

from __future__ import annotations

from tests.services.inbox.conftest import kept, mail, sent_message, story
from tests.services.inbox.letters import answer
from webapp import clock
from webapp.mailboxes.base import Listed
from webapp.models import InboundState
from webapp.services.inbox import effects, processing, store
from webapp.services.inbox.store import Arrived


def test_one_bad_mail_is_held_and_the_others_have_their_effects(inbox, monkeypatch):
    message = sent_message()
    bad = answer(message, Subject="bad")
    real = effects.EFFECTS[effects.Kind.REPLY]

    def failing(session, incoming, answered):
        if incoming.subject == "bad":
            raise RuntimeError("cannot be")
        return real(session, incoming, answered)

    monkeypatch.setitem(effects.EFFECTS, effects.Kind.REPLY, failing)
    mails = [Arrived(Listed(f"{n}", 1), raw, clock.now()) for n, raw in enumerate((answer(message), bad, mail(3)))]
    assert processing.process(store.keep(inbox, mails, names=lambda key: True)) == 1
    assert [(row.state, row.error) for row in kept()] == [
        ("processed", ""),
        ("held", "RuntimeError: cannot be"),
        ("processed", ""),
    ]
    monkeypatch.setitem(effects.EFFECTS, effects.Kind.REPLY, real)
    assert processing.process_again(kept()[1].id) is InboundState.PROCESSED
    assert story(message) == ["in_reply", "in_reply"]


def test_what_a_dead_process_left_is_processed_once(inbox):
    message = sent_message()
    store.keep(inbox, [Arrived(Listed("k", 1), answer(message), clock.now())], names=lambda key: True)
    assert processing.process_leftovers() == 1
    assert processing.process_leftovers() == 0
    assert story(message) == ["in_reply"]
