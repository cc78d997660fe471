"""The auditors' pages in every state they can be in, as template, context and status; the data are invented."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import structs

from application.ports import Contact
from application.replay import AccountAsOf, CertificateAsOf, RecordedPerson
from domain.fact import Fact
from projections.answers import EventRow, HeadRow, PastTable, PastView
from tests.support.accounts import domain_facts
from tests.web.bank_samples import ACCOUNT_STATES, DAY, LONGEST, NAMES, NOW, SERIAL, Page
from web.audit_timelines import Timeline
from web.auditing import Proof, lines
from web.lists import address

STORED = json.loads((Path(import_module("tests").__path__[0]) / "domain" / "stored_facts.json").read_text())
STREAM = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a01")
PERSON = Contact("山田 太郎", "t-yamada@example.invalid")
LONG = Contact(LONGEST, "y-" + "long-" * 20 + "@name.example.invalid")
NOTE = "shomei.bank.example.jp/log\n48240\n" + "Zm9v" * 11 + "\n\n— shomei.bank.example.jp/log " + "YmFy" * 24 + "\n"
AS_OF = NOW - timedelta(minutes=7)
VIEWS = ["lock_status", "certificate_register", "people", "audit_log", "log_tree"]


def event(kind: type[Fact], place: int, **changes: Any) -> EventRow:
    stored = dict(STORED[kind.TOPIC])
    told: dict[str, Any] = {
        "position": 48_240 - place,
        "at": NOW - timedelta(hours=7 * place),
        "kind": kind.__name__,
        "stream": STREAM,
        "version": 2,
        "actor": stored.pop("by"),
        "subjects": ["yamada15", SERIAL],
        "topic": kind.TOPIC,
        "details": {name: value for name, value in stored.items() if name != "at"},
        "intact": True,
    }
    return EventRow(**told | changes)


EVERY = [event(kind, place) for place, kind in enumerate(domain_facts())]
GONE = event(domain_facts()[0], 3, topic=None, details=None, intact=False)
UNREADABLE = event(domain_facts()[0], 4, details=None, intact=None, subjects=[])
HEAD = HeadRow(size=48_240, root="ab" * 32, at=NOW - timedelta(minutes=3), note=NOTE, agrees=True)
BROKEN = HeadRow(size=47_000, root="cd" * 32, at=NOW - DAY, note=NOTE, agrees=False)


def certificate(state: str = "live", **changes: Any) -> CertificateAsOf:
    has_ended = state in ("revoked", "superseded")
    told: dict[str, Any] = {
        "as_of": AS_OF,
        "serial": SERIAL,
        "user_id": "yamada15",
        "number": 1,
        "state": state,
        "planned_at": NOW - 100 * DAY,
        "issued_at": NOW - 100 * DAY,
        "not_before": NOW - 100 * DAY,
        "not_after": NOW + 265 * DAY,
        "last_day": (NOW + 265 * DAY).date(),
        "fingerprint": "ef" * 32,
        "package_waits": state == "live",
        "first_used_at": NOW - 99 * DAY,
        "revoked_at": NOW - DAY if has_ended else None,
        "reason": {"revoked": "lost", "superseded": "superseded"}.get(state),
        "facts": 4,
    }
    if state == "planned":
        told |= dict.fromkeys(("issued_at", "not_before", "not_after", "last_day", "fingerprint", "first_used_at"))
    return CertificateAsOf(**told | changes)


def account(state: str = "open", **changes: Any) -> AccountAsOf:
    told: dict[str, Any] = {
        "as_of": AS_OF,
        "user_id": "yamada15",
        "role": "general",
        "organization": "SAKURA02",
        "registered_at": NOW - 200 * DAY,
        "state": state,
        "failures": 6 if state in ("locked", "blocked") else 0,
        "locks": 1,
        "locked_until": NOW + timedelta(minutes=45) if state == "locked" else None,
        "password_until": None,
        "issuing": None,
        "certificates": [certificate(), certificate("superseded")],
        "person": 2,
        "commitment": "c0" * 32,
        "facts": 12,
    }
    return AccountAsOf(**told | changes)


def story(path: str, rows: list[EventRow], later: list[EventRow], **changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "timeline": Timeline(rows, later, "next", NOW - DAY, NOW),
        "lines": lines(rows),
        "later": lines(later),
        "as_of": AS_OF,
        "typed": "2026-11-26 13:40:00",
        "path": path,
        "here_again": f"{path}?as_of=2026-11-26+13%3A40%3A00",
        "head": HEAD,
        "proof": Proof("proven"),
        "names": NAMES,
        "person": RecordedPerson(2, PERSON, is_proven=True, is_erased=False),
    }
    return known | changes


def account_samples() -> Iterator[tuple[str, Page]]:
    path = "/audit/accounts/yamada15"
    every = story(path, EVERY, EVERY[:2], proof=Proof("proven", 3))
    few = partial(story, path, EVERY[:3], [])
    for state in ACCOUNT_STATES:
        yield f"audit-account-{state}", ("audit_account.html", few(state=account(state)), 200)
    yield "audit-account-every-fact", ("audit_account.html", every | {"state": account("locked")}, 200)
    gone = RecordedPerson(2, None, is_proven=None, is_erased=True)
    erased = few(state=account("closed"), person=gone, proof=Proof("unsigned"), head=None)
    yield "audit-account-erased", ("audit_account.html", erased, 200)
    lost = few(state=account("closed"), person=RecordedPerson(2, None, is_proven=None, is_erased=False))
    yield "audit-account-lost", ("audit_account.html", lost, 200)
    tampered = story(path, [GONE, UNREADABLE, EVERY[0]], [], proof=Proof("changed"))
    tampered |= {
        "state": account(organization="LONGEST064"),
        "person": RecordedPerson(1, LONG, is_proven=False, is_erased=False),
    }
    yield "audit-account-tampered", ("audit_account.html", tampered, 200)
    now = few(
        as_of=None,
        typed="",
        here_again=path,
        proof=Proof("waiting"),
        timeline=Timeline([], [], None, None, None),
        lines=[],
    )
    staff = now | {"state": account(organization=None, certificates=[])}
    yield "audit-account-staff", ("audit_account.html", staff, 200)


def certificate_samples() -> Iterator[tuple[str, Page]]:
    path = f"/audit/certificates/{SERIAL}"
    for state in ("planned", "live", "expired", "revoked", "superseded"):
        context = story(path, EVERY[:4], EVERY[:1]) | {"state": certificate(state)}
        yield f"audit-certificate-{state}", ("audit_certificate.html", context, 200)


def list_samples() -> Iterator[tuple[str, Page]]:
    def listed(rows: list[EventRow], asked: dict[str, str], **changes: Any) -> dict[str, Any]:
        known: dict[str, Any] = {
            "rows": rows,
            "lines": lines(rows),
            "asked": asked,
            "link": partial(address, "/audit/events", asked),
            "following": "next",
            "begun": True,
            "timelines": [("accounts", "yamada15"), ("certificates", SERIAL)],
        }
        return known | changes

    many = [GONE, UNREADABLE, *EVERY[:46]]  # nearly as many as a page shows
    yield "audit-events", ("audit_events.html", listed(many, {"subject": "yamada15"}), 200)
    yield (
        "audit-events-oldest",
        ("audit_events.html", listed(EVERY[46:], {"sort": "oldest", "from": "2026-11-01"}), 200),
    )
    none = listed([], {"kind": "AccountLocked", "sort": "oldest"}, following=None, begun=False, timelines=[])
    yield "audit-events-none", ("audit_events.html", none, 200)
    for name, head, rows in (("", HEAD, EVERY[:10]), ("-broken", BROKEN, [GONE]), ("-empty", None, [])):
        yield f"audit{name}", ("audit.html", {"lines": lines(rows), "head": head, "names": VIEWS}, 200)


def proof_samples() -> Iterator[tuple[str, Page]]:
    older = structs.replace(HEAD, size=48_001, at=NOW - timedelta(hours=1))
    known = {"heads": [HEAD, older, BROKEN], "following": "next", "begun": False, "has_key": True}
    yield "audit-proofs", ("audit_proofs.html", known, 200)
    yield "audit-proofs-older", ("audit_proofs.html", known | {"begun": True, "following": None}, 200)
    yield "audit-proofs-none", ("audit_proofs.html", known | {"heads": [], "has_key": False}, 200)
    yield "audit-export", ("audit_export.html", {"head": HEAD}, 200)
    yield "audit-export-none", ("audit_export.html", {"head": None}, 200)


def view_samples() -> Iterator[tuple[str, Page]]:
    row = {"user_id": "yamada15", "stream": STREAM, "locked_until": NOW, "blocked": False, "open": True, "reason": None}
    tables = [
        PastTable(part="", columns=tuple(row), total=2, rows=[row, row]),
        PastTable(part="accounts", columns=("user_id",), total=5000, rows=[{"user_id": "yamada15"}]),
        PastTable(part="totals", columns=("state",), total=0, rows=[]),
    ]
    known = {"names": VIEWS, "as_of": AS_OF, "typed": "2026-11-26 13:40", "path": "/audit/views/lock_status"}
    for name in VIEWS:
        found = PastView(view=name, as_of=AS_OF, facts=48_233, tables=tables)
        yield f"audit-view-{name}", ("audit_view.html", known | {"found": found}, 200)


AUDIT_PAGES: dict[str, Page] = {
    **dict(list_samples()),
    **dict(account_samples()),
    **dict(certificate_samples()),
    **dict(proof_samples()),
    **dict(view_samples()),
}
