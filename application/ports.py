"""What the application needs from the world, each need a Protocol (style 18). `infra/` implements them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.fact import Fact
from domain.organization_facts import Profile
from domain.user_account_facts import Role
from domain.validity import Validity

# A row written in the same transaction as the facts beside it; the store's recorder calls it with its cursor. In one
# save rows go in one order, sessions, tickets, codes, vault, so that two saves do not wait for each other.
Row = Callable[[Any], None]


class Conflict(Exception):
    """Somebody else wrote to a stream since it was loaded: reload, decide again, save."""


class Busy(Exception):
    """Too many tries at once, or one waited longer than it may (R3.5): 503 with Retry-After."""


class Unavailable(Exception):
    """The database, or another part of the world, is away: 503, and never a way in."""


class Unreadable(Exception):
    """A stored fact that is none of ours: somebody changed it, or a newer version of the program wrote it (R10.4).

    500, for no waiting helps. It names the place and never what stands there, which may be anything.
    """

    code = "unreadable"

    def __init__(self, stream: UUID, version: int, position: int) -> None:
        super().__init__(f"the fact at position {position} (version {version} of stream {stream}) cannot be read")


class Changes(msgspec.Struct, frozen=True):
    """Facts to append to one stream, which stood at `version` when they were decided. Without facts: nothing."""

    stream: UUID
    version: int
    facts: Sequence[Fact]


class FactStore(Protocol):
    def load(self, stream: UUID) -> list[Fact]:
        """The stream's facts in order; its version is their number. Raises Unreadable."""

    def save(self, *changes: Changes, rows: Sequence[Row] = ()) -> None:
        """All or nothing, in one transaction. Raises Conflict where a stream has moved on.

        A `Changes` without facts writes nothing and guards nothing: what was decided on a stream as it stood holds
        only where a fact is written to it. Raises Conflict also where another save and this one waited for each other.
        """


class Turns(Protocol):
    def turn(self, account: UUID) -> AbstractContextManager[None]:
        """One password try at a time per account, over all processes (R3.5). Raises Busy after 5 seconds."""


class PasswordVault(Protocol):
    """argon2id verifiers (R2.3). All of these are bounded and may raise Busy."""

    def keep(self, owner: UUID, version: int, password: str) -> Row:
        """Hashes now; the row stores the verifier and forgets the owner's older ones."""

    def matches(self, owner: UUID, version: int, password: str) -> bool: ...

    def matches_nobody(self, password: str) -> None:
        """The same work where there is no verifier to check (R3.9)."""


class Contact(msgspec.Struct, frozen=True):
    """Of a person, or of an organization: what the log may not hold (R10.6)."""

    name: str
    email: str

    def __repr__(self) -> str:
        return "Contact(…)"


class Requester(msgspec.Struct, frozen=True):
    """Who asked the bank for an act, in its own words (R9.2)."""

    requested_by: str

    def __repr__(self) -> str:
        return "Requester(…)"


class PersonalData(Protocol):
    def keep(self, subject: UUID, version: int, person: Contact | Requester) -> tuple[str, Row]:
        """The salted commitment (hex SHA-256) for the fact, and the row that holds the data."""

    def of(self, subject: UUID, version: int) -> Contact | None:
        """None once erased."""

    def requester(self, subject: UUID, version: int) -> Requester | None:
        """None once erased."""

    def proves(self, subject: UUID, version: int, commitment: str) -> bool | None:
        """Whether what is kept is what the fact of that commitment recorded; None once erased."""


class CertificateRequest(msgspec.Struct, frozen=True):
    """`public_key` is the DER of SubjectPublicKeyInfo; `organization` goes into the subject as O."""

    user_id: str
    organization: str
    public_key: bytes
    validity: Validity


class Planned(msgspec.Struct, frozen=True):
    """A linted certificate not yet signed: `serial` in upper-case hex, `tbs` the DER of its TBSCertificate."""

    serial: str
    tbs: bytes
    sha256: str


