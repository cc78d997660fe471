"""⑦ and ⑧: what was issued, its p12 for ten minutes, and its end (R4.8, R5.3)."""

from datetime import datetime
from uuid import UUID

import msgspec

from application.ports import FactStore, Ticket, Tickets
from application.streams import Loaded, decide, load_account, load_certificate, organization_of
from domain.certificate import Certificate, certificate_stream
from domain.errors import NoPackage, PackageGone, PackageWaits
from domain.fact import WORKER
from domain.policy import ISSUANCE_LIMIT, PACKAGE_LIFE, TICKET_LIFE
from domain.validity import Validity


class Outcome(msgspec.Struct, frozen=True):
    """What ⑦ shows. `until` is when the p12 can last be fetched."""

    certificate: Certificate
    validity: Validity
    organization_name: str
    file_name: str
    until: datetime


class Delivery:
    def __init__(self, store: FactStore, tickets: Tickets, bank_name: str) -> None:
        self._store = store
        self._tickets = tickets
        self._bank_name = bank_name

    def outcome(self, cookie: str | None, now: datetime) -> Outcome:
        """Raises NoPackage where this browser has none, PackageGone where it was closed, timed out or destroyed."""
        ticket, found, until = self._package(cookie, now)
        validity = found.state.validity
        if validity is None:
            raise NoPackage
        account = load_account(self._store, ticket.user_id).state
        return Outcome(
            certificate=found.state,
            validity=validity,
            organization_name=organization_of(self._store, account, self._bank_name)[0],
            file_name=str(ticket.file_name),
            until=until,
        )

    def fetch(self, cookie: str | None, now: datetime) -> tuple[str, bytes]:
        """The file's name and the p12; the delivery is recorded before anything is revealed (R4.8)."""
        ticket, _, _ = self._package(cookie, now)
        p12 = self._tickets.package(str(cookie))
        if p12 is None:
            raise PackageGone

        def attempt() -> None:
            found = self._certificate(ticket)
            if found is None:
                raise NoPackage
            self._store.save(found.changes(found.state.deliver_package(ticket.user_id, now)))

        decide(attempt)
        return str(ticket.file_name), p12

    def close(self, cookie: str | None, now: datetime) -> None:
        """[閉じる]: the p12 is destroyed. Closing what is gone already changes nothing."""
        ticket = self._tickets.find(cookie) if cookie else None
        found = self._certificate(ticket) if ticket and ticket.issued_at else None
        if ticket is None or found is None:
            raise NoPackage
        self.destroy_package(found.stream, "closed", ticket.user_id, now)

    def destroy_package(self, stream: UUID, reason: str, by: str, now: datetime) -> None:
        def attempt() -> None:
            found = load_certificate(self._store, stream)
            facts = found.state.destroy_package(reason, by, now) if found else []
            changes = [found.changes(facts)] if found and facts else []
            self._store.save(*changes, rows=[self._tickets.destroy_package(stream)])

        decide(attempt)

    def check_free(self, cookie: str | None, now: datetime) -> None:
        """While a p12 waits undelivered in this browser, ④ leads to ⑦ (R5.3)."""
        ticket = self._tickets.find(cookie) if cookie else None
        if ticket is not None and self.waits(ticket, now):
            raise PackageWaits

    def waits(self, ticket: Ticket, now: datetime) -> bool:
        """Whether the ticket's p12 has not been received yet, and still can be."""
        if ticket.issued_at is None or ticket.gone:
            return False
        found = self._certificate(ticket)
        until = found.state.package_until() if found else None
        return found is not None and until is not None and now < until and not found.state.delivered

    def _package(self, cookie: str | None, now: datetime) -> tuple[Ticket, Loaded[Certificate], datetime]:
        ticket = self._tickets.find(cookie) if cookie else None
        found = self._certificate(ticket) if ticket and ticket.issued_at else None
        if ticket is None or found is None:
            raise NoPackage
        until = found.state.package_until()
        if ticket.gone or until is None or now >= until:
            raise PackageGone
        return ticket, found, until

    def _certificate(self, ticket: Ticket) -> Loaded[Certificate] | None:
        return load_certificate(self._store, certificate_stream(ticket.user_id, ticket.number or 0))

    def purge(self, now: datetime) -> None:
        """Every minute: destroy what can no longer be fetched, give up what was never completed (R4.6, R4.8)."""
        for stream in self._tickets.overdue_packages(now - PACKAGE_LIFE):
            self.destroy_package(stream, "timed_out", WORKER, now)
        for ticket, user_id, number in self._tickets.overdue_issues(now - ISSUANCE_LIMIT):
            self._abandon_overdue(ticket, user_id, number, now)
        self._tickets.forget_old(now - TICKET_LIFE)

    def _abandon_overdue(self, ticket: str, user_id: str, number: int, now: datetime) -> None:
        """The account may have gone on without this ticket; ⑥ says that the issue has ended all the same."""

        def attempt() -> None:
            found = load_account(self._store, user_id)
            facts = found.state.abandon_overdue(WORKER, now)
            self._store.save(found.changes(facts), rows=[self._tickets.failed(ticket, number, "timed_out")])

        decide(attempt)
