"""Pages: a template and what it shows, made into an answer. All text for people is in `templates/`, in Japanese.

The templates keep to a strict content security policy (no inline style, no script) and to what the IE 11 engine of
Edge's IE mode can show (R5.5). Days and hours are Japanese ones.
"""

from collections.abc import Mapping, MutableMapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from domain import policy
from domain.validity import JST

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STYLE = HERE / "static" / "style.css"
WEEKDAYS = "月火水木金土日"
MINUTE = timedelta(minutes=1)

# The manual's numbers, as the texts name them.
LIMITS = {
    "failures": policy.FAILURES_TO_LOCK,
    "lock_minutes": policy.LOCK_DURATION // MINUTE,
    "locks": policy.LOCKS_TO_BLOCK,
    "validity_days": policy.VALIDITY_DAYS,
    "renewal_days": policy.RENEWAL_DAYS,
    "shortest": policy.ID_LENGTH.start,
    "longest": policy.ID_LENGTH.stop - 1,
    "ticket_minutes": policy.TICKET_LIFE // MINUTE,
    "issuance_minutes": policy.ISSUANCE_LIMIT // MINUTE,
    "code_digits": policy.CODE_DIGITS,
    "code_tries": policy.CODE_TRIES,
    "codes_a_day": policy.CODES_A_DAY,
    "registration_minutes": policy.REGISTRATION_LIFE // MINUTE,
    "package_minutes": policy.PACKAGE_LIFE // MINUTE,
    "idle_minutes": policy.SESSION_IDLE // MINUTE,
    "session_hours": policy.SESSION_LIFE // (60 * MINUTE),
}


class Service(msgspec.Struct, frozen=True):
    """Whose service this is (R11.4): settings, with neutral placeholders."""

    bank_name: str
    service_name: str
    helpdesk_name: str
    helpdesk_phone: str
    helpdesk_opens: int  # hours of the Japanese day
    helpdesk_closes: int


class SignedIn(msgspec.Struct, frozen=True):
    """Who sees the page. `organization` is its name, None for staff: the bank's stands there then."""

    user_id: str
    name: str
    organization: str | None
    role: str
    must_change_password: bool


class ShownLine(msgspec.Struct, frozen=True):
    """The certificate the browser presented (R5.1); ID and last day are None where it is not one of ours."""

    user_id: str | None
    state: Literal["live", "expired", "not_yet_valid", "revoked", "superseded", "unknown"]
    last_day: date | None


class OwnCertificate(msgspec.Struct, frozen=True):
    """The session's certificate, for the home page. `days_left` is 0 on its last day; `serial` is hex."""

    serial: str
    last_day: date
    days_left: int
    renewable_from: date
    renewable: bool


class OwnAccount(msgspec.Struct, frozen=True):
    """`email` is None once erased, `password_changed_at` while the owner never changed it."""

    user_id: str
    role: str
    organization: str | None
    email: str | None
    password_changed_at: datetime | None


def in_japan(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone has no Japanese time")
    return at.astimezone(JST)


def japanese_date(of: date) -> date:
    return in_japan(of).date() if isinstance(of, datetime) else of


def day(of: date) -> str:
    """2026年11月26日"""
    shown = japanese_date(of)
    return f"{shown.year}年{month_and_day(shown)}"


def month_and_day(of: date) -> str:
    """11月26日"""
    shown = japanese_date(of)
    return f"{shown.month}月{shown.day}日"


def day_and_weekday(of: date) -> str:
    """2026年11月26日(木)"""
    return f"{day(of)}({WEEKDAYS[japanese_date(of).weekday()]})"


def short_day(of: date) -> str:
    """11月26日(木)"""
    return f"{month_and_day(of)}({WEEKDAYS[japanese_date(of).weekday()]})"


def hour(at: datetime) -> str:
    """14:32; no leading zero before ten o'clock."""
    shown = in_japan(at)
    return f"{shown.hour}:{shown.minute:02}"


def instant(at: datetime) -> str:
    """2026年11月26日(木) 14:32"""
    return f"{day_and_weekday(at)} {hour(at)}"


def days_before(of: date, days: int) -> date:
    return of - timedelta(days=days)


def serial_groups(serial: str) -> str:
    """5F3A 91C0 7E24 D8B6: a serial number as a person reads it aloud."""
    return " ".join(serial[start : start + 4] for start in range(0, len(serial), 4))


FILTERS = (day, month_and_day, day_and_weekday, short_day, hour, instant, days_before, serial_groups)


class Templates(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain copy, for ours never change: looking through the library's layers was a quarter of a page's time."""
        return {**self.globals, **(d or {})}


class Pages:
    def __init__(self, service: Service, demo: bool, mailbox: bool = False) -> None:
        """With `demo` each page says that it is the demo environment, and with `mailbox` where its mails are."""
        self.templates = Templates(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.templates.filters.update({shown.__name__: shown for shown in FILTERS})
        # The hash in the address lets browsers keep the stylesheet for ever and still see every change of it.
        version = sha256(STYLE.read_bytes()).hexdigest()[:12]
        self.templates.globals.update(
            service=service, demo=demo, mailbox=mailbox, limits=LIMITS, style_url=f"/static/style.css?v={version}"
        )

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        csrf_token: str,
        user: SignedIn | None = None,
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> HTMLResponse:
        """The page as an answer. Raises jinja2.UndefinedError where the template needs more than `context` has."""
        html = self.templates.get_template(template).render(
            context, status=int(status), csrf_token=csrf_token, user=user
        )
        return HTMLResponse(html, status, headers)
