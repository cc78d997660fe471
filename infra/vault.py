"""What must be erasable, or must not be readable: persons, and what waits sealed for a browser (R4.7, R5.3, R10.6)."""

import hashlib
import os
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from application.ports import Conflict, Contact, Requester, Row
from infra.postgres import Database

SALT_BYTES = 16
NONCE_BYTES = 12

Kept = TypeVar("Kept", bound=msgspec.Struct)


class PersonVault:
    """Names, addresses, who asked: in numbered rows; the fact has the version and a salted SHA-256 commitment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, subject: UUID, version: int, person: Contact | Requester) -> tuple[str, Row]:
        salt, data = os.urandom(SALT_BYTES), msgspec.json.encode(person)

        def row(cursor: Any) -> None:
            # A row of this version means that another save of the same fact came first.
            insert = (
                "insert into vault_persons (subject, version, salt, data) values (%s, %s, %s, %s)"
                " on conflict do nothing"
            )
            if cursor.execute(insert, [subject, version, salt, data]).rowcount == 0:
                raise Conflict("vault_persons")

        return hashlib.sha256(salt + data).hexdigest(), row

    def of(self, subject: UUID, version: int) -> Contact | None:
        return self._read(subject, version, Contact)

    def requester(self, subject: UUID, version: int) -> Requester | None:
        return self._read(subject, version, Requester)

    def proves(self, subject: UUID, version: int, commitment: str) -> bool | None:
        kept = self._database.execute(
            "select salt, data from vault_persons where subject = %s and version = %s", subject, version
        )
        return hashlib.sha256(kept[0]["salt"] + kept[0]["data"]).hexdigest() == commitment if kept else None

    def _read(self, subject: UUID, version: int, kind: type[Kept]) -> Kept | None:
        found = self._database.execute(
            "select data from vault_persons where subject = %s and version = %s", subject, version
        )
        return msgspec.json.decode(found[0]["data"], type=kind) if found else None


def derive(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose from a cookie's secret, which has 256 random bits (RFC 5869, expand only)."""
    return HKDFExpand(SHA256(), 32, purpose.encode()).derive(secret.encode())


def seal(secret: str, purpose: str, data: bytes) -> bytes:
    """AES-256-GCM under a key that only the secret's holder has; a fresh nonce stands in front."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(derive(secret, purpose)).encrypt(nonce, data, None)


def unseal(secret: str, purpose: str, sealed: bytes) -> bytes | None:
    """None where the secret is another one, or the data was touched."""
    try:
        return AESGCM(derive(secret, purpose)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except InvalidTag:
        return None
