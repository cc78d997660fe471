"""How an account or a certificate stood at a past moment: its own facts, folded up to there (R10.2).

By the instants that the facts name, whatever their place in the log: the end of a lock is at its `until`, whenever the
worker wrote it down.
"""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from application.ports import CertificateIndex, Contact, FactStore, PersonalData
from application.streams import load_account
from domain.certificate import (
    CertificatePlanned,
    CertificateRevoked,
    Reason,
    State,
    certificate_from,
    certificate_stream,
    written_serial,
)
from domain.credentials import account_stream
from domain.errors import AccountIsLocked, InvalidInput, NotFound, NotThereYet
from domain.fact import Fact
from domain.user_account import account_from
from domain.user_account_facts import ContactChanged, PersonalDataErased, Role, UserRegistered


class CertificateAsOf(msgspec.Struct, frozen=True, kw_only=True):
    """Of the certificate, or planned serial, of that number. `last_day` is a JST date, the instants are UTC.

    `facts` of its stream were folded. What was only planned has no validity.
    """

    as_of: datetime
    serial: str
    user_id: str
    number: int
    state: State
    planned_at: datetime
    issued_at: datetime | None
    not_before: datetime | None
    not_after: datetime | None
    last_day: date | None
    fingerprint: str | None
    package_waits: bool
    first_used_at: datetime | None
    revoked_at: datetime | None
    reason: Reason | None
    facts: int


class AccountAsOf(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: open, locked, blocked, suspended, closed; `failures` reads 6 while locked or blocked.

    `locked_until` is given in the state locked alone, `password_until` while the password came from somebody else,
    `issuing` is the number of the issue under way. `certificates` are those there were, newest issue first; `person` is
    the version of name and address in the vault, `commitment` proves it; `facts` of the account's own were folded.
    """

    as_of: datetime
    user_id: str
    role: Role
    organization: str | None
    registered_at: datetime
    state: str
    failures: int
    locks: int
    locked_until: datetime | None
    password_until: datetime | None
    issuing: int | None
    certificates: list[CertificateAsOf]
    person: int
    commitment: str
    facts: int


class RecordedPerson(msgspec.Struct, frozen=True):
    """Name and mail address as they were recorded in that version; None where the vault keeps them no more (R10.6).

    `is_proven`: what the vault keeps is what the fact's commitment was made of; None where it keeps nothing.
    `is_erased`: a fact says that they were erased, by now; without one, what the vault does not keep was lost.
    """

    version: int
    contact: Contact | None
    is_proven: bool | None
    is_erased: bool


def check_past(as_of: datetime, now: datetime) -> None:
    """Raises InvalidInput: what will be is in no log."""
    if as_of > now:
        raise InvalidInput(as_of="future")


class Replay:
    def __init__(self, store: FactStore, index: CertificateIndex, people: PersonalData) -> None:
        self._store = store
        self._index = index
        self._people = people

    def account(self, user_id: str, as_of: datetime, now: datetime) -> AccountAsOf:
        """Of exactly this ID (R2.2). Raises NotFound, NotThereYet, InvalidInput for a moment to come."""
        check_past(as_of, now)
        load_account(self._store, user_id)
        every = self._store.load(account_stream(user_id))
        facts = _up_to(as_of, every)
        state = account_from(facts)
        if state is None:
            raise NotThereYet(every[0].at)
        hold = state.hold(as_of)
        return AccountAsOf(
            as_of=as_of,
            user_id=state.user_id,
            role=state.role,
            organization=state.organization,
            registered_at=facts[0].at,
            state=hold.code if hold else "open",
            failures=state.lockout.failures_at(as_of),
            locks=state.lockout.locks,
            locked_until=hold.until if isinstance(hold, AccountIsLocked) else None,
            password_until=state.password_until,
            issuing=state.running.number if state.running else None,
            certificates=self._certificates(state.user_id, state.issues, as_of),
            person=state.person,
            commitment=_commitment(facts),
            facts=len(facts),
        )

    def person(self, account: AccountAsOf) -> RecordedPerson:
        """Whose the account was at that moment."""
        stream = account_stream(account.user_id)
        is_proven = self._people.proves(stream, account.person, account.commitment)
        is_erased = any(isinstance(fact, PersonalDataErased) for fact in self._store.load(stream))
        return RecordedPerson(account.person, self._people.of(stream, account.person), is_proven, is_erased)

    def certificate(self, serial: str, as_of: datetime, now: datetime) -> CertificateAsOf:
        """Or the planned serial of that number. Raises NotFound, NotThereYet, InvalidInput for a moment to come."""
        check_past(as_of, now)
        stream, named = self._index.by_serial(serial), written_serial(serial)
        facts = self._store.load(stream) if stream else []
        planned = _plan(facts, named)
        if planned is None:
            raise NotFound("certificate")
        found = _certificate(_up_to(as_of, facts), named, as_of)
        if found is None:
            raise NotThereYet(planned.at)
        return found

    def _certificates(self, user_id: str, issues: int, as_of: datetime) -> list[CertificateAsOf]:
        """What came of each issue: the certificate, or its last plan."""
        found = []
        for number in range(issues, 0, -1):
            facts = _up_to(as_of, self._store.load(certificate_stream(user_id, number)))
            state = certificate_from(facts)
            if state is not None:
                found.append(_certificate(facts, state.serial or state.plans[-1], as_of))
        return [certificate for certificate in found if certificate is not None]


def _up_to(as_of: datetime, facts: Sequence[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.at <= as_of]


def _commitment(facts: Sequence[Fact]) -> str:
    """To the newest version of the person."""
    return next(fact.commitment for fact in reversed(facts) if isinstance(fact, UserRegistered | ContactChanged))


def _plan(facts: Sequence[Fact], serial: str) -> CertificatePlanned | None:
    return next((fact for fact in facts if isinstance(fact, CertificatePlanned) and fact.serial == serial), None)


def _certificate(facts: Sequence[Fact], serial: str, as_of: datetime) -> CertificateAsOf | None:
    """None where it was not planned in these."""
    state, planned = certificate_from(facts), _plan(facts, serial)
    if state is None or planned is None:
        return None
    ended = next((fact for fact in facts if isinstance(fact, CertificateRevoked) and fact.serial == serial), None)
    is_issued = serial == state.serial
    validity = state.validity if is_issued else None
    # A serial of a plan that nobody was given a certificate of stands for itself, whatever became of the issue (R4.9).
    own: State = "revoked" if ended else "planned"
    return CertificateAsOf(
        as_of=as_of,
        serial=serial,
        user_id=state.user_id,
        number=state.number,
        state=state.state(as_of) if is_issued else own,
        planned_at=planned.at,
        issued_at=state.issued_at if is_issued else None,
        not_before=validity.not_before if validity else None,
        not_after=validity.not_after if validity else None,
        last_day=validity.last_day if validity else None,
        fingerprint=state.fingerprint if is_issued else None,
        package_waits=is_issued and state.package_waits,
        first_used_at=state.first_used_at if is_issued else None,
        revoked_at=ended.at if ended else None,
        reason=ended.reason if ended else None,
        facts=len(facts),
    )
