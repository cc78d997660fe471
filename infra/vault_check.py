"""Whether the vault still shows what was recorded: each row against the commitment in its fact (R10.6).

Read page by page, also beside processes that serve: a row comes and goes in one transaction with its fact. So whoever
has read the fact finds the row, or the fact that it was erased, and whoever has read the row finds its fact.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec
from psycopg.rows import DictRow

from domain.approval import ApprovalRequested
from domain.certificate import CertificatePlanned, CertificateRevoked
from domain.credentials import account_stream
from domain.fact import Fact
from domain.organization_facts import ContactErased, OrganizationRegistered
from domain.user_account_facts import ContactChanged, PersonalDataErased, UserRegistered
from infra.event_store import STORED, stored_fact
from infra.postgres import Database

PAGE = 1000
# Every kind of fact that names a version in vault_persons.
COMMITTING: tuple[type[Fact], ...] = (
    *(UserRegistered, ContactChanged, OrganizationRegistered),
    *(CertificateRevoked, ApprovalRequested),
)
TOPICS = [kind.TOPIC for kind in COMMITTING]
ERASED = [PersonalDataErased.TOPIC, ContactErased.TOPIC]
FIRST_SUBJECT, BEFORE_ALL = UUID(int=0), -1

RECORDED = f"""
select {STORED} from stored_events
where topic = any(%s) and notification_id > %s order by notification_id limit %s
"""  # noqa: S608  (ours)
# The server hashes: no name or address leaves it.
KEPT = """
select subject, version, encode(sha256(salt || data), 'hex') as commitment from vault_persons
where (subject, version) in (select * from unnest(%s::uuid[], %s::int[]))
"""
KEYS = """
select subject, version from vault_persons where (subject, version) > (%s, %s) order by subject, version limit %s
"""
KNOWN = f"select {STORED} from stored_events where originator_id = any(%s::uuid[]) and topic = any(%s)"  # noqa: S608  (ours)
FIRST = f"select {STORED} from stored_events where originator_id = %s order by originator_version limit 1"  # noqa: S608  (ours)
IS_ERASED = "select exists (select from stored_events where originator_id = %s and topic = any(%s)) as erased"

What = Literal["changed", "missing", "unknown"]
Of = Literal["user", "organization", "certificate", "approval", "nothing"]


class Difference(msgspec.Struct, frozen=True):
    """One row of vault_persons that is not as it was recorded, told without what stands in it.

    `what`: the row was changed; it is missing though nothing was erased; no fact knows it. `subject` is a user ID, an
    organization's code, or the serial that a revocation, or the approval of one, names; of nothing known the stream's
    own ID.
    """

    what: What
    of: Of
    subject: str
    version: int


class Recorded(NamedTuple):
    """What a fact says of a row: `commitment` is the hex SHA-256 of its salt and data."""

    stream: UUID
    version: int
    commitment: str
    fact: Fact


def differences(database: Database) -> Iterator[Difference]:
    """Those of recorded rows in the order of the log, then rows that no fact knows. Raises Unavailable, Unreadable."""
    yield from _changed_or_missing(database)
    yield from _unknown(database)


def _changed_or_missing(database: Database) -> Iterator[Difference]:
    position = 0
    while page := database.execute(RECORDED, TOPICS, position, PAGE):
        position = page[-1]["notification_id"]
        recorded = list(_recorded(page))
        asked = [each.stream for each in recorded], [each.version for each in recorded]
        kept = {(row["subject"], row["version"]): row["commitment"] for row in database.execute(KEPT, *asked)}
        for each in recorded:
            found = kept.get((each.stream, each.version))
            if found is None and not _is_erased(database, each):
                yield Difference("missing", *_name(database, each.stream, each.fact), each.version)
            elif found is not None and found != each.commitment:
                yield Difference("changed", *_name(database, each.stream, each.fact), each.version)


def _unknown(database: Database) -> Iterator[Difference]:
    last = (FIRST_SUBJECT, BEFORE_ALL)
    while page := database.execute(KEYS, *last, PAGE):
        keys = [(row["subject"], row["version"]) for row in page]
        last = keys[-1]
        facts = database.execute(KNOWN, list({subject for subject, _ in keys}), TOPICS)
        known = {(each.stream, each.version) for each in _recorded(facts)}
        for subject, version in keys:
            if (subject, version) not in known:
                yield Difference("unknown", *_name(database, subject, None), version)


def _recorded(rows: Iterable[DictRow]) -> Iterator[Recorded]:
    for row in rows:
        fact = stored_fact(**row)
        match fact:
            case (
                UserRegistered(person=version, commitment=commitment)
                | ContactChanged(person=version, commitment=commitment)
                | OrganizationRegistered(contact=version, commitment=commitment)
                | CertificateRevoked(request=int(version), commitment=str(commitment))
                | ApprovalRequested(request=int(version), commitment=str(commitment))
            ):
                yield Recorded(row["originator_id"], version, commitment, fact)


def _is_erased(database: Database, recorded: Recorded) -> bool:
    """With the person whose account, certificate or approval it is; an organization's contact by a fact of its own."""
    stream = recorded.stream
    match recorded.fact:
        case ApprovalRequested(user_id=user_id):
            stream = account_stream(user_id)
        case CertificateRevoked():
            match _first(database, stream):
                case CertificatePlanned(user_id=user_id):
                    stream = account_stream(user_id)
    return bool(database.execute(IS_ERASED, stream, ERASED)[0]["erased"])


def _first(database: Database, stream: UUID) -> Fact | None:
    rows: Sequence[DictRow] = database.execute(FIRST, stream)
    return stored_fact(**rows[0]) if rows else None


def _name(database: Database, stream: UUID, fact: Fact | None) -> tuple[Of, str]:
    match fact if isinstance(fact, CertificateRevoked) else _first(database, stream):
        case UserRegistered(user_id=user_id):
            return "user", user_id
        case OrganizationRegistered(code=code):
            return "organization", code
        case CertificateRevoked(serial=serial) | CertificatePlanned(serial=serial):
            return "certificate", serial
        case ApprovalRequested(target=target):
            return "approval", target
        case _:
            return "nothing", str(stream)
