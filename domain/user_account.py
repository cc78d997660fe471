"""UserAccount: who may try a password, who is locked, and which issue of a certificate is under way (R2-R4, R6).

Decisions are methods of the frozen state: they refuse with a DomainError or return facts. `after` folds one fact and
never refuses, for it runs at every replay.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Self

import msgspec

from domain.account_access import AccountAccess
from domain.certificate import ENDS_ONLY_THE_NAMED, Certificate, Reason
from domain.errors import (
    AccountIsLocked,
    CodeOver,
    IssuanceIsOver,
    IssuanceIsRunning,
    IssuanceRefusal,
    IssuanceTimedOut,
    NothingToRevoke,
    OnlyAtCommandLine,
    TooManyCodes,
)
from domain.fact import COMMAND_LINE, Fact
from domain.issuance import Issuance, renewal_refusal
from domain.issuance_code import NO_CODES, CodesOfDay, IssuanceCode
from domain.lockout import Lockout
from domain.policy import CODE_LIFE, CODES_A_DAY, REFUSAL_PAUSE
from domain.user_account_facts import (
    AccessRefused,
    AccountBlocked,
    AccountClosed,
    AccountLocked,
    AccountLockExpired,
    AccountReleased,
    AccountResumed,
    AccountSuspended,
    CertificateEnded,
    ContactChanged,
    IssuanceAbandoned,
    IssuanceCodeAccepted,
    IssuanceCodeFailed,
    IssuanceCodeSent,
    IssuanceCompleted,
    IssuanceRefused,
    IssuanceStarted,
    PasswordAccepted,
    PasswordChanged,
    PasswordFailed,
    PasswordReset,
    PersonalDataErased,
    UserRegistered,
)
from domain.validity import japanese_day


class UserAccount(AccountAccess, frozen=True, kw_only=True):
    """What may be issued to it; the rest is its access."""

    issues: int = 0
    running: Issuance | None = None
    issue_refused: IssuanceRefused | None = None
    codes: int = 0
    code: IssuanceCode | None = None
    codes_of_day: CodesOfDay = NO_CODES

    def issuance_refusal(
        self, newest: Certificate | None, shown: str | None, needs_shown: bool, by: str, now: datetime
    ) -> IssuanceRefusal | None:
        """Why no certificate can be issued to this person now, or None. The rest is asked of `renewal_refusal`."""
        if self.running is not None and now < self.running.times_out_at():
            return IssuanceIsRunning(self.running.times_out_at())
        if self._only_at_command_line(newest, by, now):
            return OnlyAtCommandLine()
        return renewal_refusal(newest, shown, needs_shown, now)

    def _only_at_command_line(self, newest: Certificate | None, by: str, now: datetime) -> bool:
        """Elsewhere staff renew what is live, and nothing more (R1.2)."""
        return self.is_staff and by != COMMAND_LINE and (newest is None or newest.state(now) != "live")

    def refuse_issuance(self, reason: str, now: datetime) -> list[Fact]:
        """At ④, after a right password (R4.2)."""
        return [IssuanceRefused(at=now, by=self.user_id, reason=reason)]

    def code_refusal(self, now: datetime) -> TooManyCodes | None:
        """Why no other code can be sent to this account now, or None (R5.7)."""
        return TooManyCodes() if self.codes_of_day.on(japanese_day(now)) >= CODES_A_DAY else None

    def send_code(self, now: datetime) -> list[Fact]:
        """A code by mail, after a right password; the one before is dead with it (R5.7)."""
        if refusal := self.code_refusal(now):
            raise refusal
        return [IssuanceCodeSent(at=now, by=self.user_id, number=self.codes + 1, until=now + CODE_LIFE)]

    def check_code(self, number: int, is_right: bool, now: datetime) -> list[Fact]:
        """`is_right`: what was typed is the code of that number. Raises CodeOver; after the fifth wrong one it is."""
        if self.code is None or self.code.number != number or not self.code.is_alive(now):
            raise CodeOver(self.user_id)
        kind = IssuanceCodeAccepted if is_right else IssuanceCodeFailed
        return [*self.expire_lock(self.user_id, now), kind(at=now, by=self.user_id, number=number)]

    def refuse_start(self, reason: str, now: datetime) -> list[Fact]:
        """At 発行: pressed again and again, the same refusal is recorded once a minute, as R3.4 has it for tries."""
        last = self.issue_refused
        if last is not None and last.reason == reason and now < last.at + REFUSAL_PAUSE:
            return []
        return [*self.expire_lock(self.user_id, now), *self.refuse_issuance(reason, now)]

    def start_issuance(
        self, newest: Certificate | None, shown: str | None, needs_shown: bool, by: str, now: datetime
    ) -> list[Fact]:
        """One issue at a time; the stream's own version makes it one for all processes (R4.6)."""
        if hold := self.hold(now):
            raise hold
        if refusal := self.issuance_refusal(newest, shown, needs_shown, by, now):
            raise refusal
        before = self.abandon_overdue(by, now) or self.expire_lock(by, now)
        return [*before, IssuanceStarted(at=now, by=by, number=self.issues + 1)]

    def complete_issuance(
        self, number: int, serial: str, newest: Certificate | None, by: str, now: datetime
    ) -> list[Fact]:
        """Refused where a close, suspension, block or revocation came first, or the ten minutes are over (R4.6).

        Not by a lock: with six guesses an outsider could stop anybody's issue. `newest` as in `renewal_refusal`.
        """
        hold = self.hold(now)
        if hold is not None and not isinstance(hold, AccountIsLocked):
            raise hold
        self.check_running(number, now)
        if self._only_at_command_line(newest, by, now):
            raise OnlyAtCommandLine()
        return [*self.expire_lock(by, now), IssuanceCompleted(at=now, by=by, number=number, serial=serial)]

    def check_running(self, number: int, now: datetime) -> None:
        """Raises IssuanceIsOver, or IssuanceTimedOut from the end of its ten minutes on."""
        if self.running is None or self.running.number != number:
            raise IssuanceIsOver(self.user_id)
        if now >= self.running.times_out_at():
            raise IssuanceTimedOut(self.user_id)

    def abandon_issuance(self, number: int, reason: str, by: str, now: datetime) -> list[Fact]:
        if self.running is None or self.running.number != number:
            return []
        return [*self.expire_lock(by, now), IssuanceAbandoned(at=now, by=by, number=number, reason=reason)]

    def abandon_overdue(self, by: str, now: datetime) -> list[Fact]:
        """Ten minutes after 発行 an issue not completed is given up (R4.6)."""
        if self.running is None or now < self.running.times_out_at():
            return []
        return self.abandon_issuance(self.running.number, "timed_out", by, now)

    def end_certificates(self, serials: Sequence[str], reason: Reason, by: str, now: datetime) -> list[Fact]:
        """The bank ends these certificates, and for most reasons the issue under way, which would outlive them (R9.2).

        Raises NothingToRevoke where there is neither.
        """
        running = self.running if reason != ENDS_ONLY_THE_NAMED else None
        if not serials and running is None:
            raise NothingToRevoke(self.user_id)
        abandoned = self.abandon_issuance(running.number, "revoked", by, now) if running else []
        ended = [CertificateEnded(at=now, by=by, serial=serial, reason=reason) for serial in serials]
        return [*(abandoned or self.expire_lock(by, now)), *ended]

    def after(self, fact: Fact) -> Self:
        replace = msgspec.structs.replace
        match fact:
            case PasswordAccepted():
                return replace(self, lockout=Lockout())
            case PasswordFailed():
                return replace(self, lockout=self.lockout.after_failure())
            case AccessRefused(at=at):
                return replace(self, refused_at=at)
            case AccountLocked(lock=lock, until=until):
                return replace(self, lockout=self.lockout.after_lock(lock, until))
            case AccountLockExpired():
                return replace(self, lockout=self.lockout.after_lock_expired())
            case AccountBlocked():
                return replace(self, lockout=self.lockout.after_block())
            case AccountReleased():
                return replace(self, lockout=Lockout())
            case PasswordChanged(at=at, credential=credential):
                return replace(self, credential=credential, password_until=None, password_changed_at=at)
            case PasswordReset(credential=credential, password_until=until):
                return replace(self, credential=credential, password_until=until)
            case ContactChanged(person=person):
                return replace(self, person=person)
            case AccountSuspended():
                return replace(self, suspended=True)
            case AccountResumed():
                return replace(self, suspended=False)
            case AccountClosed():
                return replace(self, closed=True, running=None)
            case PersonalDataErased():
                return replace(self, erased=True)
            case IssuanceCodeSent(at=at, number=number, until=until):
                sent = self.codes_of_day.one_more(japanese_day(at))
                return replace(self, codes=number, code=IssuanceCode(number, until), codes_of_day=sent)
            case IssuanceCodeFailed():
                return replace(self, code=self.code and self.code.after_failure())
            case IssuanceCodeAccepted():
                return replace(self, code=self.code and self.code.after_success())
            case IssuanceStarted(at=at, number=number):
                return replace(self, issues=number, running=Issuance(number, at))
            case IssuanceRefused():
                return replace(self, issue_refused=fact)
            case IssuanceCompleted() | IssuanceAbandoned():
                return replace(self, running=None)
            case _:
                return self


def account_from(facts: Iterable[Fact]) -> UserAccount | None:
    """The state after `facts`, or None where there are none."""
    state: UserAccount | None = None
    for fact in facts:
        if isinstance(fact, UserRegistered):
            state = UserAccount(
                user_id=fact.user_id,
                role=fact.role,
                organization=fact.organization,
                person=fact.person,
                credential=fact.credential,
                password_until=fact.password_until,
            )
        elif state is not None:
            state = state.after(fact)
    return state
