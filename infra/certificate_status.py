"""How the certificate of a serial stands, from the event store: what OCSP answers (R4.10)."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.certificate import CertificateRevoked, Reason
from infra.event_store import FactMapper, stored_fact
from infra.postgres import Database

# A serial leads to its stream, and of that to the facts that may have ended it. The others are large, and say no more
# than the index, which is written with them; but each must be of some kind of ours, or it may have been a revocation.
QUESTION = """
select stream, fingerprint is not null as is_issued, originator_id, originator_version, notification_id, topic,
    case when topic like 'certificate.revoked.%%' or topic <> all(%s) then state end
from certificate_index
left join stored_events on originator_id = stream
where serial = %s and (authority is null or authority = %s)
"""
KNOWN = list(FactMapper.decoders)


class CertificateStatus(msgspec.Struct, frozen=True):
    """`is_issued`: a planned serial, which nobody has a certificate of, can be revoked too (R4.9)."""

    stream: UUID
    is_issued: bool
    revoked_at: datetime | None = None
    reason: Reason | None = None


class CertificateStatuses:
    def __init__(self, database: Database, authority: str) -> None:
        """Of what was planned for one authority, which is named by its key identifier."""
        self._database = database
        self._authority = authority

    def of(self, serial: str) -> CertificateStatus | None:
        """None for a serial that was never planned. Raises Unavailable, and Unreadable."""
        found = self._database.ask(QUESTION, KNOWN, serial, self._authority)
        if not found:
            return None
        stream, is_issued = found[0][:2]
        for _, _, *stored in found:
            fact = stored_fact(*stored) if stored[-1] is not None else None
            if isinstance(fact, CertificateRevoked) and fact.serial == serial:
                return CertificateStatus(stream, is_issued, fact.at, fact.reason)
        return CertificateStatus(stream, is_issued)
