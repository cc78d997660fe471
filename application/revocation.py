"""Ending certificates on the bank's word (R4.10, R9.2)."""

from datetime import datetime

from application.ports import CertificateIndex, Changes, FactStore, Row, Sessions, Tickets
from application.streams import Loaded, certificates_of, decide, load_account, load_certificate, mail
from domain.certificate import ENDS_ONLY_THE_NAMED, Certificate, Reason
from domain.errors import NotFound, NothingToRevoke
from domain.policy import Policy
from domain.user_account import UserAccount


class Revocation:
    def __init__(
        self, store: FactStore, index: CertificateIndex, sessions: Sessions, tickets: Tickets, policy: Policy
    ) -> None:
        self._store = store
        self._index = index
        self._sessions = sessions
        self._tickets = tickets
        self._policy = policy

    def revoke_user(self, user_id: str, reason: Reason, by: str, now: datetime) -> list[str]:
        """All certificates that have not ended; for a p12 never imported only the newest. Returns the serials."""

        def attempt() -> list[str]:
            account = load_account(self._store, user_id).state
            living = [found for found in certificates_of(self._store, account) if found.state.state(now) == "live"]
            if reason == ENDS_ONLY_THE_NAMED:
                living = living[:1]
            return self._end(account, living, None, reason, by, now)

        return decide(attempt)

    def revoke_serial(self, serial: str, reason: Reason, by: str, now: datetime) -> tuple[str, list[str]]:
        """The certificate, or planned serial, of that number, and for most reasons the user's others too (R9.2).

        Returns the user ID and the serials ended; raises NotFound, NothingToRevoke.
        """
        serial = serial.upper()

        def attempt() -> tuple[str, list[str]]:
            stream = self._index.by_serial(serial)
            named = load_certificate(self._store, stream) if stream else None
            if named is None:
                raise NotFound("certificate")
            account = load_account(self._store, named.state.user_id).state
            living = [named]
            if reason != ENDS_ONLY_THE_NAMED and serial == named.state.serial:
                living += [
                    found
                    for found in certificates_of(self._store, account)
                    if found.stream != named.stream and found.state.state(now) == "live"
                ]
            return account.user_id, self._end(account, living, serial, reason, by, now)

        return decide(attempt)

    def _end(
        self,
        account: UserAccount,
        living: list[Loaded[Certificate]],
        named: str | None,
        reason: Reason,
        by: str,
        now: datetime,
    ) -> list[str]:
        if not living:
            raise NothingToRevoke(account.user_id)
        changes: list[Changes] = []
        rows: list[Row] = []
        serials = []
        for place, found in enumerate(living):
            serial = named if place == 0 and named else str(found.state.serial)
            ended = found.changes(found.state.revoke(reason, by, now, serial=serial))
            changes.append(ended)
            serials.append(serial)
            if serial != found.state.serial:
                continue  # a planned serial: the certificate of its stream, if there is one, goes on
            rows.append(self._tickets.destroy_package(found.stream))
            rows.append(self._sessions.end_bound(str(found.state.fingerprint), "revoked"))
            if self._policy.mail_when_revoked:
                changes.append(mail("revoked", account.user_id, ended, ended.facts[0]))
        self._store.save(*changes, rows=rows)
        return serials
