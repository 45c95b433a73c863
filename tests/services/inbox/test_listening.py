"""One thread waits for the news of many mailboxes: what happens to one of them concerns no other."""

from __future__ import annotations

import threading

from tests.peers import wait_until
from tests.services.inbox.conftest import mail
from webapp.mailboxes.base import MailboxSettings
from webapp.mailboxes.imap import ImapMailbox
from webapp.services.inbox.listening import Listening


def opened(dovecot, box) -> ImapMailbox:
    made = ImapMailbox(MailboxSettings("imap", "127.0.0.1", dovecot.imap, box.user, dovecot.password))
    made.open()
    assert made.can_wait
    return made


def test_hanging_up_while_news_are_read_leaves_the_others_listened_to(dovecot):
    boxes = dovecot.box(), dovecot.box()
    news, ended = [], []

    def heard(number, mailbox):
        news.append(number)
        mailbox.abandon()

    listening = Listening(heard, ended.append)
    first, second = (opened(dovecot, box) for box in boxes)
    listening.start()
    assert listening.add(1, (1, 0), first)
    assert listening.add(2, (1, 0), second)
    client = first._client._imap
    line, lines = client._get_line, []

    def hung_up_between():
        lines.append(1)
        if len(lines) == 2:  # as the scheduler does, from a thread of its own
            other = threading.Thread(target=listening.keep_only, args=({2: (1, 0)},))
            other.start()
            other.join()
        return line()

    client._get_line = hung_up_between
    boxes[0].put(mail(1))
    wait_until(lambda: ended == [1], "the end of the first")
    boxes[1].put(mail(2))
    wait_until(lambda: news == [2], "the news of the second")
    listening.stop()


def test_an_error_of_one_mailbox_ends_that_alone(dovecot, monkeypatch):
    boxes = dovecot.box(), dovecot.box()
    news, ended = [], []
    listening = Listening(lambda number, mailbox: (news.append(number), mailbox.abandon()), ended.append)
    first, second = (opened(dovecot, box) for box in boxes)
    monkeypatch.setattr(first, "heard", lambda: 1 / 0)
    listening.start()
    listening.add(1, (1, 0), first)
    listening.add(2, (1, 0), second)
    boxes[0].put(mail(1))
    wait_until(lambda: ended == [1], "the end of the first")
    boxes[1].put(mail(2))
    wait_until(lambda: news == [2], "the news of the second")
    listening.stop()
