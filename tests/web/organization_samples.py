"""An organization's pages in every state they can be in, as template, context and status; the data are invented."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from application.ports import Contact
from domain.lockout import Lockout
from domain.organization import Organization
from projections.answers import OrganizationRow
from tests.web.bank_samples import (
    ACCOUNT_STATES,
    CLEAN,
    DAY,
    LOCKED,
    LONGEST,
    NAMES,
    NOW,
    Page,
    account,
    certificate,
    listed,
)
from web.bank_organization import acts_on, invitation

HELD = {
    "locked": Lockout(failures=6, locks=1, locked_until=NOW + timedelta(minutes=42)),
    "blocked": Lockout(failures=6, locks=3, blocked=True),
}


def organization(code: str, master: str | None, closed_at: datetime | None = None) -> OrganizationRow:
    return OrganizationRow(
        code=code,
        name=NAMES[code],
        p12_profile="modern",
        issuance_code="off",
        language="ja",
        master=master,
        general_users=19,
        registered_at=NOW - 200 * DAY,
        closed_at=closed_at,
    )


def home(code: str, master: str | None = None, **other: Any) -> dict[str, Any]:
    """What web.bank_organization.told gives."""
    found = Organization(
        code=code,
        name=NAMES[code],
        credential=1,
        password_until=NOW + 71 * DAY,
        master=master,
        general_users=tuple(f"user00{number:02}" for number in range(19)),
    )
    found = msgspec.structs.replace(found, **other)
    contact = Contact(NAMES[code], f"{'keiri-' * 10}@example.com")
    return {"home": found, "contact": contact, "invitation": invitation(found, NOW), "acts": acts_on(found, NOW)}


def organization_samples() -> Iterator[tuple[str, Page]]:
    path = "/bank/organizations"
    rows = [
        organization("SAKURA02", "yamada15"),
        organization("LONGEST064", None),
        organization("CLOSED03", "yamada15", NOW - DAY),
    ]
    yield "bank-organizations", ("bank_organizations.html", listed(path, rows, {}), 200)
    yield "bank-organizations-new", ("bank_organizations.html", listed(path, [], {}), 200)
    yield "bank-organizations-none", ("bank_organizations.html", listed(path, [], {"code": "NONE"}), 200)

    faults = {"code": "full_width", "name": "malformed", "email": "malformed", "own_password": "missing"}
    typed = {"code": "SAKURA02", "name": LONGEST, "email": "a@example.com"}
    yield "bank-organization-form", ("bank_organization_new.html", CLEAN, 200)
    yield "bank-organization-form-faults", ("bank_organization_new.html", CLEAN | {"faults": faults}, 422)
    taken = CLEAN | {"refused": "organization_code_taken", "typed": typed}
    yield "bank-organization-form-taken", ("bank_organization_new.html", taken, 409)
    for name, is_new in (("registered", True), ("initialized", False)):
        letter = {"home": home("LONGEST064")["home"], "password": "Kj3mWq7xTb9z", "is_new": is_new}
        yield f"bank-organization-{name}", ("bank_letter.html", letter, 200)

    users = {"users": [account(state) for state in ACCOUNT_STATES], "all_shown": False}
    certificates = {"certificates": {"yamada15": certificate("expiring")}}
    full = CLEAN | {"row": rows[0]} | home("SAKURA02", "yamada15") | users | certificates
    none: dict[str, Any] = {"users": [], "all_shown": True, "certificates": {}}
    empty = CLEAN | {"row": rows[1]} | home("LONGEST064") | none
    yield "bank-organization", ("bank_organization.html", full, 200)
    yield "bank-organization-empty", ("bank_organization.html", empty, 200)
    off = {"faults": {"p12_profile": "missing"}, "typed": {"issuance_code": "on", "language": "en"}}
    yield "bank-organization-faults", ("bank_organization.html", full | off, 422)
    yield "bank-organization-wrong", ("bank_organization.html", full | {"refused": "wrong_password"}, 401)
    expired, closed = home("LONGEST064", password_until=NOW - DAY), home("CLOSED03", "yamada15", closed=True)
    yield "bank-organization-expired", ("bank_organization.html", empty | expired, 200)
    for held, lockout in HELD.items():
        kept = home("SAKURA02", lockout=lockout)
        yield f"bank-organization-{held}", ("bank_organization.html", full | kept, 200)
        yield f"bank-organization-release-{held}", act_on(kept, "release")
    erased = {"row": rows[2], "contact": None}
    yield "bank-organization-closed", ("bank_organization.html", full | closed | erased, 200)
    yield "bank-organization-closed-now", ("bank_organization.html", full | closed | {"row": rows[0]}, 200)
    late = full | closed | {"refused": "already_closed"}
    yield "bank-organization-closed-late", ("bank_organization.html", late, 409)


def act_on(found: dict[str, Any], act: str, status: int = 200, **more: Any) -> Page:
    context = CLEAN | found | {"act": act, "needs_approval": False} | more
    return "bank_organization_act.html", context, status


def organization_act_samples() -> Iterator[tuple[str, Page]]:
    used, waiting = home("SAKURA02", "yamada15"), home("LONGEST064")
    closed = home("CLOSED03", "yamada15", closed=True)
    for act in ("initialize", "close"):
        yield f"bank-organization-{act}", act_on(used, act)
        yield f"bank-organization-{act}-waiting", act_on(waiting, act)
        yield f"bank-organization-{act}-wrong", act_on(used, act, 401, refused="wrong_password")
        yield f"bank-organization-{act}-missing", act_on(used, act, 422, faults={"own_password": "missing"})
    for act in ("initialize", "release", "close"):
        yield f"bank-organization-{act}-late", act_on(closed, act, 409, refused="already_closed")
    yield "bank-organization-initialize-asked", act_on(used, "initialize", needs_approval=True)
    yield (
        "bank-organization-initialize-awaited",
        act_on(used, "initialize", 409, needs_approval=True, refused="approval_awaited"),
    )
    yield "bank-organization-release-none", act_on(waiting, "release")
    yield "bank-organization-release-nothing", act_on(waiting, "release", 409, refused="nothing_to_release")
    yield (
        "bank-organization-release-own-lock",
        act_on(home("SAKURA02", lockout=HELD["locked"]), "release", 401, **LOCKED),
    )


ORGANIZATION_PAGES: dict[str, Page] = {**dict(organization_samples()), **dict(organization_act_samples())}
