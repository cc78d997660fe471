"""When what the authority made ends: read at each scrape from its files and the database, without its keys (R4.10).

Told are the generations whose certificate has not ended. Of an earlier one the list is told only as long as it is made
anew: a list that came after the end of all its certificates stays as it is, and nobody needs another.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from cryptography import x509

from infra import generations, ocsp_signer, root_list
from infra.authority import AuthorityUnavailable, read_certificate
from infra.certificate_parts import key_identifier
from infra.postgres import Database

What = Literal["root_list", "issuing_list", "issuing_certificate", "ocsp_signer"]

LISTS = """
select authority, next_update from revocation_lists as list
where authority = any(%s) and (authority = %s or exists (
    select from certificate_index
    where (certificate_index.authority = list.authority or certificate_index.authority is null)
        and not_after >= list.this_update
))
"""


class End(msgspec.Struct, frozen=True):
    """`authority` is root, or the name of a generation of the issuing authority."""

    what: What
    authority: str
    at: datetime


class AuthorityEnds:
    """`home` is the authority's folder; what is not there, or not readable, is left out."""

    def __init__(self, home: Path, database: Database) -> None:
        self._home = home
        self._database = database

    def of_files(self, now: datetime) -> list[End]:
        found = []
        if root_end := root_list.end(self._home):
            found.append(End("root_list", "root", root_end))
        for name, certificate in self._generations(now).items():
            found.append(End("issuing_certificate", name, certificate.not_valid_after_utc))
            if signer := self._certificate(ocsp_signer.path_in(self._home, name)):
                found.append(End("ocsp_signer", name, signer.not_valid_after_utc))
        return found

    def of_lists(self, now: datetime) -> list[End]:
        """Raises Unavailable."""
        names = {key_identifier(certificate): name for name, certificate in self._generations(now).items()}
        if not names:
            return []
        rows = self._database.execute(LISTS, list(names), next(iter(names)))
        return [End("issuing_list", names[row["authority"]], row["next_update"].astimezone(UTC)) for row in rows]

    def _generations(self, now: datetime) -> dict[str, x509.Certificate]:
        """By their names, the newest first."""
        found = {name: self._certificate(self._home / f"{name}.pem") for name in generations.names(self._home)}
        return {name: each for name, each in found.items() if each and each.not_valid_after_utc > now}

    def _certificate(self, path: Path) -> x509.Certificate | None:
        try:
            return read_certificate(path)
        except AuthorityUnavailable:
            return None
