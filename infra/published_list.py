"""The list of revoked certificates as published (R4.10): signed by one process, kept in the database, served by all.

It is due with every revocation, and daily. Which certificates are revoked is read from the event store, for no list may
wait for a projector; each process that signs keeps the entries it has encoded, and reads only what came since.
"""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog

from application.ports import Changes, FactStore, Row, Unreadable
from domain.authority import RevocationListPublished, authority_stream
from domain.certificate import CertificateRevoked
from domain.fact import WORKER
from domain.policy import VALIDITY_DAYS
from infra.authority import IssuingAuthority
from infra.event_store import STORED, stored_fact
from infra.postgres import Database
from infra.revocation_list import Entries, SignedList, next_number, sign
from web.pki import Document

log = structlog.get_logger(__name__)

LIFE = timedelta(days=2)  # R4.10
PERIOD = timedelta(days=1)
PUBLISHING = 0x43524C31  # "CRL1": one process at a time
PAGE = 5000  # revocations read at once
# Where a serial's end is not known: longer than any certificate lives.
LONGEST_LIFE = timedelta(days=VALIDITY_DAYS + 1)

STANDING = """
select number, this_update, next_update, position, exists (
    select from stored_events where topic like 'certificate.revoked.%%' and notification_id > position
) as is_overtaken
from revocation_lists where authority = %s
"""
CONTENT = """
select number, sha256, this_update, next_update, content
from revocation_lists join revocation_list_parts using (authority)
where authority = %s order by place
"""
REVOKED = f"""
select {STORED} from stored_events
where topic like 'certificate.revoked.%%' and notification_id > %s order by notification_id limit %s
"""  # noqa: S608  (ours)
KEEP = """
insert into revocation_lists (authority, number, this_update, next_update, sha256, position)
values (%s, %s, %s, %s, %s, %s)
on conflict (authority) do update set (number, this_update, next_update, sha256, position)
    = (excluded.number, excluded.this_update, excluded.next_update, excluded.sha256, excluded.position)
"""
LIVING = """
select serial from certificate_index where (authority = %s or authority is null) and not_after >= %s limit 1
"""
VERSION = "select coalesce(max(originator_version), 0) as version from stored_events where originator_id = %s"
FORGET_PARTS = "delete from revocation_list_parts where authority = %s"
KEEP_PART = "insert into revocation_list_parts (authority, place, content) values (%s, %s, %s)"


class Standing(msgspec.Struct, frozen=True):
    """The list published now; `is_overtaken` where something was revoked since."""

    number: int
    this_update: datetime
    next_update: datetime
    position: int
    is_overtaken: bool

    def is_due(self, now: datetime) -> bool:
        """Also where the clock was set back: nobody takes a list from the future."""
        return self.is_overtaken or not self.this_update <= now < self.this_update + PERIOD


