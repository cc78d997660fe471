"""What the authority publishes as files (screens.md, Machine). Implements web.pki.Documents."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from infra import root_list
from infra.authority import IssuingAuthority
from infra.published_list import PublishedList
from web.pki import Document


class PkiDocuments:
    def __init__(self, home: Path, generations: Mapping[IssuingAuthority, PublishedList]) -> None:
        """`home` is the authority's folder."""
        self._home = home
        self._lists = {authority.name: published for authority, published in generations.items()}
        self._certificates = {authority.name: _certificate(authority.issuing) for authority in generations}
        for authority in generations:
            self._certificates["root"] = _certificate(authority.root)  # the same of all

    def revocation_list(self, name: str, now: datetime) -> Document | None:
        if name == "root":
            return _root_list(self._home)  # read anew: it is put there by hand where the root is elsewhere
        published = self._lists.get(name)
        return published.current(now) if published else None

    def certificate(self, name: str) -> Document | None:
        return self._certificates.get(name)


def _certificate(certificate: x509.Certificate) -> Document:
    der = certificate.public_bytes(Encoding.DER)
    return Document((der,), sha256(der).hexdigest(), certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _root_list(home: Path) -> Document | None:
    found = root_list.read(home)
    if found is None or found.next_update_utc is None:
        return None
    der = found.public_bytes(Encoding.DER)
    return Document((der,), sha256(der).hexdigest(), found.last_update_utc, found.next_update_utc)
