"""The master's pages in every state they can be in, as template, context and status; the data are invented."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from application.ports import Contact
from domain.lockout import Lockout
from domain.user_account import UserAccount
from projections.answers import CertificateRow
from tests.web.bank_samples import (
    ACCOUNT_STATES,
    CERTIFICATE_STATES,
    CLEAN,
    DAY,
    LOCKED,
    LONGEST,
    NOW,
    Page,
    certificate,
)
from web.member import Member, acts_on, member

ACTS = ("release", "suspend", "resume", "reset", "close")
PERSON = Contact("山田 太郎", "t-yamada@example.invalid")
LONG = Contact(LONGEST, "y-" + "long-" * 20 + "@name.example.invalid")
LOCKED_UNTIL = NOW + timedelta(minutes=45)
LOCKOUTS = {
    "locked": Lockout(failures=6, locks=1, locked_until=LOCKED_UNTIL),
    "blocked": Lockout(failures=6, locks=3, locked_until=LOCKED_UNTIL, blocked=True),
}


def account(state: str = "open", **other: Any) -> UserAccount:
    known: dict[str, Any] = {
        "user_id": "yamada15",
        "role": "general",
        "organization": "SAKURA02",
        "person": 1,
        "credential": 2,
        "password_until": None,
        "password_changed_at": NOW - 200 * DAY,
        "lockout": LOCKOUTS.get(state, Lockout()),
        "suspended": state == "suspended",
        "closed": state == "closed",
    }
    return UserAccount(**known | other)


def row(state: str = "open", issued: CertificateRow | None = None, person: Contact | None = PERSON) -> Member:
    return member("yamada15", person, state, LOCKED_UNTIL if state == "locked" else None, issued, NOW)


def one(found: UserAccount, shown: Member, **other: Any) -> dict[str, Any]:
    return CLEAN | {"account": found, "row": shown, "acts": acts_on(found, NOW), "now": NOW} | other


def list_samples() -> Iterator[tuple[str, Page]]:
    rows = [row(state, certificate("live")) for state in ACCOUNT_STATES if state != "closed"]
    rows += [row("open", certificate(state)) for state in CERTIFICATE_STATES]
    rows += [row(), row("locked"), row(person=None), row("blocked", certificate("expiring"), LONG)]
    yield "users", ("members.html", {"rows": rows, "taken": len(rows), "most": 19}, 200)
    yield "users-none", ("members.html", {"rows": [], "taken": 0, "most": 19}, 200)
    yield "users-full", ("members.html", {"rows": rows, "taken": 19, "most": 19}, 200)


def registration_samples() -> Iterator[tuple[str, Page]]:
    form = CLEAN | {"full": False, "most": 19}
    faults = {"user_id": "full_width", "name": "malformed", "email": "malformed", "own_password": "missing"}
    typed = {"user_id": "yamada15", "name": LONGEST, "email": "a@example.com"}
    yield "users-new", ("members_new.html", form, 200)
    yield "users-new-faults", ("members_new.html", form | {"faults": faults}, 422)
    yield "users-new-wrong", ("members_new.html", form | {"refused": "wrong_password", "typed": typed}, 401)
    yield "users-new-own-lock", ("members_new.html", form | LOCKED, 401)
    yield "users-new-taken", ("members_new.html", form | {"refused": "user_id_taken", "typed": typed}, 409)
    yield "users-new-full", ("members_new.html", form | {"full": True}, 200)
    late = form | {"full": True, "refused": "too_many_users", "typed": typed}
    yield "users-new-late", ("members_new.html", late, 409)
    told = {"user_id": "yamada15", "password": "Kj3mWq7xTb9z", "until": NOW + 14 * DAY, "days": 14}
    yield "users-registered", ("members_password.html", told | {"person": LONG, "is_new": True}, 200)
    yield "users-reset", ("members_password.html", told | {"person": None, "is_new": False}, 200)


def one_samples() -> Iterator[tuple[str, Page]]:
    page = "members_one.html"
    for state in ACCOUNT_STATES:
        issued = certificate("revoked" if state == "closed" else "expiring")
        yield f"user-{state}", (page, one(account(state), row(state, issued)), 200)
    waiting, over = (account(password_until=NOW + days, password_changed_at=None) for days in (3 * DAY, -DAY))
    yield "user-not-issued", (page, one(waiting, row()), 200)
    yield "user-password-over", (page, one(over, row()), 200)
    yield "user-first-own-password", (page, one(account(password_changed_at=None), row(person=LONG)), 200)
    both = account("locked", suspended=True)
    yield "user-suspended-and-locked", (page, one(both, row("suspended", certificate("revoked"), None)), 200)
    faults = {"name": "malformed", "email": "malformed", "own_password": "length"}
    typed = {"name": "", "email": "yamada"}
    yield "user-faults", (page, one(account(), row(), faults=faults, typed=typed), 422)
    yield "user-wrong", (page, one(account(), row(), refused="wrong_password", typed=typed), 401)
    yield "user-own-lock", (page, one(account(), row()) | LOCKED, 401)
    yield "user-late", (page, one(account("closed"), row("closed"), refused="already_closed"), 409)


def act_samples() -> Iterator[tuple[str, Page]]:
    page = "members_act.html"
    for act in ACTS:
        for state in ACCOUNT_STATES:
            shown = one(account(state), row(state, certificate("live")), act=act)
            yield f"user-{act}-{state}", (page, shown, 200)
        asked = one(account("blocked", suspended=act == "resume"), row("blocked", person=LONG), act=act)
        yield f"user-{act}-wrong", (page, asked | {"refused": "wrong_password"}, 401)
        yield f"user-{act}-own-lock", (page, asked | LOCKED, 401)
        yield f"user-{act}-missing", (page, asked | {"faults": {"own_password": "missing"}}, 422)
        yield f"user-{act}-late", (page, one(account("closed"), row("closed"), act=act, refused="already_closed"), 409)
    late = one(account(), row(), act="release", refused="nothing_to_release")
    yield "user-release-nothing", (page, late, 409)


MEMBER_PAGES: dict[str, Page] = {
    **dict(list_samples()),
    **dict(registration_samples()),
    **dict(one_samples()),
    **dict(act_samples()),
}
