"""Which way mails go, as the settings say (R8.5)."""

from email.headerregistry import Address
from urllib.parse import urlsplit

from application.mail_ports import Mailer
from application.ports import Unavailable
from infra.hosts import address_literal, names_loopback
from infra.maildir import MaildirMailer
from infra.settings import Settings
from infra.smtp_mailer import Server, SmtpMailer


def mailer(settings: Settings) -> Mailer:
    """By SMTP where there is a server, else kept in the embedded start on a loopback address. Raises Unavailable."""
    sender = sender_address(settings)
    if settings.mailbox:
        return MaildirMailer(settings.mailbox, sender)
    if not settings.smtp_url:
        raise Unavailable("there is no mail server to send by: set SHOMEI_SMTP_URL")
    server = Server.from_url(settings.smtp_url)
    starttls = settings.smtp_starttls or ("if_offered" if names_loopback(server.host) else "required")
    return SmtpMailer(server, sender, starttls=starttls)


def sender_address(settings: Settings) -> Address:
    """With the service's name. Raises Unavailable."""
    local, _, domain = (settings.mail_from or "").rpartition("@")
    return Address(settings.service_name, local or "no-reply", domain or public_domain(settings))


def public_domain(settings: Settings) -> str:
    """As the DNS knows it (RFC 5891); an address stands in brackets."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    try:
        return address_literal(host) or host.encode("idna").decode()
    except UnicodeError:
        raise Unavailable("no mail can come from the host of SHOMEI_PUBLIC_URL: set SHOMEI_MAIL_FROM") from None
