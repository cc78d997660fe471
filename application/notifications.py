"""Sending the mails that were asked for, each once (R8.2, R8.3).

A mail is claimed, judged again from the aggregates, handed to the server, and recorded together with the claim's end.
Only a worker killed between the server's acceptance and that record leaves a mail that another sends again, under the
same Message-ID.
"""

import random
from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Literal
from uuid import UUID

import structlog
from msgspec.structs import replace

from application.mail_ports import Claim, Claims, Letter, Letters, Mail, Mailer, MailFault
from application.ports import Conflict, Contact, FactStore, IssuanceCodes, PersonalData, Unavailable
from application.streams import Loaded, find_account, is_renewed, load_certificate, load_organization
from domain.certificate import Certificate, CertificateIssued, CertificateRevoked
from domain.errors import NotFound
from domain.fact import WORKER, Fact
from domain.notification import (
    ADDRESS,
    EXPIRY,
    Cancelled,
    Notification,
    NotificationCancelled,
    NotificationGivenUp,
    NotificationSent,
    expiry_mail_time,
    notification_from,
    why_not_to_send,
)
from domain.organization_facts import Language
from domain.policy import LONGEST_MAIL_PAUSE, MAIL_ATTEMPTS, MAIL_PAUSE, Policy
from domain.tree_head import TreeHeadSigned
from domain.user_account import UserAccount
from domain.user_account_facts import AccountLocked, ContactChanged, IssuanceCodeSent, Role
from domain.validity import japanese_day

log = structlog.get_logger(__name__)

# Who releases whom, and helps with a new password or certificate (R1.2, R3.6).
RELEASES: dict[Role, Literal["master", "bank", "administrator"]] = {
    "general": "master",
    "master": "bank",
    "bank_admin": "administrator",
    "auditor": "administrator",
}
RECORD_PAUSE = 1.0  # seconds between two tries to record what the mail server has taken
GRACE = 5 * RECORD_PAUSE  # for the others to do so, once the database is back
OUTCOMES: dict[type[Fact], str] = {
    NotificationSent: "sent",
    NotificationGivenUp: "given up",
    NotificationCancelled: "cancelled",
}


