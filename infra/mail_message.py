"""A mail as it goes over the wire: RFC 5322, MIME, and nothing in it but 7 bits."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Literal

from email_validator import EmailNotValidError, validate_email

from application.mail_ports import Mail, MailFault
from domain.organization_facts import Language

# Either keeps lines under 77 (RFC 2045 6.7, 6.8); English stays readable where somebody looks at the source.
ENCODINGS: Final[dict[Language, Literal["base64", "quoted-printable"]]] = {"ja": "base64", "en": "quoted-printable"}


def wire_address(address: str) -> str:
    """With the domain's name as the DNS knows it (RFC 5891). Raises MailFault for what needs RFC 6531 or is none."""
    try:
        known = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:  # whose message quotes the address
        known = None
    if known is None or known.ascii_email is None:
        raise MailFault("unsendable", is_servers=False) from None
    return known.ascii_email


def mail_message(mail: Mail, sender: Address) -> EmailMessage:
    """Raises MailFault."""
    local, _, domain = wire_address(mail.recipient).rpartition("@")
    message = EmailMessage(SMTP)
    message["From"] = sender
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = mail.subject
    message["Date"] = mail.date
    message["Message-ID"] = f"<{mail.message_id}>"
    # No holiday answers: by the standard (RFC 3834 5), and as Exchange has it (MS-OXCMAIL 2.1.3.2.5.1).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.body, cte=ENCODINGS[mail.language])
    message["Content-Language"] = mail.language  # after the content, which puts away all Content- headers before it
    return message
