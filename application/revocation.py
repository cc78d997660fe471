"""Ending certificates on the bank's word (R4.10, R9.2)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from application.contacts import check_request
from application.endings import end_with
from application.ports import (
    CertificateIndex,
    Changes,
    FactStore,
    PersonalData,
    Requester,
    Row,
    Sessions,
    Tickets,
)
from application.streams import Loaded, decide, live_certificates, load_account, load_certificate, mail
from domain.certificate import (
    ENDS_ONLY_THE_NAMED,
    Certificate,
    CertificateRevoked,
    Reason,
    certificate_from,
    written_serial,
)
from domain.errors import NotFound
from domain.policy import Policy
from domain.user_account import UserAccount


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What ends certificates: why, on whose word, and who asked the bank for it on which paper (R9.2)."""

    reason: Reason
    by: str
    at: datetime
    requester: Requester | None = None
    paper_number: str | None = None

    @classmethod
    def of(cls, reason: Reason, requested_by: str, paper_number: str, by: str, now: datetime) -> "Order":
        """Blank is not told. Raises InvalidInput."""
        check_request(requested_by, paper_number)
        requester = Requester(requested_by) if requested_by else None
        return cls(reason=reason, by=by, at=now, requester=requester, paper_number=paper_number or None)

    @property
    def ends_all(self) -> bool:
        return self.reason != ENDS_ONLY_THE_NAMED


class Ending(msgspec.Struct, frozen=True):
    """How a serial was revoked. `requester` is None where nobody asked the bank for it, and once erased."""

    fact: CertificateRevoked
    requester: Requester | None


class Revocation:
    def __init__(
        self,
        store: FactStore,
        index: CertificateIndex,
        people: PersonalData,
        sessions: Sessions,
        tickets: Tickets,
        policy: Policy,
    ) -> None:
        self._store = store
        self._index = index
        self._people = people
        self._sessions = sessions
        self._tickets = tickets
        self._policy = policy

    def revoke_user(
        self, user_id: str, reason: Reason, by: str, now: datetime, *, requested_by: str = "", paper_number: str = ""
    ) -> list[str]:
        """All certificates that have not ended, and the issue under way; for a p12 never imported only the newest.

        Returns the serials, none where only an issue was under way; raises InvalidInput, NotFound, NothingToRevoke.
        """
        order = Order.of(reason, requested_by, paper_number, by, now)

        def attempt() -> list[str]:
            account = load_account(self._store, user_id)
            living = list(live_certificates(self._store, account.state, now))
            return self._end(account, living if order.ends_all else living[:1], order, ())

        return decide(attempt)

    def revoke_serial(
        self, serial: str, reason: Reason, by: str, now: datetime, *, requested_by: str = "", paper_number: str = ""
    ) -> tuple[str, list[str]]:
        """The certificate, or planned serial, of that number, and for most reasons all of the user's (R9.2).

        Returns the user ID and the serials ended; raises InvalidInput, NotFound, NothingToRevoke.
        """
        order = Order.of(reason, requested_by, paper_number, by, now)
        return decide(lambda: self.end(written_serial(serial), order))

    def ending(self, serial: str) -> Ending | None:
        """Of the certificate, or planned serial, of that number; None where it was not revoked. Raises NotFound."""
        stream = self._index.by_serial(serial)
        facts = self._store.load(stream) if stream else []
        if stream is None or certificate_from(facts) is None:
            raise NotFound("certificate")
        for fact in facts:
            if isinstance(fact, CertificateRevoked) and fact.serial == written_serial(serial):
                asked = fact.request
                return Ending(fact, self._people.requester(stream, asked) if asked is not None else None)
        return None

    # ---- for an act that is decided together with something else -------------------------------------------------

    def find(self, serial: str, order: Order) -> Certificate:
        """The certificate, if it could be ended now; raises NotFound, NothingToRevoke."""
        named = self._named(serial).state
        named.revoke(order.reason, order.by, order.at, serial=serial)
        return named

    def end(self, serial: str, order: Order, beside: Sequence[Changes] = ()) -> tuple[str, list[str]]:
        """One attempt, in one save with what stands `beside` it; raises Conflict besides."""
        named = self._named(serial)
        if serial != named.state.serial:
            return named.state.user_id, self._end_plan(named, serial, order, beside)
        account = load_account(self._store, named.state.user_id)
        alive = live_certificates(self._store, account.state, order.at) if order.ends_all else ()
        others = [found for found in alive if found.stream != named.stream]
        return account.state.user_id, self._end(account, [named, *others], order, beside)

    # --------------------------------------------------------------------------------------------------------------

    def _named(self, serial: str) -> Loaded[Certificate]:
        stream = self._index.by_serial(serial)
        named = load_certificate(self._store, stream) if stream else None
        if named is None:
            raise NotFound("certificate")
        return named

    def _end_plan(self, found: Loaded[Certificate], serial: str, order: Order, beside: Sequence[Changes]) -> list[str]:
        """The certificate of its stream, if there is one, goes on."""
        changes, kept = self._revoked(found, order, serial)
        self._store.save(changes, *beside, rows=kept)
        return [serial]

    def _end(
        self,
        account: Loaded[UserAccount],
        living: Sequence[Loaded[Certificate]],
        order: Order,
        beside: Sequence[Changes],
    ) -> list[str]:
        """The account was loaded before its certificates, and is written to: an issue between the two is a conflict."""
        user_id, serials = account.state.user_id, [str(found.state.serial) for found in living]
        revoked = [self._revoked(found, order, str(found.state.serial)) for found in living]
        ended = [changes for changes, _ in revoked]
        noted = account.changes(account.state.end_certificates(serials, order.reason, order.by, order.at))
        told = ended if self._policy.mail_when_revoked else []
        mails = [mail("revoked", user_id, changes, changes.facts[0]) for changes in told]
        rows = end_with(living, "revoked", self._sessions, self._tickets)
        if order.ends_all:
            rows.append(self._tickets.forget_users(user_id))
        kept = [row for _, rows_of_one in revoked for row in rows_of_one]
        self._store.save(*ended, noted, *mails, *beside, rows=[*rows, *kept])
        return serials

    def _revoked(self, found: Loaded[Certificate], order: Order, serial: str) -> tuple[Changes, list[Row]]:
        """Who asked is kept under the certificate's stream, with the place of the fact in it as its version."""
        version, commitment, rows = None, None, []
        if order.requester is not None:
            version = found.version + 1
            commitment, row = self._people.keep(found.stream, version, order.requester)
            rows.append(row)
        facts = found.state.revoke(
            order.reason,
            order.by,
            order.at,
            serial=serial,
            request=version,
            commitment=commitment,
            paper_number=order.paper_number,
        )
        return found.changes(facts), rows
