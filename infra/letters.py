"""The mails' texts: one template a kind and language, in `letter_texts/` (R8.1, R11.4). Times are Japanese ones."""

from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from application.mail_ports import Letter
from infra.mailer import sender_address
from infra.settings import Settings
from web import english
from web.dates import day, hour
from web.pages import LIMITS, Service, serial_groups

TEXTS = Path(__file__).parent / "letter_texts"


def time(at: datetime) -> str:
    """2026年11月23日 14:05"""
    return f"{day(at)} {hour(at)}"


def day_en(of: date) -> str:
    """23 November 2026"""
    return english.day(of)


def time_en(at: datetime) -> str:
    """14:05 on 23 November 2026 (Japan time)"""
    return f"{hour(at)} on {day_en(at)} (Japan time)"


FILTERS = (day, time, day_en, time_en, serial_groups)


class TemplateLetters:
    """application.mail_ports.Letters. `domain` is the sender's, which a Message-ID ends in (RFC 5322 3.6.4)."""

    def __init__(self, service: Service, public_url: str, domain: str) -> None:
        self._domain = domain
        self._templates = Environment(  # noqa: S701  (plain text, which nothing reads as HTML)
            loader=FileSystemLoader(TEXTS),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters.update({shown.__name__: shown for shown in FILTERS})
        self._templates.globals.update(service=service, url=public_url, limits=LIMITS)

    def write(self, letter: Letter) -> tuple[str, str]:
        """Raises jinja2.UndefinedError, TypeError or AttributeError where the letter lacks what its kind tells."""
        text = self._templates.get_template(f"{letter.kind}.{letter.language}.txt").render(letter=letter)
        subject, _, body = text.partition("\n")
        return subject, body.lstrip("\n") + "\n"

    def message_id(self, notification: UUID) -> str:
        return f"{notification}@{self._domain}"


def letters(settings: Settings) -> TemplateLetters:
    """Raises Unavailable."""
    service = msgspec.convert(settings, Service, from_attributes=True)
    return TemplateLetters(service, settings.public_url, sender_address(settings).domain)