class Notifications:
    """`jitter` gives a number from 0 up to 1: what part of a quarter a pause is longer by."""

    def __init__(
        self,
        store: FactStore,
        people: PersonalData,
        codes: IssuanceCodes,
        claims: Claims,
        letters: Letters,
        mailer: Mailer,
        policy: Policy,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._people = people
        self._codes = codes
        self._claims = claims
        self._letters = letters
        self._mailer = mailer
        self._policy = policy
        self._jitter = jitter
        self._was_away = False  # the database

    def send(self, clock: Callable[[], datetime], stopped: Event) -> int:
        """Sends what waits, until nothing does, the mail server is away, or a stop; returns how many were sent."""
        try:
            return self._round(clock, stopped)
        except Unavailable:
            self._was_away = True
            raise

    def _round(self, clock: Callable[[], datetime], stopped: Event) -> int:
        sent = 0
        while not stopped.is_set() and (claim := self._claims.next(clock())):
            if self._was_away:  # the claim may have lapsed meanwhile: whoever has sent this mail records it first
                if stopped.wait(GRACE):
                    break
                self._was_away = False
            found = self._load(claim.notification)
            if found is None:  # the view is behind
                self._store.save(rows=[self._claims.done(claim.notification)])
                continue
            server_is_away = False
            try:
                facts = self._attempt(found.state, claim, clock())
            except MailFault as fault:
                facts = self._failed(found.state, claim, fault, clock())
                server_is_away = fault.is_servers
            if facts and self._record(claim, found, facts, stopped):
                sent += any(isinstance(fact, NotificationSent) for fact in facts)
            if server_is_away:  # the other mails would only spend their attempts
                break
        return sent

    def _load(self, stream: UUID) -> Loaded[Notification] | None:
        """None where it has ended already."""
        facts = self._store.load(stream)
        state = notification_from(facts)
        return Loaded(state, stream, len(facts)) if state is not None and state.outcome is None else None

    def _attempt(self, notification: Notification, claim: Claim, now: datetime) -> list[Fact]:
        """How it ended; nothing where it waits for the morning. Raises MailFault."""
        if notification.kind in EXPIRY and (morning := expiry_mail_time(now, self._policy.mail_hour)) > now:
            self._claims.again_at(Claim(claim.notification, claim.attempts - 1), morning)
            return []
        if claim.attempts > MAIL_ATTEMPTS:  # each of them ended with its worker
            return notification.give_up("never_ended", claim.attempts - 1, WORKER, now)
        account = find_account(self._store, notification.user_id)
        person = self._addressee(notification, account) if account else None
        if account is None or person is None:
            return notification.cancel("erased", WORKER, now)
        # Once: between two readings another may take its place.
        code = self._code(notification, account.state, now) if notification.kind == "code" else None
        if reason := self._why_not(notification, account.state, code, now):
            return notification.cancel(reason, WORKER, now)
        letter = self._letter(notification, account.state, person.name, code, now)
        subject, body = self._letters.write(letter)
        message_id = self._letters.message_id(claim.notification)
        self._mailer.send(
            Mail(
                message_id=message_id,
                recipient=person.email,
                subject=subject,
                body=body,
                language=letter.language,
                date=now,
            )
        )
        return notification.sent(message_id, claim.attempts, WORKER, now)

    def _addressee(self, notification: Notification, account: Loaded[UserAccount]) -> Contact | None:
        """As known now; of a changed address the one it was changed from or to (R6.3). None once erased."""
        version = account.state.person
        if notification.kind in ADDRESS:
            match self._cause(notification):
                case ContactChanged(person=changed):
                    version = changed if notification.kind == "address_changed" else changed - 1
        return self._people.of(account.stream, version)

    def _cause(self, notification: Notification) -> Fact:
        """Of a mail that one fact asks for."""
        return self._store.load(notification.stream)[(notification.version or 0) - 1]

    def _code(self, notification: Notification, account: UserAccount, now: datetime) -> str | None:
        """None where it is gone, too old or replaced, and where the account is held: nothing begins with it (R5.7)."""
        match self._cause(notification):
            case IssuanceCodeSent(number=number, until=until) if now < until and account.hold(now) is None:
                return self._codes.of(notification.stream, number)
        return None

    def _why_not(
        self, notification: Notification, account: UserAccount, code: str | None, now: datetime
    ) -> Cancelled | None:
        if notification.kind == "code":
            return None if code else "code_over"
        if notification.kind not in EXPIRY:
            return None  # it tells of what has happened, and that stays true
        if account.closed:
            return "closed"
        certificate = self._certificate(notification)
        return why_not_to_send(notification.kind, certificate, is_renewed(self._store, account, certificate), now)

    def _letter(
        self, notification: Notification, account: UserAccount, name: str, code: str | None, now: datetime
    ) -> Letter:
        blank = Letter(
            kind=notification.kind,
            language=self._language(account),
            user_id=account.user_id,
            name=name,
            at=now,
            releases=RELEASES[account.role],
        )
        if notification.version is None:
            certificate = self._certificate(notification)
            last_day = certificate.validity and certificate.validity.last_day
            return replace(blank, last_day=last_day, serial=certificate.serial)
        cause = self._cause(notification)
        told = replace(blank, at=cause.at)
        match cause:
            case IssuanceCodeSent(until=until):
                return replace(told, until=until, code=code)
            case TreeHeadSigned(note=note):
                return replace(told, note=note)
            case AccountLocked(until=until):
                return replace(told, until=until)
            case CertificateIssued(serial=serial, not_after=not_after):
                return replace(told, serial=serial, last_day=japanese_day(not_after))
            case CertificateRevoked(serial=serial, reason=reason):
                return replace(told, serial=serial, reason=reason)
            case _:
                return told

    def _certificate(self, notification: Notification) -> Certificate:
        found = load_certificate(self._store, notification.stream)
        if found is None:
            raise NotFound("certificate")
        return found.state

    def _language(self, account: UserAccount) -> Language:
        if account.organization is None:
            return "ja"
        return load_organization(self._store, account.organization).state.language

    def _failed(self, notification: Notification, claim: Claim, fault: MailFault, now: datetime) -> list[Fact]:
        if claim.attempts >= MAIL_ATTEMPTS:
            return notification.give_up(fault.code, claim.attempts, WORKER, now)
        pause = min(MAIL_PAUSE * 2 ** (claim.attempts - 1), LONGEST_MAIL_PAUSE)
        again = now + pause * (1 + self._jitter() / 4)
        self._claims.again_at(claim, again)
        log.warning(
            "mail put off",
            notification=str(claim.notification),
            kind=notification.kind,
            fault=fault.code,
            attempts=claim.attempts,
            again=again.isoformat(timespec="seconds"),
        )
        return []

    def _record(self, claim: Claim, found: Loaded[Notification], facts: list[Fact], stopped: Event) -> bool:
        """What the server has taken is recorded as soon as the database is there, or else it would be sent again.

        False where another worker, which took the claim over when it had lapsed, was quicker.
        """
        told = log.bind(
            notification=str(claim.notification),
            kind=found.state.kind,
            user_id=found.state.user_id,
            attempts=claim.attempts,
        )
        while True:
            try:
                self._store.save(found.changes(facts), rows=[self._claims.done(claim.notification)])
                break
            except Unavailable:
                if stopped.wait(RECORD_PAUSE):
                    raise
            except Conflict:
                told.warning("another worker has ended this mail meanwhile")
                return False
        for fact in facts:
            told.info("mail " + OUTCOMES[type(fact)])
        return True
