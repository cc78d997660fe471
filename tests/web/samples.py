"""Every page in every state it can be in, with invented people: for the tests of the look and for screenshots."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from types import SimpleNamespace
from typing import Any, cast, get_args

import msgspec

from application.history import TOLD, Actor, HistoryPage, Told
from domain.fact import Fact
from tests.web.audit_samples import AUDIT_PAGES
from tests.web.bank_samples import BANK_PAGES
from tests.web.member_samples import MEMBER_PAGES
from tests.web.organization_samples import ORGANIZATION_PAGES
from web.languages import Language
from web.mailbox import KeptMail
from web.pages import OwnAccount, OwnCertificate, Pages, Service, ShownLine, SignedIn

SERVICE = Service(
    bank_name="サンプル労働金庫",
    service_name="証明書サービス",
    public_url="https://shomei.example.com",
    helpdesk_name="証明書サービス ヘルプデスク",
    helpdesk_phone="0120-000-000",
    helpdesk_opens=9,
    helpdesk_closes=18,
)
TOKEN = "form-token"
NOW = datetime(2026, 11, 26, 4, 47, tzinfo=UTC)  # 13:47 in Japan, a Thursday
LAST_DAY = date(2026, 12, 17)
MAIL_ID = "0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a04"
SERIAL = "5F3A91C07E24D8B60A4D2C79E61B83F5"

SATO = SignedIn("sato2001", "佐藤 由美", "さくら精機労働組合", "general", must_change_password=False)
NEW_SATO = msgspec.structs.replace(SATO, must_change_password=True)
SUZUKI = SignedIn("suzuki77", "鈴木 花子", "さくら精機労働組合", "master", must_change_password=False)
BANK = SignedIn("bank0001", "高橋 一郎", None, "bank_admin", must_change_password=False)

ISHII = SignedIn("ishii001", "石井 徹", None, "auditor", must_change_password=False)

HELD = ("locked", "blocked", "suspended", "closed")
FAULTS = ("missing", "full_width", "characters", "length", "not_mixed")
NEW_PASSWORD_FAULTS = (*FAULTS, "contains_user_id", "common", "unchanged")
CERTIFICATE_STATES = ("live", "expired", "not_yet_valid", "revoked", "superseded", "unknown")
SESSION_ENDS = (
    *("idle", "too_long", "replaced", "logged_out", "certificate", "revoked", "superseded", "expired"),
    *("blocked", "suspended", "closed", "reset"),
)
# Refusals that are more than their code: what their exception carries.
DETAILS = {
    "certificate_still_valid": SimpleNamespace(last_day=date(2027, 3, 4), renewable_from=date(2027, 2, 2)),
    "issuance_running": SimpleNamespace(until=NOW + timedelta(minutes=10)),
    "locked": SimpleNamespace(until=NOW + timedelta(minutes=42)),
    "session_ended": SimpleNamespace(reason="idle"),
}
REFUSALS = {
    "certificate_still_valid": 409,
    "certificate_not_shown": 409,
    "issuance_running": 409,
    "issuance_over": 409,
    "timed_out": 409,
    "only_at_command_line": 409,
    "ticket_missing": 409,
    "ticket_timed_out": 409,
    "other_tab": 409,
    "code_awaited": 409,
    "wrong_code": 401,
    "code_over": 409,
    "too_many_codes": 409,
    "package_waits": 409,
    "no_package": 409,
    "package_gone": 410,
    "no_session": 401,
    "token_refused": 401,
    "session_ended": 401,
    "not_permitted": 403,
    "change_due": 403,
    "not_found": 404,
    "not_there_yet": 404,
    "bad_form_token": 403,
    "too_large": 413,
    "method_not_allowed": 405,
    "too_many": 429,
    "busy": 503,
    "unavailable": 503,
    "unreadable": 500,
    "internal": 500,
    "invalid_request": 400,
    "invalid_input": 422,
    "unknown_user": 401,
    "unknown_organization": 401,
    "wrong_password": 401,
    "invitation_locked": 401,
    "invitation_blocked": 401,
    "invitation_closed": 401,
    "registration_missing": 409,
    "registration_timed_out": 409,
    "invitation_replaced": 409,
    "already_registered": 409,
    "expired": 409,
    "too_many_users": 409,
    "locked": 401,
    "blocked": 401,
    "suspended": 401,
    "closed": 401,
    "user_id_taken": 409,
    "organization_code_taken": 409,
    "master_exists": 409,
    "already_closed": 409,
    "not_closed": 409,
    "replay_too_long": 409,
    "nothing_to_release": 409,
    "nothing_to_revoke": 409,
    "not_given_up": 409,
    "approval_awaited": 409,
    "approval_over": 409,
    "approval_impossible": 409,
    "not_by_the_same_person": 409,
}


class Sample(msgspec.Struct, frozen=True):
    template: str
    context: dict[str, Any]
    user: SignedIn | None = None
    status: int = 200

    def html(self, pages: Pages, language: Language = "ja") -> str:
        answer = pages.render(
            self.template,
            status=self.status,
            csrf_token=TOKEN,
            user=self.user,
            language=language,
            switch=("en", "?lang=en") if language == "ja" else ("ja", "?lang=ja"),
            **self.context,
        )
        return bytes(answer.body).decode()


def shown(state: str, user_id: str = "sato2001") -> ShownLine:
    ours = state != "unknown"
    return msgspec.convert(
        {"user_id": user_id if ours else None, "state": state, "last_day": LAST_DAY if ours else None}, ShownLine
    )


def refusal(code: str, user: SignedIn | None = None, **details: object) -> Sample:
    context: dict[str, object] = {"code": code, "error": DETAILS.get(code)}
    if code == "too_many":
        context["retry_after"] = 12
    return Sample("refused.html", context | details, user, REFUSALS[code])


def home(days_left: int, user: SignedIn = SATO, **other: object) -> Sample:
    today = date(2026, 11, 26)
    last_day = today + timedelta(days=days_left)
    renewable_from = last_day - timedelta(days=30)
    context: dict[str, object] = {
        "certificate": OwnCertificate(SERIAL, last_day, days_left, renewable_from, today >= renewable_from),
        "last_login": datetime(2026, 11, 24, 0, 2, tzinfo=UTC),
        "failures_since": 0,
        "account": OwnAccount(
            user.user_id, user.role, user.organization, "y-sato@example.invalid", NOW - timedelta(days=239)
        ),
        "replaced": False,
    }
    return Sample("home.html", context | other, user)


def entrance_samples() -> Iterator[tuple[str, Sample]]:
    yield "entrance", Sample("entrance.html", {"certificate": None, "logged_out": False})
    yield "entrance-logged-out", Sample("entrance.html", {"certificate": shown("live"), "logged_out": True})
    for state in CERTIFICATE_STATES:
        yield f"entrance-{state}", Sample("entrance.html", {"certificate": shown(state), "logged_out": False})


def login_samples() -> Iterator[tuple[str, Sample]]:
    clean: dict[str, object] = {
        "user_id": "",
        "faults": {},
        "refused": None,
        "until": None,
        "minutes": None,
        "certificate": shown("live"),
    }
    yield "login", Sample("login.html", clean)
    for fault in FAULTS:
        faults = {"user_id": fault, "password": fault}
        yield f"login-{fault}", Sample("login.html", clean | {"user_id": "sato", "faults": faults}, status=422)
    for code in ("wrong_password", "unknown_user", *HELD):
        held = {"until": NOW + timedelta(minutes=42), "minutes": 42} if code == "locked" else {}
        yield f"login-{code}", Sample("login.html", clean | {"user_id": "sato2001", "refused": code} | held, status=401)
    for state in ("expired", "not_yet_valid", "revoked", "superseded", "unknown"):
        context: dict[str, object] = {"code": f"certificate_{state}", "certificate": shown(state)}
        yield f"login-certificate-{state}", Sample("certificate_refused.html", context, status=403)
    for name, certificate in (("none", None), ("of_another", shown("live", "suzuki77"))):
        context = {"code": f"certificate_{name}", "certificate": certificate}
        yield f"login-certificate-{name}", Sample("certificate_refused.html", context, status=403)


def issuance_samples() -> Iterator[tuple[str, Sample]]:
    clean: dict[str, object] = {"user_id": "", "faults": {}, "refused": False}
    yield "issuance", Sample("issuance.html", clean)
    yield "issuance-refused", Sample("issuance.html", clean | {"user_id": "sato2001", "refused": True}, status=401)
    for fault in FAULTS:
        yield (
            f"issuance-{fault}",
            Sample("issuance.html", clean | {"user_id": "sato", "faults": {"user_id": fault}}, status=422),
        )
    password_only = clean | {"user_id": "sato2001", "faults": {"password": "missing"}}
    yield "issuance-password-missing", Sample("issuance.html", password_only, status=422)

    ticket: dict[str, object] = {"ticket": "ticket-1"}
    certificate: dict[str, object] = {
        "user_id": "sato2001",
        "organization": "さくら精機労働組合",
        "first_day": date(2026, 11, 26),
        "last_day": date(2027, 11, 26),
        "until": NOW + timedelta(minutes=10),
    }
    waiting: dict[str, object] = {"ticket": "0" * 64, "faults": {}, "left": None, "until": NOW + timedelta(minutes=10)}
    yield "code", Sample("code.html", waiting)
    yield "code-wrong", Sample("code.html", waiting | {"left": 4}, status=401)
    yield "code-faults", Sample("code.html", waiting | {"faults": {"code": "full_width"}}, status=422)
    yield "confirm", Sample("confirm.html", ticket | certificate)
    yield "progress", Sample("progress.html", ticket | {"failure": None})
    for failure in ("failed", "timed_out", "ticket_timed_out", "issuance_over", *HELD):
        yield f"progress-{failure}", Sample("progress.html", ticket | {"failure": failure})
    package: dict[str, object] = {"serial": SERIAL, "file_name": "sato200120261126134912.p12"}
    yield "result", Sample("result.html", certificate | package | {"download": False})
    yield "result-download", Sample("result.html", certificate | package | {"download": True})
    yield "closed", Sample("closed.html", {})


def registration_samples() -> Iterator[tuple[str, Sample]]:
    clean: dict[str, object] = {"organization_code": "", "faults": {}, "refused": False}
    yield "registration", Sample("registration_login.html", clean)
    refused = clean | {"organization_code": "SAKURA01", "refused": True}
    yield "registration-refused", Sample("registration_login.html", refused, status=401)
    for fault in ("missing", "full_width", "malformed"):
        faults: dict[str, object] = {
            "organization_code": "SAK",
            "faults": {"organization_code": fault, "initial_password": "missing"},
        }
        yield f"registration-{fault}", Sample("registration_login.html", clean | faults, status=422)

    typed = {
        "name": "鈴木 花子",
        "email": "h-suzuki@example.invalid",
        "email_again": "h-suzuki@example.invalid",
        "user_id": "suzuki77",
    }
    profile: dict[str, object] = {"registration": "registration-1", "organization": "さくら精機労働組合"}
    empty = {"typed": dict.fromkeys(typed, ""), "faults": {}}
    yield "registration-profile", Sample("registration_profile.html", profile | empty)
    yield "registration-profile-back", Sample("registration_profile.html", profile | {"typed": typed, "faults": {}})
    for name, wrong in {
        "malformed": {"name": "malformed", "email": "malformed", "user_id": "not_mixed", "password": "length"},
        "differ": {"email_again": "emails_differ", "password_again": "passwords_differ"},
        "taken": {"user_id": "taken", "password": "initial_password"},
    }.items():
        answer = profile | {"typed": typed, "faults": wrong}
        yield f"registration-profile-{name}", Sample("registration_profile.html", answer, status=422)
    until = {"until": NOW + timedelta(minutes=30)}
    person = {name: typed[name] for name in ("name", "email", "user_id")}
    shown = profile | person | until | {"profile": "tag-1"}
    yield "registration-confirm", Sample("registration_confirm.html", shown)
    long = {"name": "あ" * 64, "email": "h-suzuki@" + "long-" * 20 + "name.example.invalid", "organization": "労" * 64}
    yield "registration-confirm-long", Sample("registration_confirm.html", shown | long)
    done: dict[str, object] = {"organization": "さくら精機労働組合", "user_id": "suzuki77"}
    yield "registration-done", Sample("registration_done.html", done)


def history_lines() -> Iterator[tuple[Fact, Actor]]:
    """One of each kind that a person is told of, and of each actor."""
    details: dict[str, object] = {
        "serial": SERIAL,
        "not_after": NOW,
        "until": NOW,
        "password_until": NOW,
        "was": "blocked",
        "reason": "lost",
    }
    actors: Iterator[Actor] = cycle(get_args(Actor))
    kinds: tuple[Callable[..., Fact], ...] = TOLD
    for kind in kinds:
        fields = msgspec.structs.fields(cast("type[Fact]", kind))
        filled = {field.name: details.get(field.name, "login" if field.type is str else None) for field in fields}
        yield kind(**filled | {"at": NOW, "by": "sato2001"}), next(actors)


def portal_samples() -> Iterator[tuple[str, Sample]]:
    for days_left in (0, 1, 21, 30, 31, 365):
        yield f"home-{days_left}", home(days_left)
    renewed = OwnCertificate(SERIAL, LAST_DAY, 21, date(2026, 11, 17), renewable=False)
    yield "home-renewed", home(21, certificate=renewed)
    yield "home-first-login", home(365, last_login=None, account=OwnAccount("sato2001", "master", "組合", None, None))
    yield "home-replaced", home(21, replaced=True, failures_since=2)
    yield "home-master", home(200, SUZUKI)
    yield "home-staff", home(200, BANK)

    clean: dict[str, object] = {"forced": False, "faults": {}, "refused": None, "until": None, "minutes": None}
    yield "password", Sample("password.html", clean, SATO)
    address: dict[str, object] = clean | {"email": "y-sato@example.invalid", "typed": {}}
    yield "email", Sample("email.html", address, SATO)
    typed = {"email": "y.sato@example.invalid", "email_again": "y-sato@example.invalid"}
    differs = address | {"typed": typed, "faults": {"email_again": "emails_differ"}}
    yield "email-faults", Sample("email.html", differs, SATO, 422)
    yield "email-wrong", Sample("email.html", address | {"typed": typed, "refused": "wrong_password"}, SATO, 401)
    lines = [Told(fact.at, "sato2001", actor, fact) for fact, actor in history_lines()]
    yield "history", Sample("history.html", {"of": "own", "page": HistoryPage(lines, 60)}, SATO)
    yield "history-none", Sample("history.html", {"of": "own", "page": HistoryPage([], None)}, SATO)
    yield (
        "history-organization",
        Sample("history.html", {"of": "organization", "page": HistoryPage(lines, None)}, SUZUKI),
    )
    yield "password-forced", Sample("password.html", clean | {"forced": True}, NEW_SATO)
    for fault in NEW_PASSWORD_FAULTS:
        faults: dict[str, object] = {"faults": {"password": fault}}
        yield f"password-{fault}", Sample("password.html", clean | faults, SATO, 422)
    differ: dict[str, object] = {"faults": {"password_again": "passwords_differ"}, "forced": True}
    yield "password-passwords_differ", Sample("password.html", clean | differ, NEW_SATO, 422)
    for code in ("wrong_password", *HELD):
        held = {"until": NOW + timedelta(minutes=42), "minutes": 42} if code == "locked" else {}
        yield f"password-{code}", Sample("password.html", clean | {"refused": code} | held, SATO, 401)


def mailbox_samples() -> Iterator[tuple[str, Sample]]:
    mail = KeptMail(
        mail_id=MAIL_ID,
        at=NOW,
        recipient="y-sato@" + "long-" * 20 + "name.example.invalid",
        subject="【証明書サービス】電子証明書の更新のお願い(2026年12月23日まで)",
        body="佐藤 由美 様\n\n"
        + "電子証明書を更新してください。" * 8
        + "\n\nhttps://"
        + "long-" * 30
        + "name.example.invalid\n",
    )
    yield "mailbox", Sample("mailbox.html", {"mails": [mail, mail], "most": 200})
    yield "mailbox-empty", Sample("mailbox.html", {"mails": [], "most": 200})
    yield "mail", Sample("mail.html", {"mail": mail})


def help_samples() -> Iterator[tuple[str, Sample]]:
    for name in ("", "_issue", "_trouble", "_edge", "_ie_mode", "_import", "_popup"):
        yield f"help{name}", Sample(f"help{name}.html", {})
    for is_open in (True, False):
        context: dict[str, object] = {"is_open": is_open, "next_opening": datetime(2026, 11, 30, tzinfo=UTC)}
        yield f"help_contact-{'open' if is_open else 'closed'}", Sample("help_contact.html", context)
    good = {"browser": "edge", "windows": "windows_10_or_11", "tls": "tls_1_3", "cookie": "kept"}
    worse = {"browser": "other", "windows": "older_windows", "tls": "older_tls", "cookie": "unseen"}
    checked: dict[str, object] = {"script": "/static/check.js"}
    yield "help_check", Sample("help_check.html", checked | good | {"certificate": shown("live")})
    for held in (None, *CERTIFICATE_STATES[1:]):
        certificate = shown(held) if held else None
        yield f"help_check-{held}", Sample("help_check.html", checked | worse | {"certificate": certificate})


def refusal_samples() -> Iterator[tuple[str, Sample]]:
    for code in REFUSALS:
        yield f"refused-{code}", refusal(code)
    for reason in SESSION_ENDS:
        yield f"refused-session-{reason}", refusal("session_ended", error=SimpleNamespace(reason=reason))
    yield "refused-signed-in", refusal("not_permitted", SATO)
    yield "refused-must-change", refusal("not_permitted", NEW_SATO)


SAMPLES: dict[str, Sample] = {
    **dict(entrance_samples()),
    **dict(login_samples()),
    **dict(issuance_samples()),
    **dict(registration_samples()),
    **dict(portal_samples()),
    **dict(mailbox_samples()),
    **dict(help_samples()),
    **dict(refusal_samples()),
    **{
        name: Sample(template, context, BANK, status)
        for name, (template, context, status) in (BANK_PAGES | ORGANIZATION_PAGES).items()
    },
    **{name: Sample(template, context, ISHII, status) for name, (template, context, status) in AUDIT_PAGES.items()},
    **{name: Sample(template, context, SUZUKI, status) for name, (template, context, status) in MEMBER_PAGES.items()},
}
