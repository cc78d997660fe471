"""The parts of what every verifier may fetch, put together: OCSP, lists of revoked certificates, certificates."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from starlette.routing import BaseRoute

from application.ports import FactStore, Unreadable
from infra import root_list
from infra.authority import IssuingAuthority, has_root_key, publish_root_list
from infra.certificate_status import CertificateStatuses
from infra.clock import Clock
from infra.ocsp import Issuer
from infra.ocsp_responder import OneOfEach, Responder
from infra.ocsp_signer import OcspSignerFile
from infra.pki_documents import PkiDocuments
from infra.postgres import Database
from infra.published_list import PublishedList
from infra.revocation_notices import RevocationNotices
from web import pki


class Generation:
    """What one generation of the issuing authority answers for: all that it issued."""

    def __init__(
        self,
        home: Path,
        passphrase: bytes,
        pki_url: str,
        authority: IssuingAuthority,
        database: Database,
        store: FactStore,
        *,
        still_issues: bool,
    ) -> None:
        self.authority = authority
        self.signer = OcspSignerFile(home, passphrase, authority, pki_url)
        self.revocation_list = PublishedList(database, store, authority, still_issues=still_issues)
        self.notices = RevocationNotices(database.dsn)  # its own, for whoever reads a notice takes it
        self.statuses = CertificateStatuses(database, authority.key_identifier)
        self.responder = Responder(Issuer(authority.issuing), self.statuses, self.notices, self.signer)


class Pki:
    def __init__(
        self,
        home: Path,
        passphrase: bytes,
        pki_url: str,
        authority: IssuingAuthority,
        database: Database,
        store: FactStore,
        earlier: Sequence[IssuingAuthority] = (),
    ) -> None:
        """`home` is the authority's folder, in which it keeps the OCSP signers. `earlier` generations of `authority`
        answer for what they issued."""
        self._home = home
        self._passphrase = passphrase
        self.newest, *others = self._generations = [
            Generation(home, passphrase, pki_url, each, database, store, still_issues=each is authority)
            for each in (authority, *earlier)
        ]
        responders = [each.responder for each in self._generations]
        self.responder: Responder | OneOfEach = OneOfEach(responders) if others else self.newest.responder
        self.documents = PkiDocuments(home, {each.authority: each.revocation_list for each in self._generations})

    def routes(self, clock: Clock) -> list[BaseRoute]:
        return pki.routes(self.responder, self.documents, clock)

    def ensure_signers(self, now: datetime) -> None:
        """Of OCSP answers, so that none is made when the first is asked for. Raises Unavailable."""
        for each in self._generations:
            each.signer.ensure(now)

    def renew(self, now: datetime) -> None:
        """All that is due: the worker's duty, so that it is done also where nobody asks for it.

        Raises Unavailable; and Unreadable, once all has been done that can be.
        """
        self.ensure_signers(now)
        unreadable: Unreadable | None = None
        for each in self._generations:
            try:
                each.revocation_list.renew(now)
            except Unreadable as fault:
                unreadable = fault
        if has_root_key(self._home) and root_list.is_due(self._home, now):
            publish_root_list(self._home, self._passphrase, now)
        if unreadable:
            raise unreadable

    def close(self) -> None:
        for each in self._generations:
            each.notices.close()
