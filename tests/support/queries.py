"""Addresses that are asked something, each with a question that is right there, and seeded ways to spoil one (Q12)."""

import base64
import json
import random
from collections.abc import Mapping, Sequence
from urllib.parse import quote_from_bytes

from tests.support.house import MASTER, TARO
from tests.support.members import STAFF
from tests.support.mutations import STRANGE, Fields, changed, spoilt, written

AUDITOR = "audit001"
LONGEST = 60_000  # octets: more no client of ours sends, and no server of ours takes
TEXT = "&=+%;/?:@,!$'()*~"  # what stands in an address as it is, a broken escape too
MOMENTS = (
    *("0001-01-01", "9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999999Z", "2026-02-29", "2026-11-24T24:00"),
    *("2026-11-24T09:00:00.0000001", "2026-11-24 09:00+23:59", "2026-11-24_09:00", "2026-W48-2", "20261124T0900"),
    *("2026-11-24 09:00:60", "1900-01-01", "2099-01-01 00:00", "2026-11-24 09:00-00:00:00.000001"),
)

ACCOUNTS = {"state": "open", "organization": "ACME01", "user_id": TARO, "sort": "-organization"}
CERTIFICATES = {"state": "live", "within": "30", "unused": "true", "user_id": TARO, "sort": "-end"}
ORGANIZATIONS = {"code": "ACME01", "sort": "-registered_at"}
MAILS = {"state": "waiting", "user_id": TARO, "sort": "oldest"}
PERIOD = {"from": "2026-11-01 00:00", "to": "2026-12-01 00:00"}
EVENTS = {**PERIOD, "as_of": "2026-11-24 09:00", "kind": "LoggedIn", "actor": TARO, "subject": TARO, "sort": "oldest"}
AS_OF = {"as_of": "2026-11-24 09:00"}

# By who asks it, and then by address as the routes have it; in {} what there is in the test's house.
QUERIES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    TARO: {"/home/history": {"of": "own", "before": "9"}},
    MASTER: {"/users": {"format": "csv"}, "/home/history": {"of": "organization", "before": "9"}},
    STAFF: {
        "/bank/accounts": {**ACCOUNTS, "format": "html"},
        "/bank/certificates": {**CERTIFICATES, "organization": "ACME01", "serial": "{serial}", "format": "csv"},
        "/bank/organizations": {**ORGANIZATIONS, "format": "html"},
        "/bank/mails": {**MAILS, "format": "csv"},
        "/bank/approvals": {"state": "open", "format": "html", "cursor": "W3RydWUsOV0="},  # [true,9]
    },
    AUDITOR: {
        "/audit/events": {**EVENTS, "format": "html"},
        "/audit/accounts/{user_id}": AS_OF,
        "/audit/certificates/{serial}": AS_OF,
        "/audit/views/{view}": AS_OF,
        "/audit/proofs": {"cursor": "WzVd"},  # [5]
        "/audit/export": {**PERIOD, "format": "jsonl", "head": "{size}"},
        "/api/v1/lock-status": {**ACCOUNTS, "limit": "5"},
        "/api/v1/certificates": {**CERTIFICATES, "limit": "5"},
        "/api/v1/organizations": {**ORGANIZATIONS, "limit": "5"},
        "/api/v1/users": {"organization": "ACME01", "role": "general", "user_id": TARO, "sort": "-user_id"},
        "/api/v1/mails": {**MAILS, "limit": "5"},
        "/api/v1/events": {**EVENTS, "limit": "5"},
    },
}

# Where the interface answers the same question: it cuts a page short, and so has a cursor.
ANSWERED_AT = {
    "/bank/accounts": "/api/v1/lock-status",
    "/bank/certificates": "/api/v1/certificates",
    "/bank/organizations": "/api/v1/organizations",
    "/bank/mails": "/api/v1/mails",
    "/audit/events": "/api/v1/events",
    "/audit/accounts/{user_id}": "/api/v1/events",
    "/audit/certificates/{serial}": "/api/v1/events",
}
IN_A_CURSOR: Sequence[object] = (
    2**31,
    2**63 - 1,
    2**63,
    2**80,
    -1,
    0,
    0.5,
    True,
    None,
    "",
    [],
    {},
    *STRANGE,
    *MOMENTS,
    "open",
    "-end",
)


def written_query(octets: bytes) -> str:
    return quote_from_bytes(octets, safe=TEXT)[:LONGEST]


def spoilt_query(chance: random.Random, fields: Fields) -> str:
    match chance.randrange(8):
        case 0 | 1:
            return written_query(written(changed(chance, fields, chance.choice(MOMENTS))))
        case 2 | 3 if cursor := dict(fields).get("cursor"):
            others = [(name, value) for name, value in fields if name != "cursor"]
            return written_query(written([*others, ("cursor", spoilt_cursor(chance, cursor))]))
        case _:
            return written_query(spoilt(chance, fields)[1])


def spoilt_cursor(chance: random.Random, cursor: str) -> str:
    """What it holds is another thing, or there is more or less of it."""
    key = json.loads(base64.b64decode(cursor, b"-_"))
    place = chance.randrange(len(key))
    key[place : place + chance.choice((0, 1, 1, 1, 2))] = chance.choice(([chance.choice(IN_A_CURSOR)], []))
    return base64.b64encode(json.dumps(key).encode(), b"-_").decode()