class Authority(Protocol):
    def plan(self, request: CertificateRequest) -> Planned:
        """Draws a serial, builds, signs by a throwaway key and lints the result (R4.9). Raises ProfileViolation."""

    def sign(self, request: CertificateRequest, planned: Planned) -> bytes:
        """The certificate's DER; raises ProfileViolation unless its to-be-signed bytes are the planned ones."""

    @property
    def chain(self) -> tuple[bytes, bytes]:
        """DER of the issuing authority's and the root's certificates."""


class ProfileViolation(Exception):
    """A certificate that must not be signed; the message names the rules it breaks."""


class KeyPair(msgspec.Struct, frozen=True):
    """`private` is the DER of PKCS#8, in the clear; `public` that of SubjectPublicKeyInfo."""

    private: bytes
    public: bytes

    def __repr__(self) -> str:
        return "KeyPair(…)"


class KeyPackages(Protocol):
    """Key pairs and PKCS#12, made in a process pool, for the work holds the GIL (R4.7)."""

    def new_key(self) -> KeyPair: ...

    def pack(
        self,
        user_id: str,
        key: KeyPair,
        certificate: bytes,
        chain: tuple[bytes, bytes],
        password: str,
        profile: Profile,
    ) -> bytes: ...


class CertificateIndex(Protocol):
    """Plain state: which stream a serial or a fingerprint leads to."""

    def planned(self, serial: str, stream: UUID, not_after: datetime) -> Row: ...

    def issued(self, serial: str, fingerprint: str) -> Row: ...

    def by_fingerprint(self, fingerprint: str) -> UUID | None: ...

    def by_serial(self, serial: str) -> UUID | None: ...


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One passage from ④ to ⑧ in one browser (R5.2, R5.3). Plain state; the secrets in it are sealed.

    `code` is the number of the code by mail that it waits for (R5.7); None where it needs none, or has got it.
    """

    id: str
    user_id: str
    opened_at: datetime
    number: int | None = None
    sign_at: datetime | None = None
    failure: str | None = None
    issued_at: datetime | None = None
    file_name: str | None = None
    code: int | None = None
    gone: bool = False


class Tickets(Protocol):
    """Tickets, the password keyed at ④ and the p12, both sealed under a key that only the browser's cookie holds."""

    def open(self, user_id: str, password: str, now: datetime, code: int | None = None) -> tuple[str, Row]:
        """A new cookie value, and the row that keeps the ticket."""

    def find(self, cookie: str) -> Ticket | None: ...

    def checked(self, ticket: str) -> Row:
        """It waits for no code any more; Conflict, and no save, where the ticket is gone."""

    def password(self, cookie: str) -> str | None: ...

    def started(self, ticket: str, number: int, now: datetime) -> Row:
        """Conflict, and no save, where the ticket is gone."""

    def take_over(self, ticket: str, silent_since: datetime, now: datetime) -> bool:
        """True for exactly one caller when the job has given no sign after `silent_since` (R4.6)."""

    def sign_of_life(self, ticket: str, now: datetime) -> None: ...

    def failed(self, ticket: str, number: int, code: str) -> Row:
        """The job of that number ended without a certificate; the password stays for another 発行."""

    def sealed(self, cookie: str, p12: bytes, stream: UUID, file_name: str, now: datetime) -> Row:
        """Keeps the sealed p12 and forgets the password; TicketMissing, and no save, where the ticket is gone."""

    def package(self, cookie: str) -> bytes | None:
        """The p12 in the clear."""

    def destroy_package(self, stream: UUID) -> Row: ...

    def cancel(self, ticket: str) -> Row:
        """Forgets the ticket, its password and the code it waits for; Conflict where 発行 was pressed meanwhile."""

    def forget(self, ticket: str) -> Row:
        """As `cancel`; Conflict, and no save, only where it led to a certificate meanwhile."""

    def forget_users(self, *user_ids: str) -> Row:
        """Forgets these users' tickets that led to no certificate, the passwords in them, and the codes by mail."""

    def overdue_packages(self, issued_before: datetime) -> list[UUID]:
        """Streams of certificates whose p12 is still kept though issued at or before then."""

    def overdue_issues(self, started_before: datetime) -> list[tuple[str, str, int]]:
        """Ticket, user ID and issue number of issues begun at or before then, whoever took them over, and not ended."""

    def forget_old(self, silent_since: datetime) -> None:
        """Forgets tickets without a package that have been silent since then: their passwords are gone with them."""


