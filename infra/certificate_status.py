"""How the certificate of a serial stands, from the event store: what OCSP answers (R4.10)."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.certificate import CertificateRevoked, Reason
from infra.event_store import FactMapper
from infra.postgres import Database

# A serial leads to its stream, and of that to the facts that may have ended it: the others are large, and say no more
# than the index, which is written with them.
QUESTION = """
select i.stream, i.fingerprint is not null as issued, e.topic, e.state
from certificate_index i
left join stored_events e on e.originator_id = i.stream and e.topic like 'certificate.revoked.%%'
where i.serial = %s and (i.authority is null or i.authority = %s)
"""


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
        """None for a serial that was never planned. Raises Unavailable."""
        found = self._database.execute(QUESTION, serial, self._authority)
        if not found:
            return None
        stream, is_issued = found[0]["stream"], found[0]["issued"]
        for row in found:
            fact = FactMapper.decoders[row["topic"]](row["state"]) if row["topic"] else None
            if isinstance(fact, CertificateRevoked) and fact.serial == serial:
                return CertificateStatus(stream, is_issued, fact.at, fact.reason)
        return CertificateStatus(stream, is_issued)
