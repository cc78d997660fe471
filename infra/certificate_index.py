"""Which stream a serial or a certificate leads to: plain state, written with the facts it stands for."""

from datetime import datetime
from uuid import UUID

from application.ports import Row
from domain.certificate import written_serial
from infra.postgres import Database, statement

REMEMBERED = 10_000  # certificates, some 2 MB


class CertificateIndex:
    def __init__(self, database: Database, authority: str | None = None) -> None:
        """`authority` is the key identifier of the one that signs here, by which its list knows what it issued."""
        self._database = database
        self._authority = authority
        self._streams: dict[str, UUID] = {}  # by fingerprint: where a certificate was issued never changes

    def planned(self, serial: str, stream: UUID, not_after: datetime) -> Row:
        query = "insert into certificate_index (serial, stream, not_after, authority) values (%s, %s, %s, %s)"
        return statement(query, serial, stream, not_after, self._authority)

    def issued(self, serial: str, fingerprint: str) -> Row:
        query = "update certificate_index set fingerprint = %s where serial = %s"
        return statement(query, fingerprint, serial)

    def by_fingerprint(self, fingerprint: str) -> UUID | None:
        """Asked at every request behind the log-in, and so remembered; how the certificate stands is not known here."""
        known = self._streams.get(fingerprint)
        if known is not None:
            return known
        found = self._database.execute("select stream from certificate_index where fingerprint = %s", fingerprint)
        if not found:
            return None
        stream: UUID = found[0]["stream"]
        if len(self._streams) >= REMEMBERED:
            self._streams = {}
        self._streams[fingerprint] = stream
        return stream

    def by_serial(self, serial: str) -> UUID | None:
        found = self._database.execute("select stream from certificate_index where serial = %s", written_serial(serial))
        return found[0]["stream"] if found else None
