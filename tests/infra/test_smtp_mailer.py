"""Mails handed to a server, and all that can go wrong with it (R8.3, R8.5; RFC 5321)."""

import socket

import pytest

from application.mail_ports import MailFault
from infra.smtp_mailer import Server, SmtpMailer
from tests.support.mail_server import ADDRESS, TAKES_A_MAIL, MailServer, ScriptedServer
from tests.support.smtp import MAIL, SENDER, SOON, fault_of, to

GREETING, HELLO, FROM, TO, DATA, TEXT, BYE = range(7)


class WatchedSocket(socket.socket):
    """Notes what it is given to wait, in seconds."""

    def __init__(self, family: int = -1, kind: int = -1, protocol: int = -1, fileno: int | None = None) -> None:
        super().__init__(family, kind, protocol, fileno)
        self.waits: list[float | None] = []

    def settimeout(self, value: float | None) -> None:
        self.waits.append(value)
        super().settimeout(value)


class Watched(SmtpMailer):
    def __init__(self, port: int) -> None:
        super().__init__(Server.from_url(f"smtp://{ADDRESS}:{port}"), SENDER, starttls="never", step=5.0, whole=60.0)

    def _connected(self) -> WatchedSocket:
        self.connection = WatchedSocket(fileno=super()._connected().detach())
        return self.connection


def said(at: int, line: str) -> tuple[str, ...]:
    """A server that says this at that step, and then good-bye."""
    return (*TAKES_A_MAIL[:at], line, TAKES_A_MAIL[BYE])


def test_a_mail_is_handed_over_to_its_recipient_alone() -> None:
    with MailServer() as server:
        to(server.port).send(MAIL)

        (envelope,) = server.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@shomei.example.jp", ["sato@example.jp"])


def test_the_server_is_told_our_address_and_bidden_farewell() -> None:
    with ScriptedServer(*TAKES_A_MAIL) as server:
        to(server.port).send(MAIL)

    assert server.heard[0] == "ehlo [127.0.0.1]"
    assert server.heard[-2:] == ["quit", ""]


@pytest.mark.parametrize("farewell", ["421 no", "500 what", "?"])
def test_a_mail_is_taken_whatever_is_said_to_our_farewell(farewell: str) -> None:
    with ScriptedServer(*said(BYE, farewell)) as server:
        to(server.port).send(MAIL)


def test_a_mail_is_taken_though_the_server_is_gone_or_silent_afterwards() -> None:
    with ScriptedServer(*TAKES_A_MAIL[:BYE]) as gone:
        to(gone.port).send(MAIL)
    with ScriptedServer(*TAKES_A_MAIL[:BYE], "") as silent:
        to(silent.port, step=SOON).send(MAIL)


@pytest.mark.parametrize(
    ("at", "line", "code", "is_servers"),
    [
        (GREETING, "421 later", "busy", True),
        (GREETING, "554 not you", "sender_refused", True),
        (GREETING, "HTTP/1.1 400 Bad Request", "not_understood", True),
        (HELLO, "421 later", "busy", True),
        (HELLO, "550 not you", "sender_refused", True),
        (FROM, "451 later", "busy", True),
        (FROM, "550 not you", "sender_refused", True),
        (FROM, "530 log in", "login_refused", True),
        (TO, "450 greylisted", "refused_for_now", False),
        (TO, "550 unknown", "refused", False),
        (TO, "421 closing", "busy", True),
        (TO, "530 log in", "login_refused", True),
        (TO, "?", "not_understood", True),
        (DATA, "451 later", "refused_for_now", False),
        (DATA, "554 no", "refused", False),
        (DATA, "421 closing", "busy", True),
        (DATA, "250 taken", "not_understood", True),
        (TEXT, "451 later", "refused_for_now", False),
        (TEXT, "550 spam", "refused", False),
        (TEXT, "421 closing", "busy", True),
        (TEXT, "354 more", "not_understood", True),
    ],
)
def test_a_refusal_is_told_in_words_of_ours_and_whose_it_is(at: int, line: str, code: str, is_servers: bool) -> None:
    with ScriptedServer(*said(at, line)) as server:
        assert fault_of(to(server.port)) == (code, is_servers)


@pytest.mark.parametrize("at", range(TEXT + 1))
def test_a_server_that_falls_silent_is_left_after_a_while(at: int) -> None:
    with ScriptedServer(*TAKES_A_MAIL[:at], "") as server:
        assert fault_of(to(server.port, step=SOON, whole=2 * SOON)) == ("timed_out", True)


@pytest.mark.parametrize("at", range(TEXT + 1))
def test_a_conversation_has_an_end_however_long_its_steps_may_take(at: int) -> None:
    with ScriptedServer(*TAKES_A_MAIL[:at], "") as server:
        assert fault_of(to(server.port, whole=SOON, step=60.0)) == ("timed_out", True)


def test_the_answer_to_the_text_may_take_as_long_as_the_whole() -> None:
    """RFC 5321 4.5.3.2.6: whoever gives up too early sends it twice."""
    with ScriptedServer(*TAKES_A_MAIL) as server:
        mailer = Watched(server.port)
        mailer.send(MAIL)

    assert mailer.connection.waits == [60.0, 5.0]


@pytest.mark.parametrize("at", range(1, TEXT + 1))
def test_a_server_that_is_suddenly_gone_is_a_fault_of_its_own(at: int) -> None:
    with ScriptedServer(*TAKES_A_MAIL[:at]) as server:
        assert fault_of(to(server.port)) == ("disconnected", True)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.create_server((ADDRESS, 0)) as listener:
        port = listener.getsockname()[1]

    assert fault_of(to(port)) == ("unreachable", True)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example.jp", "a..b"])
def test_a_server_without_an_address_is_unreachable(host: str) -> None:
    mailer = SmtpMailer(Server.from_url(f"smtp://{host}"), SENDER, starttls="never")

    assert fault_of(mailer) == ("unreachable", True)


@pytest.mark.parametrize(
    ("url", "host", "port", "is_tls_first", "user", "password"),
    [
        ("smtp://mail.example.jp", "mail.example.jp", 25, False, None, ""),
        ("smtp://a%40b:c%2Fd@mail.example.jp", "mail.example.jp", 587, False, "a@b", "c/d"),
        ("smtps://mail.example.jp/", "mail.example.jp", 465, True, None, ""),
        ("smtps://a:b@[::1]:2525", "::1", 2525, True, "a", "b"),
    ],
)
def test_a_url_says_where_and_who(
    url: str, host: str, port: int, is_tls_first: bool, user: str | None, password: str
) -> None:
    server = Server.from_url(url)

    assert server == Server(host, port, is_tls_first, user, password)
    assert password == "" or password not in str(server)


def test_no_context_of_a_fault_shows_what_the_server_said() -> None:
    with ScriptedServer(*said(TO, "550 sato@example.jp unknown")) as server, pytest.raises(MailFault) as raised:
        to(server.port).send(MAIL)

    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
