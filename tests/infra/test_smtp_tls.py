"""TLS with a mail server and the login there (R8.5; RFC 3207, RFC 8314, RFC 4954)."""

import ssl

import pytest

from infra import clock, development_certificate
from infra.development_certificate import DevelopmentCertificate
from infra.setting_types import StartTls
from tests.support.mail_server import TAKES_A_MAIL, MailServer, ScriptedServer
from tests.support.smtp import MAIL, SOON, Elsewhere, fault_of, to


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentCertificate:
    return development_certificate.ensure(tmp_path_factory.mktemp("tls"), "localhost", clock.now())


@pytest.fixture
def servers_tls(certificate: DevelopmentCertificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.certificate)
    return context


@pytest.fixture
def trust(certificate: DevelopmentCertificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate.root)


@pytest.mark.parametrize("starttls", ["required", "if_offered"])
def test_what_offers_starttls_is_spoken_to_under_tls(
    starttls: StartTls, servers_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with MailServer(starttls=servers_tls, login=True) as server:
        to(server.port, starttls=starttls, tls=trust, login="mail%40example.jp:p%2Fw%3A%201%25@").send(MAIL)

        assert len(server.taken) == 1


def test_smtps_is_under_tls_from_its_first_byte(servers_tls: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    with MailServer(tls_first=servers_tls) as server:
        to(server.port, scheme="smtps", starttls="required", tls=trust).send(MAIL)

        assert len(server.taken) == 1


@pytest.mark.parametrize(("scheme", "kept"), [("smtp", "starttls"), ("smtps", "tls_first")])
def test_a_server_that_the_system_does_not_trust_gets_nothing(
    scheme: str, kept: str, servers_tls: ssl.SSLContext
) -> None:
    with MailServer(**{kept: servers_tls}) as server:  # type: ignore[arg-type]  # either is a context
        assert fault_of(to(server.port, scheme=scheme, starttls="if_offered")) == ("tls_failed", True)

        assert server.taken == []


def test_tls_that_is_none_gets_nothing() -> None:
    with MailServer() as server:
        assert fault_of(to(server.port, scheme="smtps")) == ("tls_failed", True)


@pytest.mark.parametrize(("scheme", "kept"), [("smtp", "starttls"), ("smtps", "tls_first")])
def test_a_certificate_of_another_name_is_not_the_servers(
    scheme: str, kept: str, servers_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with MailServer(**{kept: servers_tls}) as server:  # type: ignore[arg-type]  # either is a context
        mailer = Elsewhere(server.port, scheme, trust)
        assert fault_of(mailer) == ("tls_failed", True)


def test_where_tls_is_demanded_nothing_is_said_without_it() -> None:
    with MailServer() as server:
        assert fault_of(to(server.port, starttls="required")) == ("tls_not_offered", True)

        assert server.taken == []


@pytest.mark.parametrize("starttls", ["if_offered", "never"])
def test_where_tls_is_not_demanded_a_server_without_it_is_enough(starttls: StartTls) -> None:
    with MailServer() as server:
        to(server.port, starttls=starttls).send(MAIL)

        assert len(server.taken) == 1


@pytest.mark.parametrize("line", ["454 not now", "501 no"])
def test_a_server_that_offers_tls_and_has_none_gets_nothing(line: str) -> None:
    offers = ("220 mail.example.jp", "250-mail.example.jp\r\n250 STARTTLS", line, TAKES_A_MAIL[-1])
    with ScriptedServer(*offers) as server:
        assert fault_of(to(server.port, starttls="if_offered")) == ("tls_failed", True)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_handshake_that_never_ends_is_left_too(scheme: str) -> None:
    silent = ("220 mail.example.jp", "250-mail.example.jp\r\n250 STARTTLS", "220 go on", "")
    with ScriptedServer(*(silent if scheme == "smtp" else ("",))) as server:
        mailer = to(server.port, scheme=scheme, starttls="if_offered", step=SOON)
        assert fault_of(mailer) == ("timed_out", True)


def test_on_this_machine_a_login_needs_no_tls() -> None:
    with MailServer(login=True) as server:
        to(server.port, login="mail%40example.jp:p%2Fw%3A%201%25@").send(MAIL)

        assert len(server.taken) == 1


@pytest.mark.parametrize("starttls", ["if_offered", "never"])
def test_a_password_leaves_this_machine_under_tls_alone(starttls: StartTls) -> None:
    with MailServer(login=True) as server:
        mailer = Elsewhere(server.port, "smtp", None, starttls)
        assert fault_of(mailer) == ("tls_not_offered", True)


@pytest.mark.parametrize("login", ["mail%40example.jp:wrong@", "mail%40example.jp@", "someone:%E3%81%82@"])
def test_a_refused_login_is_the_servers_fault(login: str) -> None:
    with MailServer(login=True) as server:
        assert fault_of(to(server.port, login=login)) == ("login_refused", True)


def test_a_server_that_knows_no_login_refuses_it() -> None:
    with MailServer() as server:
        assert fault_of(to(server.port, login="a:b@")) == ("login_refused", True)


def test_a_login_put_off_is_no_wrong_password() -> None:
    with ScriptedServer("220 hello", "250-hello\r\n250 AUTH PLAIN", "454 later", "221 bye") as server:
        assert fault_of(to(server.port, login="a:b@")) == ("busy", True)


def test_a_challenge_that_is_none_refuses_the_login() -> None:
    with ScriptedServer("220 hello", "250-hello\r\n250 AUTH CRAM-MD5", "334 a", "221 bye") as server:
        assert fault_of(to(server.port, login="a:b@")) == ("login_refused", True)
