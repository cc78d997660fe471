"""Mails sent or kept: the same cases over both, the choice between them, and reading what is kept (R8.3, R8.5)."""

import email
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies
from msgspec.structs import replace

from application.contacts import check_contact
from application.mail_ports import Mail, Mailer, MailFault
from application.ports import Unavailable
from domain.errors import InvalidInput
from domain.organization_facts import Language
from infra.maildir import Maildir, MaildirMailer
from infra.mailer import mailer, sender_address
from infra.settings import Settings
from infra.smtp_mailer import Server, SmtpMailer
from tests.support.mail_server import ADDRESS, MailServer

SENDER = Address("証明書サービス", "no-reply", "shomei.example.jp")
AT = datetime(2026, 11, 23, 5, 5, tzinfo=UTC)
MAIL = Mail(
    message_id="0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a04@shomei.example.jp",
    recipient="sato@example.jp",
    subject="【証明書サービス】電子証明書の更新のお願い(2026年12月23日まで)",
    body="佐藤 由美 様\n\n.\n..\nFrom ここから\n" + "電子証明書を更新してください。" * 9 + "\n",
    language="ja",
    date=AT,
)


def read(message: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(message, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


class MailerContract(ABC):
    """What every application.mail_ports.Mailer does."""

    @pytest.fixture
    @abstractmethod
    def mailer(self) -> Iterator[Mailer] | Mailer: ...

    @abstractmethod
    def taken(self) -> list[bytes]:
        """What arrived, the first one first."""

    def test_what_arrives_is_the_mail(self, mailer: Mailer) -> None:
        mailer.send(MAIL)

        (message,) = map(read, self.taken())
        assert message["From"] == "証明書サービス <no-reply@shomei.example.jp>"
        assert message["To"] == "sato@example.jp"
        assert message["Subject"] == MAIL.subject
        assert message["Message-ID"] == f"<{MAIL.message_id}>"
        assert message["Date"].datetime == AT
        assert message.get_content().replace("\r\n", "\n") == MAIL.body

    def test_no_machine_answers_it(self, mailer: Mailer) -> None:
        """RFC 3834 5."""
        mailer.send(MAIL)

        (message,) = map(read, self.taken())
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["X-Auto-Response-Suppress"] == "All"

    @pytest.mark.parametrize("language", ["ja", "en"])
    def test_it_is_plain_text_of_its_language_in_short_lines_of_7_bits(
        self, mailer: Mailer, language: Language
    ) -> None:
        mailer.send(replace(MAIL, language=language))

        (wire,) = self.taken()
        assert read(wire).get_content_type() == "text/plain"
        assert read(wire).get_content_charset() == "utf-8"
        assert read(wire)["Content-Language"] == language
        assert wire.isascii()
        assert max(map(len, wire.splitlines())) <= 78  # RFC 5322 2.1.1
        assert wire.count(b"\n") == wire.count(b"\r\n")

    def test_a_repeat_is_known_by_its_message_id(self, mailer: Mailer) -> None:
        mailer.send(MAIL)
        mailer.send(replace(MAIL, date=AT + timedelta(minutes=1)))

        assert {read(message)["Message-ID"] for message in self.taken()} == {f"<{MAIL.message_id}>"}

    def test_a_domain_in_japanese_is_written_as_the_dns_knows_it(self, mailer: Mailer) -> None:
        mailer.send(replace(MAIL, recipient="sato@日本語.jp"))

        (message,) = map(read, self.taken())
        assert message["To"] == "sato@xn--wgv71a119e.jp"

    @pytest.mark.parametrize("address", ["佐藤@example.jp", "sato", "", "a@b@c", "sato@example.jp\r\nBcc: all@x.jp"])
    def test_an_address_that_no_mail_reaches_is_a_fault_of_that_mail(self, mailer: Mailer, address: str) -> None:
        with pytest.raises(MailFault) as raised:
            mailer.send(replace(MAIL, recipient=address))

        assert (raised.value.code, raised.value.is_servers) == ("unsendable", False)
        assert self.taken() == []

    def test_several_at_once_all_arrive(self, mailer: Mailer) -> None:
        mails = [replace(MAIL, message_id=f"{number}@shomei.example.jp") for number in range(8)]

        with ThreadPoolExecutor(8) as workers:
            list(workers.map(mailer.send, mails))

        assert len(self.taken()) == 8


class TestSmtpMailer(MailerContract):
    @pytest.fixture
    def mailer(self) -> Iterator[Mailer]:
        with MailServer() as self.server:
            yield SmtpMailer(Server.from_url(f"smtp://{ADDRESS}:{self.server.port}"), SENDER, starttls="if_offered")

    def taken(self) -> list[bytes]:
        return [envelope.content for envelope in self.server.taken if isinstance(envelope.content, bytes)]


class TestMaildirMailer(MailerContract):
    @pytest.fixture
    def mailer(self, tmp_path: Path) -> Mailer:
        self.folder = tmp_path / "home" / "mailbox"
        return MaildirMailer(self.folder, SENDER)

    def taken(self) -> list[bytes]:
        return [file.read_bytes() for file in sorted(self.folder.glob("new/*"))]

    def test_a_repeat_takes_the_place_of_the_first(self, mailer: Mailer) -> None:
        mailer.send(MAIL)
        mailer.send(replace(MAIL, subject="again"))

        assert [read(message)["Subject"] for message in self.taken()] == ["again"]

    def test_nobody_else_reads_what_is_kept(self, mailer: Mailer) -> None:
        mailer.send(MAIL)

        folders = [self.folder, *(self.folder / part for part in ("tmp", "new", "cur"))]
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
        assert [(file.parent.name, file.stat().st_mode & 0o777) for file in files] == [("new", 0o600)]

    def test_a_folder_that_cannot_be_written_is_a_fault_of_the_server(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(MailFault) as raised:
            MaildirMailer(tmp_path / "file" / "mailbox", SENDER).send(MAIL)

        assert (raised.value.code, raised.value.is_servers) == ("not_kept", True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(strategies.emails())
@example("a" * 64 + "@" + ".".join(["b" * 60] * 3) + ".jp")
@example("x!#$%&'*+/=?^_`{|}~-y@example.jp")
def test_every_address_that_can_be_registered_can_be_written_to(tmp_path: Path, address: str) -> None:
    try:
        registered = check_contact("佐藤 由美", address).email
    except InvalidInput:
        return

    MaildirMailer(tmp_path, SENDER).send(replace(MAIL, recipient=registered))

    (mail,) = Maildir(tmp_path).newest(1)
    assert mail.recipient.partition("@")[0] == registered.partition("@")[0]


def settings_with(**given: str) -> Settings:
    return Settings.read({"SHOMEI_SERVICE_NAME": "見本サービス", **given}, None)


def test_with_a_mail_server_mails_are_sent() -> None:
    assert isinstance(mailer(settings_with(SHOMEI_SMTP_URL="smtps://mail.example.jp")), SmtpMailer)


@pytest.mark.parametrize("demo", ["on", "off"])
def test_without_one_they_are_kept_in_the_embedded_start_on_loopback(demo: str) -> None:
    assert isinstance(mailer(settings_with(SHOMEI_DEMO=demo)), MaildirMailer)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"DATABASE_URL": "postgresql://shomei@db.example.jp/shomei"},
        {"SHOMEI_HOST": "192.0.2.1"},
        {"SHOMEI_SOCKET": "/run/shomei/web"},
    ],
)
def test_elsewhere_nothing_starts_without_one(elsewhere: dict[str, str]) -> None:
    with pytest.raises(Unavailable, match="set SHOMEI_SMTP_URL"):
        mailer(settings_with(**elsewhere))


@pytest.mark.parametrize(
    ("url", "given", "starttls"),
    [
        ("smtp://mail.example.jp", {}, "required"),
        ("smtp://localhost", {}, "if_offered"),
        ("smtp://[::1]", {}, "if_offered"),
        ("smtp://localhost", {"SHOMEI_SMTP_STARTTLS": "required"}, "required"),
        ("smtp://mail.example.jp", {"SHOMEI_SMTP_STARTTLS": "never"}, "never"),
    ],
)
def test_tls_is_demanded_of_other_machines_unless_set_otherwise(url: str, given: dict[str, str], starttls: str) -> None:
    chosen = mailer(settings_with(SHOMEI_SMTP_URL=url, **given))

    assert isinstance(chosen, SmtpMailer)
    assert chosen.starttls == starttls


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "no-reply@localhost"),
        ({"SHOMEI_PUBLIC_URL": "https://Shomei.example.jp:8443/top"}, "no-reply@shomei.example.jp"),
        ({"SHOMEI_PUBLIC_URL": "https://日本語.jp"}, "no-reply@xn--wgv71a119e.jp"),
        ({"SHOMEI_PUBLIC_URL": "https://192.0.2.1"}, "no-reply@[192.0.2.1]"),
        ({"SHOMEI_PUBLIC_URL": "https://[2001:db8::1]:8443"}, "no-reply@[IPv6:2001:db8::1]"),
        ({"SHOMEI_MAIL_FROM": "mail@mail.example.jp"}, "mail@mail.example.jp"),
    ],
)
def test_mails_come_from_the_public_host_unless_set_otherwise(given: dict[str, str], address: str) -> None:
    sender = sender_address(settings_with(**given))

    assert (sender.display_name, sender.addr_spec) == ("見本サービス", address)


def test_a_public_host_that_is_no_domain_asks_for_a_sender() -> None:
    with pytest.raises(Unavailable, match="set SHOMEI_MAIL_FROM"):
        sender_address(settings_with(SHOMEI_PUBLIC_URL="https://" + "a" * 64 + ".jp"))


def test_mails_are_kept_in_the_home_of_the_embedded_start() -> None:
    assert settings_with(SHOMEI_HOME="/srv/shomei", SHOMEI_DEMO="off").mailbox == Path("/srv/shomei/mailbox")


@pytest.mark.parametrize(
    "given",
    [
        {"SHOMEI_SMTP_URL": "smtp://mail.example.jp"},
        {"SHOMEI_HOST": "192.0.2.1"},
        {"DATABASE_URL": "postgresql://shomei@db.example.jp/shomei"},
        {"SHOMEI_SOCKET": "/run/shomei/web"},
    ],
)
def test_mails_are_not_kept_where_they_can_be_sent_or_others_can_reach_web(given: dict[str, str]) -> None:
    assert Settings.read(given, None).mailbox is None