class IssuanceCodes(Protocol):
    """The codes of the second check (R5.7): plain state, one alive at a time for each account."""

    def keep(self, owner: UUID, number: int, code: str, until: datetime) -> Row:
        """In place of the account's earlier one."""

    def of(self, owner: UUID, number: int) -> str | None: ...

    def forget(self, owner: UUID) -> Row: ...

    def forget_old(self, now: datetime) -> None:
        """Those whose time is over, used or not."""


class Registrant(msgspec.Struct, frozen=True):
    """A browser in which a letter's initial password was right (R7.2). Plain state.

    `credential` is that letter's. What was typed since is sealed under the browser's cookie. `user_id` is the master's
    once it is registered, so that a double click's second half finds it done.
    """

    id: str
    organization: str
    credential: int
    opened_at: datetime
    user_id: str | None = None


class MasterProfile(msgspec.Struct, frozen=True):
    """What the master is to be, until 登録 (R7.2)."""

    name: str
    email: str
    user_id: str
    password: str

    def __repr__(self) -> str:
        return "MasterProfile(…)"


class Proposal(msgspec.Struct, frozen=True):
    """What one 次へ proposed. `tag` is another one at each of them."""

    profile: MasterProfile
    tag: str


class Registrations(Protocol):
    def open(self, organization: str, credential: int, now: datetime) -> tuple[str, Row]:
        """A new cookie value, and the row of whom it belongs to."""

    def find(self, cookie: str) -> Registrant | None: ...

    def fill_in(self, cookie: str, profile: MasterProfile) -> Row:
        """Seals what was typed; Conflict where the registrant is gone or registered."""

    def proposal(self, cookie: str) -> Proposal | None:
        """The newest."""

    def registered(self, registrant: str, user_id: str) -> Row:
        """Forgets what was typed; Conflict where the registrant is gone or registered: another tab was quicker."""

    def forget(self, registrant: str) -> Row:
        """And what was typed; Conflict where it is gone already, or registered."""

    def forget_profiles(self, opened_before: datetime) -> None:
        """What was typed by those who began at or before then."""

    def forget_old(self, opened_before: datetime) -> None:
        """Those who began at or before then."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One log-in (R6.3). `fingerprint` is the certificate's it is bound to; `ended` says why it is over."""

    user_id: str
    role: Role
    fingerprint: str
    began_at: datetime
    seen_at: datetime
    must_change_password: bool
    replaced_another: bool = False
    ended: str | None = None


class Sessions(Protocol):
    def begin(
        self, user_id: str, role: Role, fingerprint: str, must_change_password: bool, now: datetime
    ) -> tuple[str, Row]:
        """A new cookie value; the row also ends the user's earlier session as `replaced`."""

    def find(self, cookie: str) -> Session | None: ...

    def with_certificate(self, cookie: str) -> tuple[Session, list[Fact]] | None:
        """And the facts of the certificate it is bound to, both as they stand at one moment, in one question."""

    def seen(self, cookie: str, now: datetime) -> None: ...

    def end(self, cookie: str, reason: str) -> Row: ...

    def end_all(self, user_id: str, reason: str) -> Row: ...

    def end_bound(self, fingerprint: str, reason: str) -> Row:
        """Ends what was begun with that certificate."""

    def password_changed(self, cookie: str) -> Row: ...

    def forget_old(self, began_before: datetime) -> None: ...
