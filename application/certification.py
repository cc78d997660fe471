"""Making one certificate: record the intent, sign and pack, record the result in one save (R4.4, R4.7, R4.9)."""

from datetime import datetime
from hashlib import sha256

import msgspec

from application.endings import supersede_older
from application.ports import (
    Authority,
    Busy,
    CertificateIndex,
    CertificateRequest,
    Changes,
    Conflict,
    FactStore,
    KeyPackages,
    KeyPair,
    Planned,
    ProfileViolation,
    Row,
    Sessions,
    Tickets,
    Unavailable,
)
from application.streams import decide, load_account, load_certificate, load_staff, mail, newest_live, organization_of
from domain.certificate import Certificate, certificate_stream
from domain.errors import AccountIsSuspended, AlreadyClosed, DomainError, IssuanceIsOver
from domain.fact import COMMAND_LINE
from domain.organization_facts import Profile
from domain.policy import Policy
from domain.user_account import UserAccount
from domain.validity import Validity


class Prepared(msgspec.Struct, frozen=True):
    """A certificate planned and recorded, with the key that is to go into its p12. Lives in memory only."""

    request: CertificateRequest
    planned: Planned
    key: KeyPair
    number: int
    profile: Profile


class Certification:
    def __init__(
        self,
        store: FactStore,
        sessions: Sessions,
        tickets: Tickets,
        authority: Authority,
        packages: KeyPackages,
        index: CertificateIndex,
        policy: Policy,
        bank_name: str,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._tickets = tickets
        self._authority = authority
        self._packages = packages
        self._index = index
        self._policy = policy
        self._bank_name = bank_name

    def plan(self, account: UserAccount, number: int, by: str, now: datetime) -> Prepared:
        """Make the key, plan the certificate, and record the plan before anything is signed."""
        name, profile = organization_of(self._store, account, self._bank_name)
        key = self._packages.new_key()
        request = CertificateRequest(account.user_id, name, key.public, Validity.from_issue(now))
        planned = self._authority.plan(request)
        stream = certificate_stream(account.user_id, number)
        facts = Certificate.plan(account.user_id, number, planned.serial, planned.tbs, planned.sha256, by, now)

        row = self._index.planned(planned.serial, stream, request.validity.not_after)

        def save(version: int) -> None:
            self._store.save(Changes(stream, version, facts), rows=[row])

        try:
            save(0)
        except Conflict:  # A plan that a crash cut off stands there already.
            decide(lambda: save(len(self._store.load(stream))))
        return Prepared(request, planned, key, number, profile)

    def sign_and_pack(self, prepared: Prepared, password: str) -> tuple[bytes, bytes]:
        """The certificate's DER and the p12; neither leaves the process before `record`."""
        certificate = self._authority.sign(prepared.request, prepared.planned)
        p12 = self._packages.pack(
            prepared.request.user_id, prepared.key, certificate, self._authority.chain, password, prepared.profile
        )
        return certificate, p12

    def record(
        self, prepared: Prepared, der: bytes, by: str, rows: list[Row], now: datetime, *, to_file: bool = False
    ) -> None:
        """CertificateIssued, IssuanceCompleted and `rows` in one save; refused where something came between (R4.6)."""
        serial, request = prepared.planned.serial, prepared.request
        fingerprint = sha256(der).hexdigest()

        def attempt() -> None:
            account = load_account(self._store, request.user_id)
            found = load_certificate(self._store, certificate_stream(request.user_id, prepared.number))
            if found is None:
                raise IssuanceIsOver(request.user_id)
            facts = found.state.issue(serial, der, fingerprint, request.validity, by, now)
            if to_file:
                issued = found.state.after(facts[0])
                facts += issued.deliver_package(by, now) + issued.destroy_package("delivered", by, now)
            changes = found.changes(facts)
            newest = newest_live(self._store, account.state, now)
            completed = account.changes(account.state.complete_issuance(prepared.number, serial, newest, by, now))
            mails = [mail("issued", request.user_id, changes, facts[0])] if self._policy.mail_when_issued else []
            others, ended = self._superseded(account.state, prepared.number, by, now)
            self._store.save(
                changes, completed, *mails, *others, rows=[*ended, *rows, self._index.issued(serial, fingerprint)]
            )

        decide(attempt)

    def _superseded(self, account: UserAccount, number: int, by: str, now: datetime) -> tuple[list[Changes], list[Row]]:
        """With the setting `now`, the older certificates end with the issue of the new one (R4.4)."""
        if self._policy.supersede != "now":
            return [], []
        return supersede_older(self._store, self._sessions, self._tickets, account, number, by, now)

    # ---- at the command line (R1.2) ------------------------------------------------------------------------------

    def check_staff(self, user_id: str, now: datetime) -> None:
        """Refuses, before anything is changed, what `issue_to_file` would after a new password; only staff pass.

        A lock or block is no reason: the new password releases (R3.6).
        """
        account = load_staff(self._store, user_id).state
        if account.closed:
            raise AlreadyClosed(user_id)
        if account.suspended:
            raise AccountIsSuspended
        newest = newest_live(self._store, account, now)
        if refusal := account.issuance_refusal(newest, None, False, COMMAND_LINE, now):
            raise refusal

    def abandon(self, user_id: str, by: str, now: datetime) -> None:
        """Gives up an issue that a start cut off in the middle left under way; there may be none."""
        if running := load_account(self._store, user_id).state.running:
            self._give_up(user_id, running.number, "cut_off", by, now)

    def issue_to_file(self, user_id: str, password: str, by: str, now: datetime) -> bytes:
        """A staff certificate: recorded as delivered at the command line, then returned.

        Where it is refused or a part of the world fails, the issue is given up, so that it can be repeated at once.
        """

        def attempt() -> UserAccount:
            found = load_account(self._store, user_id)
            newest = newest_live(self._store, found.state, now)
            self._store.save(found.changes(found.state.start_issuance(newest, None, False, by, now)))
            return found.state

        account = decide(attempt)
        number = account.issues + 1
        try:
            prepared = self.plan(account, number, by, now)
            der, p12 = self.sign_and_pack(prepared, password)
            self.record(prepared, der, by, [], now, to_file=True)
        except (DomainError, ProfileViolation, Busy, Unavailable) as fault:
            self._give_up(user_id, number, getattr(fault, "code", "failed"), by, now)
            raise
        return p12

    def _give_up(self, user_id: str, number: int, reason: str, by: str, now: datetime) -> None:
        def attempt() -> None:
            found = load_account(self._store, user_id)
            self._store.save(found.changes(found.state.abandon_issuance(number, reason, by, now)))

        decide(attempt)
