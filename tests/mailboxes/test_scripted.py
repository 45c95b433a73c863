"""What no good server does: both protocols against one that does what a script tells it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.peers.mailbox_script import Drop, Ordinary, Raw, ScriptedMailbox, Stall, Then
from webapp.mailboxes import base, imap_session, pop3
from webapp.mailboxes.base import Listed, Mailbox, MailboxSettings, MailboxTrouble, TroubleKind, Withheld
from webapp.mailboxes.imap import ImapMailbox
from webapp.mailboxes.registry import open_mailbox

MAILS = {number: f"Subject: {number}\r\n\r\nwords of {number}\r\n".encode() for number in range(1, 6)}
imap = partial(ScriptedMailbox, "imap", MAILS)
pop = partial(ScriptedMailbox, "pop3", MAILS)


def settings(server: ScriptedMailbox, **more: Any) -> MailboxSettings:
    values = {"host": "127.0.0.1", "port": server.port, "username": "ana", "secret": "s3cret", "timeout": 0.5, **more}
    return MailboxSettings(protocol=server.protocol, **values)  # type: ignore[arg-type]


def listed(mailbox: Mailbox, mark: str = "") -> list[Listed]:
    return [message for batch in mailbox.listed(mark) for message in batch.messages]


def read(server: ScriptedMailbox, **more: Any) -> list[bytes]:
    return fetched(server, **more)[0]


def fetched(server: ScriptedMailbox, **more: Any) -> tuple[list[bytes], list[Withheld]]:
    """What is given, and what is withheld."""
    with open_mailbox(settings(server, **more)) as mailbox:
        batches = list(mailbox.listed(""))
        items = list(mailbox.fetch([message for batch in batches for message in batch.messages]))
    withheld = [one for batch in batches for one in batch.withheld]
    withheld += [item for item in items if isinstance(item, Withheld)]
    return [item[1] for item in items if not isinstance(item, Withheld)], withheld


def trouble(server: ScriptedMailbox, work: Callable[..., Any] = read, **more: Any) -> MailboxTrouble:
    """What is told; the next time, when the server does as it should, everything is read."""
    with pytest.raises(MailboxTrouble) as told:
        work(server, **more)
    server.script.clear()
    assert read(server, **more) == list(server.mails.values())
    return told.value


# --- IMAP: the way in ---

STRANGERS = [b"HTTP/1.1 400 Bad Request", b"220 mail.example ESMTP", b"+OK POP3 ready", b"\xff\x00 nonsense"]


@pytest.mark.parametrize("greeting", STRANGERS)
def test_what_is_no_imap_server_is_called_so(greeting: bytes) -> None:
    with imap(greeting=greeting) as server:
        told = trouble(server)
    assert told.kind is TroubleKind.PROTOCOL
    assert f"port {server.port} does not speak IMAP. It says: " in told.words
    assert greeting.decode("ascii", "ignore").split()[-1] in told.words or told.words.endswith("It says: +")


def test_a_server_that_greets_with_bye_is_busy() -> None:
    with imap(greeting=b"* BYE Too many connections") as server:
        told = trouble(server)
    assert told.kind is TroubleKind.BUSY
    assert told.words == "The server takes no connections at the moment: Too many connections"


def test_a_connection_that_is_lost_while_signing_in_says_nothing_of_the_password() -> None:
    with imap(login=Drop()) as server:
        assert trouble(server).kind is TroubleKind.UNREACHABLE


@pytest.mark.parametrize(("code", "kind"), [("[UNAVAILABLE]", "busy"), ("[INUSE]", "busy"), ("", "auth")])
def test_a_refusal_that_passes_says_nothing_of_the_password(code: str, kind: str) -> None:
    with imap(login=f"TAG NO {code} not now".encode()) as server:
        assert trouble(server).kind == kind


def test_who_is_signed_in_already_does_not_sign_in() -> None:
    with imap(greeting=b"* PREAUTH welcome ana") as server:
        assert read(server) == list(MAILS.values())
    assert not server.saw("LOGIN")
    assert not [command for command in server.commands if "LOGIN" in command]


def test_to_be_signed_in_before_tls_is_no_protection() -> None:
    with imap(greeting=b"* PREAUTH welcome ana") as server, pytest.raises(MailboxTrouble) as told:
        read(server, secure=True)
    assert told.value.kind is TroubleKind.TLS


def test_without_uidvalidity_nothing_is_read() -> None:
    with imap(select=Then((b"* 5 EXISTS", b"TAG OK done"))) as server:
        told = trouble(server)
    assert (told.kind, "UIDVALIDITY" in told.words) == (TroubleKind.PROTOCOL, True)


@pytest.mark.parametrize(("code", "kind"), [("[UNAVAILABLE]", "busy"), ("[NONEXISTENT]", "folder")])
def test_a_folder_that_does_not_open(code: str, kind: str) -> None:
    with imap(select=f"TAG NO {code} no".encode()) as server:
        assert trouble(server).kind == kind


def test_what_a_server_says_beyond_ascii_is_told_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    with imap(select="TAG NO [NONEXISTENT] N\u00e3o h\u00e1".encode()) as server:
        assert trouble(server).words == "The folder INBOX cannot be opened: [NONEXISTENT] N\u00e3o h\u00e1"
    assert not caplog.records


def test_a_folder_that_may_only_be_read_is_read() -> None:
    answer = Then((b"* 5 EXISTS", b"* OK [UIDVALIDITY 7] valid", b"TAG OK [READ-ONLY] done"))
    with imap(select=answer, examine=answer) as server:
        assert read(server) == list(MAILS.values())


# --- IMAP: mails that are not given ---


@pytest.mark.parametrize("stage", ["size", "body"])
@pytest.mark.parametrize("answer", [None, b"TAG NO [EXPUNGEISSUED] gone", b"TAG NO some are gone", b"TAG BAD what"])
def test_a_mail_that_vanishes_costs_no_other(stage: str, answer: bytes | None) -> None:
    """Whether the server leaves it out or refuses the whole command because of it."""
    with imap() as server:

        def vanish(_: Any) -> None:
            server.mails.pop(3, None)

        refuse = {"1,2,3": answer, "FETCH 1:": answer, "FETCH 3 ": answer, "": Ordinary()}
        server.script[stage] = {"FETCH": Then((vanish, Ordinary()))} if answer is None else refuse
        if answer is not None:
            server.script["search"] = [Ordinary(), Then((vanish, Ordinary()))]
        assert fetched(server) == ([raw for number, raw in MAILS.items() if number != 3], [])


def test_nothing_is_lost_that_the_server_leaves_out_although_it_is_there() -> None:
    with imap(size=b"TAG OK done") as server, open_mailbox(settings(server)) as mailbox:
        [batch] = mailbox.listed("")
        assert (batch.messages, batch.mark) == ([], None)
        server.script.clear()
        assert len(listed(mailbox, "")) == 5


@pytest.mark.parametrize("stage", ["size", "body"])
def test_a_server_that_gives_none_of_many_is_in_trouble(stage: str) -> None:
    many = dict.fromkeys(range(1, 31), MAILS[1])
    with ScriptedMailbox("imap", many, **{stage: b"TAG NO internal error"}) as server:
        told = trouble(server)
    assert (told.kind, "internal error" in told.words) == (TroubleKind.PROTOCOL, True)


@pytest.mark.parametrize("stage", ["size", "body"])
def test_a_server_that_gives_none_of_a_few_withholds_them(stage: str) -> None:
    with imap(**{stage: b"TAG NO internal error"}) as server:
        given, withheld = fetched(server)
    assert (given, len({one.key for one in withheld})) == ([], 5)
    assert all("internal error" in one.words for one in withheld)


def test_the_mails_that_a_pop3_server_withholds() -> None:
    with pop(retr={"RETR 3": b"-ERR [SYS/TEMP] it is broken", "": Ordinary()}) as server:
        given, [withheld] = fetched(server)
    assert (len(given), "[SYS/TEMP] it is broken" in withheld.words) == (4, True)
    refuse = {"uidl": b"-ERR", "top": {"TOP 3": b"-ERR", "": Ordinary()}, "retr": {"RETR 3": b"-ERR", "": Ordinary()}}
    with ScriptedMailbox("pop3", {number: raw + b"x" * number for number, raw in MAILS.items()}, **refuse) as server:
        given, withheld = fetched(server)
    assert (len(given), len(withheld)) == (4, 1)
    with pop(**refuse) as server:  # all have one size: any of them may be alike the one that is refused
        given, withheld = fetched(server)
    assert (len(given), len(withheld)) == (0, 5)


def test_an_answer_that_cannot_be_read_costs_no_other_mail() -> None:
    broken = Then((Raw(b"* 3 FETCH (UID 3 BODY[] (\r\n"), b"TAG OK done"))
    with imap(body={"1,2,3": broken, "FETCH 1:": broken, "FETCH 3 ": broken, "": Ordinary()}) as server:
        assert read(server) == [raw for number, raw in MAILS.items() if number != 3]


def test_what_nobody_asked_for_means_nothing() -> None:
    noise = Then(
        (
            Raw(b"* 9 EXISTS\r\n* 2 EXPUNGE\r\n* 1 RECENT\r\n* 4 FETCH (FLAGS (\\Seen))\r\n"),
            Raw(b"* 7 FETCH (UID 99 BODY[] {4}\r\nevil)\r\n* OK [ALERT] hello\r\n* X-THING 1\r\n"),
            Ordinary(),
        )
    )
    with imap(size=noise, body=noise, search=Then((Raw(b"* 2 FETCH (FLAGS ())\r\n"), Ordinary()))) as server:
        assert read(server) == list(MAILS.values())


# --- IMAP: the connection ---

LOST = {
    "cut in a literal": Then((Raw(b"* 1 FETCH (UID 1 BODY[] {1000000}\r\n" + b"x" * 10_000), Drop())),
    "cut by reset": Then((Raw(b"* 1 FETCH (UID 1 BODY[] {1000000}\r\n" + b"x" * 10_000), Drop(reset=True))),
    "cut in a line": Then((Raw(b"* 1 FETCH (UID"), Drop())),
    "silence": Stall(),
    "silence in a literal": Then((Raw(b"* 1 FETCH (UID 1 BODY[] {1000000}\r\nx"), Stall())),
    "bye": Then((b"* BYE shutting down", Drop())),
    "a literal said to be longer": Raw(b"* 1 FETCH (UID 1 BODY[] {400}\r\nSubject: 1\r\n\r\nx\r\n)\r\n"),
}


@pytest.mark.parametrize("case", LOST)
@pytest.mark.parametrize("stage", ["size", "body"])
def test_a_connection_that_is_lost_gives_no_part_of_a_mail(case: str, stage: str) -> None:
    with imap(**{stage: LOST[case]}) as server:
        told = trouble(server)
    assert told.kind is TroubleKind.UNREACHABLE
    assert ("shutting down" in told.words) == (case == "bye")


def test_what_came_before_it_was_lost_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "CHUNK_MESSAGES", 2)
    with imap(body=[Ordinary(), LOST["cut in a literal"]]) as server:
        given = []
        with pytest.raises(MailboxTrouble), open_mailbox(settings(server)) as mailbox:
            given.extend(raw for _, raw in mailbox.fetch(listed(mailbox)))
    assert given == list(MAILS.values())[:2]


GARBAGE = {
    "a literal said to be shorter": Raw(b"* 1 FETCH (UID 1 BODY[] {5}\r\nSubject: 1\r\n\r\nx\r\n)\r\n"),
    "a literal beyond all measure": Raw(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nx"),
    "no IMAP": Raw(b"\x00\x01\x02 what\r\n"),
    "another tag": Raw(b"ZZZ9 OK done\r\n"),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_what_no_server_says_is_trouble_of_the_protocol(case: str) -> None:
    with imap(body=GARBAGE[case]) as server:
        assert trouble(server).kind is TroubleKind.PROTOCOL


def test_a_line_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_session.imaplib, "_MAXLINE", 100_000)
    with imap(body=Raw(b"* OK " + b"x" * 200_000)) as server:
        assert trouble(server).kind is TroubleKind.PROTOCOL


def test_a_mailbox_with_more_mails_than_a_million_octets_can_number() -> None:
    numbers = b"".join(b" %d" % number for number in range(1_000_000, 1_150_000))
    answer = Then((Raw(b"* SEARCH" + numbers + b"\r\n"), b"TAG OK done"))
    with imap(search=answer) as server, open_mailbox(settings(server, timeout=10)) as mailbox:
        assert mailbox.count() == 150_000


def test_a_server_that_refuses_to_tell_of_news_does_not_keep_anybody_waiting() -> None:
    with imap(offers=("IMAP4rev1", "IDLE"), idle=b"TAG BAD not now") as server:
        mailbox = ImapMailbox(settings(server, timeout=10))
        mailbox.open()
        with pytest.raises(MailboxTrouble) as told:
            mailbox.begin_idle()
        mailbox.abandon()
    assert told.value.kind is TroubleKind.PROTOCOL


# --- POP3 ---


@pytest.mark.parametrize("greeting", [b"* OK IMAP4rev1", b"220 mail.example ESMTP", b"HTTP/1.1 400 Bad Request"])
def test_what_is_no_pop3_server_is_called_so(greeting: bytes) -> None:
    with pop(greeting=greeting) as server:
        told = trouble(server)
    assert told.kind is TroubleKind.PROTOCOL
    assert "does not speak POP3" in told.words


def test_a_pop3_server_that_greets_with_a_refusal_is_busy() -> None:
    with pop(greeting=b"-ERR too many connections") as server:
        assert trouble(server).kind is TroubleKind.BUSY


CODES = [("[IN-USE]", "busy"), ("[LOGIN-DELAY]", "busy"), ("[SYS/TEMP]", "busy"), ("[AUTH]", "auth"), ("", "auth")]


@pytest.mark.parametrize(("code", "kind"), CODES)
def test_a_mailbox_in_use_says_nothing_of_the_password(code: str, kind: str) -> None:
    with pop(**{"pass": f"-ERR {code} no".encode()}) as server:
        assert trouble(server).kind == kind


REFUSED = b"-ERR what"
UNNAMED = {
    "no UIDL": {"uidl": REFUSED},
    "no CAPA": {"capa": REFUSED},
    "nothing but the minimum": {"uidl": REFUSED, "capa": REFUSED, "top": REFUSED},
    "the same UIDL twice": {"uidl": Raw(b"+OK\r\n1 a\r\n2 b\r\n3 a\r\n4 c\r\n5 a\r\n.\r\n")},
    "UIDL of others than LIST": {"uidl": Raw(b"+OK\r\n1 a\r\n2 b\r\n7 z\r\n.\r\n")},
    "UIDL that names nothing": {"uidl": Raw(b"+OK\r\n1 \r\n2\r\n\r\nx y\r\n4 c\r\n.\r\n")},
}


@pytest.mark.parametrize("case", UNNAMED)
def test_without_names_mails_are_told_apart_and_known_again(case: str) -> None:
    with pop(**UNNAMED[case]) as server:
        assert read(server) == list(MAILS.values())
        with open_mailbox(settings(server)) as mailbox:
            before = [message.key for message in listed(mailbox)]
        with open_mailbox(settings(server)) as mailbox:
            assert [message.key for message in listed(mailbox)] == before
        assert len(set(before)) == 5


def test_without_names_mails_with_the_same_headers_are_two() -> None:
    twins = {1: b"Subject: 1\r\n\r\na\r\n", 2: b"Subject: 1\r\n\r\nb\r\n"}
    with ScriptedMailbox("pop3", twins, uidl=REFUSED) as server:
        assert read(server) == list(twins.values())


def test_one_command_at_a_time_where_the_server_takes_no_more() -> None:
    with pop(offers=("UIDL", "TOP")) as server, open_mailbox(settings(server)) as mailbox:
        keys = [message.key for message in listed(mailbox)]
        assert len(list(mailbox.fetch(listed(mailbox)))) == 5
        mailbox.delete(keys)
    assert server.hurried == []


def test_one_mail_that_the_server_does_not_give_costs_no_other() -> None:
    with pop(retr={"RETR 3": b"-ERR cannot be read", "": Ordinary()}) as server:
        assert read(server) == [raw for number, raw in MAILS.items() if number != 3]


POP3_LOST = {
    "in a mail": Then((Raw(b"+OK\r\nSubject: 1\r\n\r\nwor"), Drop())),
    "before the final dot": Then((Raw(b"+OK\r\nSubject: 1\r\n\r\nwords\r\n"), Drop())),
    "in a line that begins with a dot": Then((Raw(b"+OK\r\nSubject: 1\r\n\r\nwords\r\n."), Drop())),
    "in silence": Then((Raw(b"+OK\r\nSubject: 1\r\n"), Stall())),
}


@pytest.mark.parametrize("case", POP3_LOST)
def test_a_mail_without_its_end_is_none(case: str) -> None:
    with pop(retr=POP3_LOST[case]) as server:
        assert trouble(server).kind is TroubleKind.UNREACHABLE


def test_an_answer_that_is_no_answer() -> None:
    with pop(retr=b"what") as server:
        assert trouble(server).kind is TroubleKind.PROTOCOL


def test_a_mail_beyond_all_measure_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pop3, "LARGEST_MAIL", 100_000)
    with pop(retr=Then((Raw(b"+OK\r\n" + (b"x" * 998 + b"\r\n") * 200), Stall()))) as server:
        assert trouble(server).kind is TroubleKind.PROTOCOL


def test_a_long_line_is_a_line() -> None:
    with ScriptedMailbox("pop3", {1: b"Subject: 1\r\n\r\n" + b"x" * 100_000 + b"\r\n", 2: MAILS[2]}) as server:
        assert read(server) == list(server.mails.values())
