"""④ to ⑥: from the password to 発行 and the wait, exactly one certificate whatever happens (R4, R5).

The work after 発行 is two steps, `plan` (record the intent) and `record` (the result, in one save), so that a crash
anywhere leaves a planned serial and no certificate.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, NamedTuple

import structlog

from application.certification import Certification
from application.delivery import Delivery
from application.door import Door, Step
from application.ports import Busy, FactStore, ProfileViolation, Ticket, Tickets
from application.second_check import SecondCheck
from application.streams import decide, load_account, newest_live, organization_of
from domain.certificate import certificate_stream
from domain.credentials import check_shape
from domain.errors import (
    CodeAwaited,
    DomainError,
    IssuanceRefusal,
    OtherTab,
    PackageWaits,
    TicketMissing,
    TicketTimedOut,
)
from domain.policy import SIGN_OF_LIFE, TICKET_LIFE, Policy
from domain.user_account import UserAccount
from domain.validity import JST, Validity

log = structlog.get_logger(__name__)

Stage = Literal["open", "running", "silent", "failed", "issued"]


class Opened(NamedTuple):
    """The new ticket's cookie, and whether a code by mail comes next (R5.7)."""

    cookie: str
    code_awaited: bool = False


class Issuance:
    def __init__(
        self,
        store: FactStore,
        door: Door,
        tickets: Tickets,
        second_check: SecondCheck,
        certification: Certification,
        delivery: Delivery,
        policy: Policy,
        bank_name: str,
    ) -> None:
        self._store = store
        self._door = door
        self._tickets = tickets
        self._second_check = second_check
        self._certification = certification
        self._delivery = delivery
        self._policy = policy
        self._bank_name = bank_name

    # ---- ④ -------------------------------------------------------------------------------------------------------

    def authenticate(
        self,
        user_id: str,
        password: str,
        now: datetime,
        *,
        cookie: str | None = None,
        shown: str | None = None,
        visitor: str | None = None,
    ) -> Opened:
        """A new ticket. `cookie` is the browser's earlier one, `shown` the serial it presented.

        `visitor` is the user ID of an open session: only there is a staff ID known at ④ (R1.2).
        """
        self._delivery.check_free(cookie, now)
        check_shape(user_id=user_id, password=password)

        def then(account: UserAccount, now: datetime) -> Step[Opened]:
            newest = newest_live(self._store, account, now)
            refusal: DomainError | None = account.issuance_refusal(
                newest, shown, self._policy.renewal_needs_certificate, account.user_id, now
            )
            earlier = self._tickets.find(cookie) if cookie else None
            # Another user's issue may have ended in this browser since: the new cookie would cost its p12.
            if earlier and self._delivery.waits(earlier, now):
                refusal = PackageWaits()
            code_wanted = refusal is None and self._second_check.is_wanted(account)
            if code_wanted:
                refusal = account.code_refusal(now)
            if refusal:
                return Step(Opened(""), account.refuse_issuance(refusal.code, now), refusal=refusal)
            facts = account.abandon_overdue(account.user_id, now)
            forgotten = [self._tickets.forget(earlier.id)] if earlier and earlier.issued_at is None else []
            if not code_wanted:
                opened, row = self._tickets.open(account.user_id, password, now)
                return Step(Opened(opened), facts, (), [row, *forgotten])
            sent, kept = self._second_check.send(account, now)
            opened, row = self._tickets.open(account.user_id, password, now, account.codes + 1)
            rows = [row, *forgotten, kept]
            return Step(Opened(opened, code_awaited=True), [*facts, sent], (), rows, mails=[("code", sent)])

        return self._door.enter(
            user_id, password, "issuance", then, lambda account: not account.is_staff or account.user_id == visitor
        )

    # ---- ⑤ -------------------------------------------------------------------------------------------------------

    def ticket(self, cookie: str | None, now: datetime) -> Ticket:
        """The browser's ticket; raises TicketMissing, or TicketTimedOut where 発行 comes too late (R5.2)."""
        ticket = self._tickets.find(cookie) if cookie else None
        if ticket is None:
            raise TicketMissing
        may_start = ticket.number is None or ticket.failure is not None
        if may_start and now >= self.times_out_at(ticket):
            raise TicketTimedOut
        return ticket

    def times_out_at(self, ticket: Ticket) -> datetime:
        """Until when 発行 can be pressed; after a failure, counted from the job's last sign."""
        return (ticket.sign_at or ticket.opened_at) + TICKET_LIFE

    def proposal(self, ticket: Ticket, now: datetime) -> tuple[str, Validity]:
        """What ⑤ shows: the organization's name and the days a certificate issued now would be valid."""
        account = load_account(self._store, ticket.user_id).state
        return organization_of(self._store, account, self._bank_name)[0], Validity.from_issue(now)

    def start(self, cookie: str | None, form: str, now: datetime, *, shown: str | None = None) -> bool:
        """発行. True where this call began a new issue, whose work the caller does; False where one is under way."""

        def attempt() -> bool:
            found = load_account(self._store, self.ticket(cookie, now).user_id)
            # Read after the account: what made that one issue, a double click's first half, stands in the ticket now.
            ticket = self.ticket(cookie, now)
            if ticket.id != form:
                raise OtherTab
            if ticket.code is not None:
                raise CodeAwaited
            if ticket.number is not None and ticket.failure is None:
                return False
            newest = newest_live(self._store, found.state, now)
            needs_shown = self._policy.renewal_needs_certificate
            try:
                facts = found.state.start_issuance(newest, shown, needs_shown, ticket.user_id, now)
            except IssuanceRefusal as refusal:
                self._store.save(found.changes(found.state.refuse_start(refusal.code, now)))
                raise
            number = found.state.issues + 1
            self._store.save(found.changes(facts), rows=[self._tickets.started(ticket.id, number, now)])
            return True

        return decide(attempt)

    def cancel(self, cookie: str | None, form: str) -> bool:
        """Leaves nothing behind, whether the time is up or not (R5.2); what is gone already is cancelled.

        False where an issue is under way or done: it is not stopped by it.
        """

        def attempt() -> bool:
            ticket = self._tickets.find(cookie) if cookie else None
            if ticket is None:
                return True
            if ticket.id != form:
                raise OtherTab
            if ticket.number is not None and ticket.failure is None:
                return False
            self._store.save(rows=[self._tickets.cancel(ticket.id)])
            return True

        return decide(attempt)

    # ---- ⑥ -------------------------------------------------------------------------------------------------------

    def progress(self, cookie: str | None, now: datetime) -> tuple[Stage, Ticket]:
        """Where the work stands; `silent` after 20 seconds without a sign, for exactly one asker (R4.6)."""
        ticket = self.ticket(cookie, now)
        if ticket.issued_at is not None:
            return "issued", ticket
        if ticket.failure is not None:
            return "failed", ticket
        if ticket.number is None or ticket.sign_at is None:
            return "open", ticket
        if now >= ticket.sign_at + SIGN_OF_LIFE and self._tickets.take_over(ticket.id, now - SIGN_OF_LIFE, now):
            return "silent", ticket
        return "running", ticket

    def work(self, cookie: str, clock: Callable[[], datetime]) -> None:
        """All the work after 発行. A refusal or fault ends the issue visibly; Unavailable leaves it to a take-over."""
        ticket = self._tickets.find(cookie)
        if ticket is None or ticket.number is None:
            return
        try:
            self._issue(ticket, ticket.number, cookie, clock)
        except (DomainError, ProfileViolation, Busy) as fault:
            rules = {"rules": str(fault)} if isinstance(fault, ProfileViolation) else {}
            log.warning("issue failed", number=ticket.number, fault=type(fault).__name__, **rules)
            self._give_up(ticket, ticket.number, getattr(fault, "code", "failed"), clock())

    def _issue(self, ticket: Ticket, number: int, cookie: str, clock: Callable[[], datetime]) -> None:
        account = load_account(self._store, ticket.user_id).state
        account.check_running(number, clock())  # or else a fault that lasts would be taken over for ever
        password = self._tickets.password(cookie)
        if password is None:
            raise TicketTimedOut
        prepared = self._certification.plan(account, number, account.user_id, clock())
        self._tickets.sign_of_life(ticket.id, clock())
        certificate, p12 = self._certification.sign_and_pack(prepared, password)
        now = clock()
        file_name = f"{ticket.user_id}{now.astimezone(JST):%Y%m%d%H%M%S}.p12"
        sealed = self._tickets.sealed(cookie, p12, certificate_stream(ticket.user_id, number), file_name, now)
        self._certification.record(prepared, certificate, ticket.user_id, [sealed], now)

    def _give_up(self, ticket: Ticket, number: int, code: str, now: datetime) -> None:
        def attempt() -> None:
            found = load_account(self._store, ticket.user_id)
            facts = found.state.abandon_issuance(number, code, ticket.user_id, now)
            self._store.save(found.changes(facts), rows=[self._tickets.failed(ticket.id, number, code)])

        decide(attempt)
