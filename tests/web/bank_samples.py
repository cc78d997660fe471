"""The bank's pages in every state they can be in, as template, context and status; the data are invented."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from application.ports import Contact, Requester
from application.revocation import Ending
from domain.certificate import CertificateRevoked, Reason
from domain.validity import Validity
from projections.answers import (
    AccountRow,
    AccountState,
    ApprovalRow,
    ApprovalState,
    CertificateRow,
    CertificateState,
    EndingDay,
    MailRow,
    MailState,
    UserRow,
)
from web.bank import Count
from web.chart import DESK, PHONE, chart, every_day
from web.lists import address

Page = tuple[str, dict[str, Any], int]

NOW = datetime(2026, 11, 26, 4, 47, tzinfo=UTC)  # 13:47 in Japan, a Thursday
DAY = timedelta(days=1)
LONGEST = "さくら精機" * 12 + "連合会"  # nearly the 64 characters that a name may have
NAMES = {"SAKURA02": "さくら精機労働組合", "LONGEST064": LONGEST, "CLOSED03": "見本商事株式会社"}
SERIAL = "5F3A91C07E24D8B60A4D2C79E61B83F5"
MAIL = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a04")
ACCOUNT_STATES: tuple[AccountState, ...] = ("open", "locked", "blocked", "suspended", "closed")
CERTIFICATE_STATES: tuple[CertificateState, ...] = ("live", "expiring", "expired", "revoked", "superseded")
APPROVAL_STATES: tuple[ApprovalState, ...] = ("open", "given", "declined", "impossible")
MAIL_STATES: tuple[MailState, ...] = ("waiting", "sent", "given_up", "cancelled")
CLEAN: dict[str, Any] = {"typed": {}, "faults": {}, "refused": None, "until": None, "minutes": None}
LOCKED = {"refused": "locked", "until": NOW + timedelta(minutes=42), "minutes": 42}


def account(state: AccountState, organization: str | None = "SAKURA02") -> AccountRow:
    held = state in ("locked", "blocked")
    return AccountRow(
        user_id="yamada15" if organization else "bank0001",
        organization=organization,
        role="general" if organization else "bank_admin",
        state=state,
        failures=6 if held else 2,
        locks={"locked": 1, "blocked": 3}.get(state, 0),
        locked_until=NOW + timedelta(minutes=45) if state == "locked" else None,
    )


def certificate(state: CertificateState, reason: Reason | None = None, *, issued: bool = True) -> CertificateRow:
    ended = {"revoked": "lost", "superseded": "superseded"}.get(state)
    validity = Validity.from_issue(NOW - 345 * DAY)
    return CertificateRow(
        serial=SERIAL,
        user_id="yamada15",
        organization="LONGEST064",
        not_before=validity.not_before if issued else None,
        not_after=validity.not_after if issued else None,
        last_day=validity.last_day if issued else None,
        state=state,
        revoked_at=NOW if ended else None,
        reason=reason or ended,  # type: ignore[arg-type]  # a word of the table above is a Reason
        first_used_at=NOW - 300 * DAY if state == "live" else None,
    )


def ending_of(row: CertificateRow) -> Ending | None:
    if row.revoked_at is None or row.reason is None:
        return None
    asked = row.state == "revoked"
    fact = CertificateRevoked(
        at=row.revoked_at,
        by="bank0001",
        serial=row.serial,
        reason=row.reason,
        request=7 if asked else None,
        commitment="c0" * 32 if asked else None,
        paper_number="2026-0001" if asked else None,
    )
    return Ending(fact, Requester(LONGEST) if asked else None)


def mail(state: MailState) -> MailRow:
    return MailRow(
        notification=MAIL,
        kind="expiring",
        user_id="yamada15",
        requested_at=NOW - DAY,
        state=state,
        ended_at=None if state == "waiting" else NOW,
        attempts={"sent": 1, "given_up": 40}.get(state),
        reason={"given_up": "unreachable", "cancelled": "renewed"}.get(state),
        message_id="1@example.com" if state == "sent" else None,
    )


def listed(path: str, rows: list[Any], asked: dict[str, str], **more: Any) -> dict[str, Any]:
    link = partial(address, path, asked)
    return {"rows": rows, "following": None, "begun": False, "asked": asked, "link": link} | more


def overview(found: list[EndingDay], held: list[AccountRow], **other: Any) -> Page:
    days = every_day(found, date(2026, 11, 26), 30)
    context: dict[str, Any] = {
        "now": NOW,
        "blocked": Count(2),
        "locked": Count(500, more=True),
        "unused": Count(4),
        "given_up": Count(1),
        "approvals": Count(1),
        "waiting": Count(2),
        "waiting_since": NOW - timedelta(minutes=30),
        "root_list": NOW + 120 * DAY,
        "root_list_made": NOW - 60 * DAY,
        "root_list_age": 60,
        "root_list_due": False,
        "rows": held,
        "all_shown": True,
        "names": NAMES,
        "days": days,
        "charts": [chart(days, DESK), chart(days, PHONE)],
        "within": 30,
    }
    return "bank.html", context | other, 200


def overview_samples() -> Iterator[tuple[str, Page]]:
    busy = [EndingDay(date(2026, 12, day), day % 4, day * 7 % 13) for day in range(1, 27)]
    held = [account("blocked", "LONGEST064"), account("locked"), account("locked", None)]
    term = {"root_list": NOW + DAY, "root_list_made": NOW - 179 * DAY, "root_list_age": 179}
    due = {**term, "root_list_due": True, "all_shown": False}
    none = {"approvals": Count(0), "root_list": None, "root_list_due": True, "waiting": Count(0), "waiting_since": None}
    yield "bank", overview(busy, held)
    yield "bank-much", overview([EndingDay(date(2026, 12, 1), 1200, 23456)], held, **due)
    yield "bank-quiet", overview([], [], **none)


def account_samples() -> Iterator[tuple[str, Page]]:
    path = "/bank/accounts"
    rows = [account(state) for state in ACCOUNT_STATES] + [account("open", None)]
    asked = {"state": "locked", "organization": "SAKURA02"}
    yield "bank-accounts", ("bank_accounts.html", listed(path, rows, {}, names=NAMES), 200)
    for sort in ("-user_id", "organization", "locked_until"):
        yield f"bank-accounts-by-{sort}", ("bank_accounts.html", listed(path, rows, {"sort": sort}, names=NAMES), 200)
    yield "bank-accounts-none", ("bank_accounts.html", listed(path, [], asked, names={}), 200)
    further = {"following": "Im5leHQi", "begun": True}
    yield "bank-accounts-further", ("bank_accounts.html", listed(path, rows, asked, names=NAMES) | further, 200)
    for state in ACCOUNT_STATES:
        row = account(state, "LONGEST064")
        registered = UserRow(
            user_id=row.user_id,
            organization=row.organization,
            role=row.role,
            registered_at=NOW - 300 * DAY,
            closed_at=NOW if state == "closed" else None,
        )
        context = {
            "row": row,
            "names": NAMES,
            "registered": registered,
            "person": Contact("見本 太郎", "taro@example.com") if state != "closed" else None,
            "certificates": [certificate(each) for each in CERTIFICATE_STATES],
            "mails": [mail(each) for each in MAIL_STATES],
        }
        yield f"bank-account-{state}", ("bank_account.html", context, 200)
        release = CLEAN | {"row": row, "names": NAMES}
        yield f"bank-release-{state}", ("bank_release.html", release, 200)
    bare = {"row": account("open"), "names": {}, "registered": None, "person": None, "certificates": [], "mails": []}
    yield "bank-account-new", ("bank_account.html", bare, 200)
    asked_act = CLEAN | {"row": account("blocked"), "names": NAMES}
    yield "bank-release-wrong", ("bank_release.html", asked_act | {"refused": "wrong_password"}, 401)
    yield "bank-release-own-lock", ("bank_release.html", asked_act | LOCKED, 401)
    yield "bank-release-missing", ("bank_release.html", asked_act | {"faults": {"own_password": "missing"}}, 422)
    late = CLEAN | {"row": account("open"), "names": NAMES, "refused": "nothing_to_release"}
    yield "bank-release-late", ("bank_release.html", late, 409)


def certificate_samples() -> Iterator[tuple[str, Page]]:
    path = "/bank/certificates"
    rows = [*map(certificate, CERTIFICATE_STATES), certificate("revoked", issued=False)]
    names = {"names": NAMES}
    yield "bank-certificates", ("bank_certificates.html", listed(path, rows, {}, **names), 200)
    by_start = listed(path, rows, {"state": "live", "sort": "-not_before"}, **names)
    yield "bank-certificates-by-start", ("bank_certificates.html", by_start, 200)
    asked = {"state": "expiring", "within": "60"}
    yield "bank-certificates-none", ("bank_certificates.html", listed(path, [], asked, **names), 200)
    for state in CERTIFICATE_STATES:
        row = certificate(state)
        detail = {"row": row, "ending": ending_of(row), "issued_at": NOW - 345 * DAY, **names}
        yield f"bank-certificate-{state}", ("bank_certificate.html", detail, 200)
        act = CLEAN | {"row": row, "others": [], "needs_approval": False, **names}
        yield f"bank-revoke-{state}", ("bank_revoke.html", act, 200)
    row = certificate("revoked")
    ending = ending_of(row)
    erased = {"row": row, "ending": ending and Ending(ending.fact, None), "issued_at": NOW, **names}
    yield "bank-certificate-erased", ("bank_certificate.html", erased, 200)
    planned = {"row": certificate("revoked", issued=False), "ending": None, "issued_at": None, **names}
    yield "bank-certificate-planned", ("bank_certificate.html", planned, 200)
    act = CLEAN | {"row": certificate("expiring"), "others": [certificate("live")], "needs_approval": True, **names}
    faults = {"reason": "missing", "requested_by": "malformed", "paper_number": "malformed", "own_password": "length"}
    typed = {"requested_by": "団体の担当者", "paper_number": "2026-0001", "reason": "lost"}
    yield "bank-revoke-faults", ("bank_revoke.html", act | {"faults": faults}, 422)
    yield "bank-revoke-wrong", ("bank_revoke.html", act | {"refused": "wrong_password", "typed": typed}, 401)
    yield "bank-revoke-late", ("bank_revoke.html", act | {"refused": "nothing_to_revoke", "typed": typed}, 409)


def mail_samples() -> Iterator[tuple[str, Page]]:
    rows = [mail(state) for state in MAIL_STATES]
    yield "bank-mails", ("bank_mails.html", listed("/bank/mails", rows, {}), 200)
    yield "bank-mails-none", ("bank_mails.html", listed("/bank/mails", [], {"state": "given_up"}), 200)


def initialization(state: ApprovalState, master: str, asked_by: str = "bank0002") -> ApprovalRow:
    asked = {"act": "initialize", "target": "LONGEST064", "user_id": master, "reason": "closed", "paper_number": None}
    return msgspec.structs.replace(approval(state, asked_by), **asked)


def approval(state: ApprovalState, asked_by: str = "bank0002") -> ApprovalRow:
    return ApprovalRow(
        approval=MAIL,
        act="revoke",
        target=SERIAL,
        user_id="yamada15",
        reason="lost",
        paper_number="2026-0001",
        asked_by=asked_by,
        asked_at=NOW - DAY,
        state=state,
        decided_by=None if state == "open" else "bank0003",
        decided_at=None if state == "open" else NOW,
    )


def approval_samples() -> Iterator[tuple[str, Page]]:
    told: dict[str, Any] = {"are_needed": True, "requesters": {MAIL: LONGEST}, "names": NAMES}
    # Each row of the list is another request: of one, whose links are read aloud alike, there is never more.
    for state in APPROVAL_STATES:
        yield f"bank-approvals-{state}", ("bank_approvals.html", approvals([approval(state)]) | told, 200)
    both = [initialization("open", "yamada15"), initialization("given", "")]
    yield "bank-approvals-initialize", ("bank_approvals.html", approvals(both) | told | {"requesters": {}}, 200)
    erased = told | {"requesters": {MAIL: None}}
    yield "bank-approvals-erased", ("bank_approvals.html", approvals([approval("open")]) | erased, 200)
    yield "bank-approvals-own", ("bank_approvals.html", approvals([approval("open", "bank0001")]) | told, 200)
    yield "bank-approvals-none", ("bank_approvals.html", approvals([]) | told | {"are_needed": False}, 200)
    none = listed("/bank/approvals", [], {"state": "declined"})
    yield "bank-approvals-none-such", ("bank_approvals.html", none | told, 200)
    for act in ("approve", "refuse"):
        page = CLEAN | {"act": act, "requesters": {MAIL: LONGEST}, "names": NAMES}
        for state in APPROVAL_STATES:
            yield f"bank-{act}-{state}", ("bank_approval.html", page | {"row": approval(state)}, 200)
        erased = page | {"row": approval("open"), "requesters": {MAIL: None}}
        yield f"bank-{act}-erased", ("bank_approval.html", erased, 200)
        own = page | {"row": approval("open", "bank0001"), "requesters": {}}
        yield f"bank-{act}-own", ("bank_approval.html", own, 200)
        wrong = page | {"row": approval("open"), "refused": "wrong_password"}
        yield f"bank-{act}-wrong", ("bank_approval.html", wrong, 401)
        late = page | {"row": approval("declined"), "refused": "approval_over"}
        yield f"bank-{act}-late", ("bank_approval.html", late, 409)
        page = CLEAN | {"act": act, "requesters": {}, "names": NAMES}
        for state in APPROVAL_STATES:
            row = initialization(state, "yamada15")
            yield f"bank-{act}-initialize-{state}", ("bank_approval.html", page | {"row": row}, 200)
        for name, row in (
            ("waiting", initialization("open", "")),
            ("own", initialization("open", "yamada15", "bank0001")),
        ):
            yield f"bank-{act}-initialize-{name}", ("bank_approval.html", page | {"row": row}, 200)


def approvals(rows: list[ApprovalRow]) -> dict[str, Any]:
    return listed("/bank/approvals", rows, {})


BANK_PAGES: dict[str, Page] = {
    **dict(overview_samples()),
    **dict(account_samples()),
    **dict(certificate_samples()),
    **dict(mail_samples()),
    **dict(approval_samples()),
}
