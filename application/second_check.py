"""本人確認: a six-digit code by mail at issue, for the organizations that want it (R5.7)."""

import re
from datetime import datetime
from secrets import compare_digest

from application.door import folded
from application.ports import FactStore, IssuanceCodes, Row, Ticket, Tickets
from application.streams import decide, load_account, load_organization
from domain.credentials import Pick, account_stream
from domain.errors import CodeOver, InvalidInput, OtherTab, TicketMissing, TicketTimedOut, WrongCode
from domain.fact import Fact
from domain.policy import CODE_DIGITS, CODE_LIFE, TICKET_LIFE
from domain.user_account import UserAccount

CODE = re.compile(rf"[0-9]{{{CODE_DIGITS}}}", re.ASCII)
FULL_WIDTH = re.compile(r"[\uff10-\uff19\u3000]")


class SecondCheck:
    def __init__(self, store: FactStore, tickets: Tickets, codes: IssuanceCodes, pick: Pick) -> None:
        self._store = store
        self._tickets = tickets
        self._codes = codes
        self._pick = pick

    def is_wanted(self, account: UserAccount) -> bool:
        """By the account's organization; staff belong to none."""
        if account.organization is None:
            return False
        return load_organization(self._store, account.organization).state.issuance_code == "on"

    def send(self, account: UserAccount, now: datetime) -> tuple[Fact, Row]:
        """The fact that asks for the mail, and the row that keeps the code for it."""
        (sent,) = account.send_code(now)
        code = "".join(self._pick("0123456789") for _ in range(CODE_DIGITS))
        return sent, self._codes.keep(account_stream(account.user_id), account.codes + 1, code, now + CODE_LIFE)

    def ticket(self, cookie: str | None, now: datetime) -> Ticket:
        """Raises TicketMissing, TicketTimedOut."""
        ticket = self._tickets.find(cookie) if cookie else None
        if ticket is None:
            raise TicketMissing
        if ticket.code is not None and now >= ticket.opened_at + TICKET_LIFE:
            raise TicketTimedOut
        return ticket

    def confirm(self, cookie: str | None, form: str | None, typed: str, now: datetime) -> None:
        """確認. `form` is the ticket that the page was made for, None where the form does not say.

        Raises OtherTab and InvalidInput, which count nothing, WrongCode, and CodeOver, which ends the ticket.
        """

        def attempt() -> WrongCode | CodeOver | None:
            ticket = self.ticket(cookie, now)
            if form is not None and form != ticket.id:  # ④ was done in another tab since, perhaps as somebody else
                raise OtherTab
            if not CODE.fullmatch(typed):
                raise InvalidInput(code=_fault_of(typed))
            if ticket.code is None:
                return None  # another tab was quicker
            found = load_account(self._store, ticket.user_id)
            kept = self._codes.of(found.stream, ticket.code)
            is_right = kept is not None and compare_digest(kept, typed)
            try:
                facts = found.state.check_code(ticket.code, is_right, now)
            except CodeOver as over:
                self._store.save(rows=[self._tickets.forget(ticket.id)])
                return over
            if is_right:
                rows = [self._tickets.checked(ticket.id), self._codes.forget(found.stream)]
                self._store.save(found.changes(facts), rows=rows)
                return None
            code = folded(found.state, facts).code
            if code is not None and code.left:
                self._store.save(found.changes(facts))
                return WrongCode(code.left)
            self._store.save(found.changes(facts), rows=[self._tickets.forget(ticket.id)])
            return CodeOver()

        if refusal := decide(attempt):
            raise refusal

    def forget_old(self, now: datetime) -> None:
        self._codes.forget_old(now)


def _fault_of(typed: str) -> str:
    if not typed:
        return "missing"
    return "full_width" if FULL_WIDTH.search(typed) else "malformed"
