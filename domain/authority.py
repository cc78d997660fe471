"""What the certification authority published (R4.10): one stream per authority, named by its key identifier."""

from typing import ClassVar
from uuid import UUID, uuid5

from domain.fact import Fact, Instant

AUTHORITIES = UUID("6f0f5a5e-0a9c-4f43-9a53-1f2f7c0f6a71")


def authority_stream(key_identifier: str) -> UUID:
    """`key_identifier` is the subject key identifier of its certificate, in hex."""
    return uuid5(AUTHORITIES, key_identifier)


class RevocationListPublished(Fact, frozen=True):
    """A list of revoked certificates (RFC 5280 5): `sha256` is the hex digest of its DER, `entries` their count."""

    TOPIC: ClassVar[str] = "authority.revocation-list-published.1"
    number: int
    this_update: Instant
    next_update: Instant
    sha256: str
    entries: int
