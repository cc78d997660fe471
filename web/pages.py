"""Pages: a template and what it shows, made into an answer. All text for people is in `templates/`, in Japanese; its
English is in `locales/`.

The templates keep to a strict content security policy (nothing inline; scripts are those of `static/`) and to what the
IE 11 engine of Edge's IE mode can show (R5.5). Days and hours are those of Japan.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from domain import policy
from web import dates, english
from web.languages import LANGUAGES, Language, texts

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STYLE = HERE / "static" / "style.css"
KEYBOARD = HERE / "static" / "keyboard.js"
ONCE = HERE / "static" / "once.js"
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
    public_url: str  # as a person types it, without a slash at its end
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


def serial_groups(serial: str) -> str:
    """5F3A 91C0 7E24 D8B6: a serial number as a person reads it aloud."""
    return " ".join(serial[start : start + 4] for start in range(0, len(serial), 4))


FILTERS: dict[Language, Sequence[Callable[..., object]]] = {
    "ja": (*dates.FILTERS, serial_groups),
    "en": (*dates.FILTERS, serial_groups, *english.FILTERS),
}


def address(file: Path) -> str:
    """Of a static file; the hash in it lets browsers keep the file for ever and still see every change of it."""
    return f"/static/{file.name}?v={sha256(file.read_bytes()).hexdigest()[:12]}"


class Templates(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain copy, for ours never change: looking through the library's layers was a quarter of a page's time."""
        return {**self.globals, **(d or {})}


def templates(language: Language) -> Templates:
    """All templates with their texts and dates in that language."""
    made = Templates(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(texts(language), newstyle=True)  # type: ignore[attr-defined]  # the extension's
    made.filters.update({shown.__name__: shown for shown in FILTERS[language]})
    made.globals["language"] = language
    return made


class Pages:
    def __init__(self, service: Service, demo: bool, mailbox: bool = False) -> None:
        """With `demo` each page says that it is the demo environment, and with `mailbox` where its mails are."""
        self.service = service
        self.templates = {language: templates(language) for language in LANGUAGES}
        addresses = {"style_url": address(STYLE), "keyboard_url": address(KEYBOARD), "once_url": address(ONCE)}
        for each in self.templates.values():
            each.globals.update(service=service, demo=demo, mailbox=mailbox, limits=LIMITS, **addresses)

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        csrf_token: str,
        user: SignedIn | None = None,
        headers: Mapping[str, str] | None = None,
        language: Language = "ja",
        switch: tuple[Language, str] | None = None,
        **context: object,
    ) -> HTMLResponse:
        """The page as an answer; `switch` is the other language and the page's address in it.

        Raises jinja2.UndefinedError where the template needs more than `context` has.
        """
        html = (
            self.templates[language]
            .get_template(template)
            .render(context, status=int(status), csrf_token=csrf_token, user=user, switch=switch)
        )
        return HTMLResponse(html, status, headers)
