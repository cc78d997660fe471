"""Which stream a serial or a certificate leads to: plain state, written with the facts it stands for."""

from uuid import UUID

from application.ports import Row
from infra.postgres import Database


class CertificateIndex:
    def __init__(self, database: Database) -> None:
        self._database = database

    def planned(self, serial: str, stream: UUID) -> Row:
        query = "insert into certificate_index (serial, stream) values (%s, %s)"
        return lambda cursor: cursor.execute(query, [serial, stream])

    def issued(self, serial: str, fingerprint: str) -> Row:
        query = "update certificate_index set fingerprint = %s where serial = %s"
        return lambda cursor: cursor.execute(query, [fingerprint, serial])

    def by_fingerprint(self, fingerprint: str) -> UUID | None:
        found = self._database.execute("select stream from certificate_index where fingerprint = %s", fingerprint)
        return found[0]["stream"] if found else None

    def by_serial(self, serial: str) -> UUID | None:
        found = self._database.execute("select stream from certificate_index where serial = %s", serial.upper())
        return found[0]["stream"] if found else None
