"""The OCSP responder (R4.10): a cache of signed answers, and the store where the cache may not be asked."""

import threading
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from application.ports import Unavailable, Unreadable
from infra.certificate_parts import hex_serial
from infra.certificate_status import CertificateStatus, CertificateStatuses
from infra.ocsp import INTERNAL_ERROR, LIFE, TRY_LATER, UNAUTHORIZED, Asked, Issuer, write
from infra.ocsp_signer import OcspSignerFile
from infra.revocation_notices import RevocationNotices
from web.pki import Answer

FRESH = LIFE / 2  # after which an answer is made anew, so that whoever fetches it can keep it for a while
MOST_ANSWERS = 20_000  # some 30 MB

log = structlog.get_logger(__name__)

Key = tuple[str, int]  # of a CertID of ours: its hash, and the serial


class Cached(msgspec.Struct):
    """`status` as it was at `read_at`; `answer` once one without a nonce was asked for."""

    status: CertificateStatus
    read_at: datetime
    answer: Answer | None = None

    def is_fresh(self, now: datetime) -> bool:
        return self.read_at <= now < self.read_at + FRESH


class Responder:
    """Implements web.pki.OcspResponder. What is cached is believed only while notices of revocations come."""

    def __init__(
        self, issuer: Issuer, statuses: CertificateStatuses, notices: RevocationNotices, signer: OcspSignerFile
    ) -> None:
        self._issuer = issuer
        self._statuses = statuses
        self._notices = notices
        self._signer = signer
        self._guard = threading.Lock()
        self._listening = 0
        self._told: set[str] = set()  # places that cannot be read
        self._drops = 0  # an answer that was being made meanwhile may be out of date
        self._answers: dict[Key, Cached] = {}
        self._by_stream: dict[UUID, set[Key]] = {}

    def at_once(self, request: bytes, now: datetime, *, may_sign: bool = True) -> Answer | None:
        asked = self._issuer.read(request)
        if isinstance(asked, Answer):
            return asked
        found = self._find(asked, now)
        if found is None or asked.nonce is None:
            return found.answer if found else None
        signer = self._signer.ready(now) if may_sign else None
        return write(self._issuer, signer, asked, found.status, now) if signer else None

    def answer(self, request: bytes, now: datetime) -> Answer:
        asked = self._issuer.read(request)
        if isinstance(asked, Answer):
            return asked
        try:
            self._notices.listen()
            found = self._find(asked, now) or self._read(asked, now)
            if asked.nonce is not None or found is None or found.answer is None:
                signed = write(self._issuer, self._signer.ensure(now), asked, found.status if found else None, now)
                if asked.nonce is not None or found is None:
                    return signed
                found.answer = signed
            return found.answer
        except Unavailable:
            return TRY_LATER
        except Unreadable as fault:  # never good, and not revoked either: nobody can read when
            if str(fault) not in self._told:  # anybody may ask, again and again
                self._told.add(str(fault))
                log.error("a certificate's status is not told: a stored fact cannot be read", place=str(fault))
            return INTERNAL_ERROR

    def try_later(self) -> Answer:
        return TRY_LATER

    def _find(self, asked: Asked, now: datetime) -> Cached | None:
        with self._guard:
            if not self._is_current():
                return None
            found = self._answers.get((asked.hash, asked.serial))
            return found if found and found.is_fresh(now) else None

    def _read(self, asked: Asked, now: datetime) -> Cached | None:
        """From the store; kept where it can be told when it is no longer true."""
        with self._guard:
            is_current, drops = self._is_current(), self._drops
        status = self._statuses.of(hex_serial(asked.serial))
        if status is None:
            return None
        read = Cached(status, now)
        with self._guard:
            # Not a serial that is only planned: nobody tells when its certificate is issued.
            if is_current and drops == self._drops and (status.is_issued or status.revoked_at):
                self._keep((asked.hash, asked.serial), read)
        return read

    def _keep(self, key: Key, read: Cached) -> None:
        self._forget(key)
        if len(self._answers) >= MOST_ANSWERS:
            self._forget(next(iter(self._answers)))
        self._answers[key] = read
        self._by_stream.setdefault(read.status.stream, set()).add(key)

    def _forget(self, key: Key) -> None:
        found = self._answers.pop(key, None)
        if found is not None:
            keys = self._by_stream[found.status.stream]
            keys.discard(key)
            if not keys:
                del self._by_stream[found.status.stream]

    def _is_current(self) -> bool:
        """Drops what was revoked until now, and all of it where something may have been missed."""
        heard = self._notices.heard()
        if heard.listening != self._listening:
            self._listening = heard.listening
            self._answers.clear()
            self._by_stream.clear()
            self._drops += 1
        for stream in heard.streams:
            self._drops += 1
            for key in list(self._by_stream.get(stream, ())):
                self._forget(key)
        return heard.is_current


class OneOfEach:
    """Implements web.pki.OcspResponder for several authorities: of their responders the one that is asked answers."""

    def __init__(self, responders: Sequence[Responder]) -> None:
        self._responders = responders

    def at_once(self, request: bytes, now: datetime, *, may_sign: bool = True) -> Answer | None:
        for responder in self._responders:
            answer = responder.at_once(request, now, may_sign=may_sign)
            if answer is not UNAUTHORIZED:
                return answer
        return UNAUTHORIZED

    def answer(self, request: bytes, now: datetime) -> Answer:
        for responder in self._responders:
            answer = responder.answer(request, now)
            if answer is not UNAUTHORIZED:
                return answer
        return UNAUTHORIZED

    def try_later(self) -> Answer:
        return TRY_LATER
