"""Mailers to the mail servers of tests (tests/support/mail_server.py), the mail they send, and what became of it."""

import socket
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address

import pytest

from application.mail_ports import Mail, MailFault
from infra.setting_types import StartTls
from infra.smtp_mailer import Server, SmtpMailer
from tests.support.mail_server import ADDRESS

SENDER = Address("証明書サービス", "no-reply", "shomei.example.jp")
MAIL = Mail(
    message_id="0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a04@shomei.example.jp",
    recipient="sato@example.jp",
    subject="【証明書サービス】ロックのお知らせ",
    body="佐藤 由美 様\n",
    language="ja",
    date=datetime(2026, 11, 23, 5, 5, tzinfo=UTC),
)
SOON = 0.05  # seconds


def to(
    port: int,
    *,
    scheme: str = "smtp",
    login: str = "",
    starttls: StartTls = "never",
    step: float = 5.0,
    whole: float = 5.0,
    tls: ssl.SSLContext | None = None,
) -> SmtpMailer:
    server = Server.from_url(f"{scheme}://{login}{ADDRESS}:{port}")
    return SmtpMailer(server, SENDER, starttls=starttls, step=step, whole=whole, tls=tls)


class Elsewhere(SmtpMailer):
    """To a server of this machine by a name that is no loopback's, as if the DNS knew it."""

    def __init__(self, port: int, scheme: str, tls: ssl.SSLContext | None, starttls: StartTls = "if_offered") -> None:
        self._port = port
        server = Server.from_url(f"{scheme}://mail%40example.jp:p%2Fw@mail.example.jp:{port}")
        super().__init__(server, SENDER, starttls=starttls, step=5.0, whole=5.0, tls=tls)

    def _connected(self) -> socket.socket:
        return socket.create_connection((ADDRESS, self._port), 5.0)


def fault_of(mailer: SmtpMailer, mail: Mail = MAIL) -> tuple[str, bool]:
    with pytest.raises(MailFault) as raised:
        mailer.send(mail)
    assert str(raised.value) == raised.value.code
    return raised.value.code, raised.value.is_servers