class PublishedList:
    """Of one generation of the issuing authority. Safe between threads; any number of processes may have one."""

    def __init__(
        self, database: Database, store: FactStore, authority: IssuingAuthority, *, still_issues: bool = True
    ) -> None:
        self._database = database
        self._store = store
        self._authority = authority
        self._still_issues = still_issues
        self._name = authority.key_identifier
        self._stream = authority_stream(self._name)
        self._guard = threading.Lock()
        self._entries = Entries()
        self._position = 0  # of the last revocation among them
        self._served: tuple[int, Document] | None = None
        self._told: set[str] = set()  # places that cannot be read

    def current(self, now: datetime) -> Document:
        """Made anew first where it is due. Raises Unavailable, and Unreadable once the last one is over."""
        try:
            number = self.renew(now).number
        except Unreadable as fault:
            standing = self._standing()
            if standing is None or standing.next_update <= now:
                raise
            self._tell(fault)
            number = standing.number
        served = self._served
        if served is None or served[0] != number:
            served = self._served = self._fetch()
        return served[1]

    def _tell(self, fault: Unreadable) -> None:
        """Once: anybody may ask for the list, again and again."""
        if str(fault) not in self._told:
            self._told.add(str(fault))
            log.error("no new list of revoked certificates: a stored fact cannot be read", place=str(fault))

    def renew(self, now: datetime) -> Standing:
        """Publishes a new list if that is due. Raises Unavailable, and Unreadable: no list may leave one out."""
        standing = self._standing()
        if standing is not None and (not standing.is_due(now) or self._is_over(standing)):
            return standing
        with self._guard, self._database.transaction() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [PUBLISHING])
            standing = self._standing()
            if standing is None or standing.is_due(now):
                standing = self._publish(standing, now)
        return standing

    def _standing(self) -> Standing | None:
        found = self._database.execute(STANDING, self._name)
        return Standing(**found[0]) if found else None

    def _is_over(self, standing: Standing) -> bool:
        """Of an earlier generation: the last list came after the end of all its certificates."""
        return not self._still_issues and not self._database.execute(LIVING, self._name, standing.this_update)

    def _fetch(self) -> tuple[int, Document]:
        """In one statement, so that the parts are those of one list."""
        rows = self._database.execute(CONTENT, self._name)
        first, content = rows[0], tuple(row["content"] for row in rows)
        changed_at, until = first["this_update"].astimezone(UTC), first["next_update"].astimezone(UTC)
        return first["number"], Document(content, first["sha256"], changed_at, until)

    def _publish(self, before: Standing | None, now: datetime) -> Standing:
        self._read_on(before)
        this_update = now.replace(microsecond=0)
        number = next_number(before.number if before else 0, now)
        after = Standing(number, this_update, this_update + LIFE, self._position, is_overtaken=False)
        signed = sign(
            self._authority.issuing, self._authority.key, number, this_update, after.next_update, self._entries
        )
        digest = signed.sha256
        fact = RevocationListPublished(
            at=now,
            by=WORKER,
            number=number,
            this_update=this_update,
            next_update=after.next_update,
            sha256=digest,
            entries=len(self._entries),
        )
        version = self._database.execute(VERSION, self._stream)[0]["version"]
        self._store.save(Changes(self._stream, version, [fact]), rows=[self._kept(after, digest, signed)])
        return after

    def _kept(self, standing: Standing, digest: str, signed: SignedList) -> Row:
        def keep(cursor: Any) -> None:
            cursor.execute(
                KEEP,
                [
                    self._name,
                    standing.number,
                    standing.this_update,
                    standing.next_update,
                    digest,
                    standing.position,
                ],
            )
            cursor.execute(FORGET_PARTS, [self._name])
            for place, part in enumerate(signed.parts()):
                cursor.execute(KEEP_PART, [self._name, place, part])

        return keep

    def _read_on(self, before: Standing | None) -> None:
        """Takes in what was revoked since the last time, and leaves out whose end the last list came after."""
        while rows := self._database.execute(REVOKED, self._position, PAGE):
            facts = [stored_fact(**row) for row in rows]
            revoked = [fact for fact in facts if isinstance(fact, CertificateRevoked)]
            indexed = self._indexed(revoked)
            for fact in revoked:
                authority, end = indexed.get(fact.serial, (None, None))
                if authority in (None, self._name):
                    self._entries.add(fact.serial, fact.at, fact.reason, end or fact.at + LONGEST_LIFE)
            self._position = rows[-1]["notification_id"]
            if before:
                self._entries.drop(before.this_update)
        if before:
            self._entries.drop(before.this_update)

    def _indexed(self, revoked: Sequence[CertificateRevoked]) -> dict[str, tuple[str | None, datetime | None]]:
        """The authority and the end of each serial."""
        query = "select serial, authority, not_after from certificate_index where serial = any(%s)"
        found = self._database.execute(query, [fact.serial for fact in revoked])
        return {row["serial"]: (row["authority"], row["not_after"]) for row in found}
