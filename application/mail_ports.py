"""What mails need from the world, each need a Protocol (R8). `infra/` implements them."""

from datetime import date, datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from application.ports import Row
from domain.notification import Kind
from domain.organization_facts import Language


class DueByTime(Protocol):
    """What the read models say is due; the aggregates decide. `limit` bounds one question, the oldest come first."""

    def expiry_mails(self, now: datetime, limit: int) -> list[UUID]:
        """Streams of certificates that an expiry mail is due for and was not asked for (R8.2)."""

    def run_out_locks(self, now: datetime, limit: int) -> list[str]:
        """User IDs whose lock's time has passed, which nobody recorded yet (R3.7)."""


class Claim(msgspec.Struct, frozen=True):
    """One mail in one worker's hands. `attempts` counts this one, also where its worker died."""

    notification: UUID
    attempts: int


class Claims(Protocol):
    """Who is at which mail: plain state. A claim lapses by itself, so that a dead worker's mails are sent by others."""

    def next(self, now: datetime) -> Claim | None:
        """A mail due now that nobody else holds, the one due longest first."""

    def done(self, notification: UUID) -> Row:
        """Nothing is left to do about it: it is given to nobody again, also while the view is behind."""

    def again_at(self, claim: Claim, at: datetime) -> None:
        """Nobody tries before then; `claim.attempts` have been made so far."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail tells, in whose words `Letters` knows. What a kind does not tell is None.

    `at` is when it happened, `until` the end of a lock or code, `last_day` and `serial` the certificate's, `reason` a
    revocation's, `code` the second check's, `note` the text of a signed tree head. `releases` names who can release and
    helps on: the own master, the bank, or for staff the administrator (R1.2, R3.6).
    """

    kind: Kind
    language: Language
    user_id: str
    name: str
    at: datetime
    until: datetime | None = None
    last_day: date | None = None
    serial: str | None = None
    reason: str | None = None
    code: str | None = None
    note: str | None = None
    releases: Literal["master", "bank", "administrator"] = "bank"

    def __repr__(self) -> str:
        return f"Letter({self.kind}, {self.user_id})"


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """`message_id` without its angle brackets; `body` is plain text."""

    message_id: str
    recipient: str
    subject: str
    body: str
    language: Language
    date: datetime

    def __repr__(self) -> str:
        return f"Mail({self.message_id})"


class Letters(Protocol):
    def write(self, letter: Letter) -> tuple[str, str]:
        """Subject and body."""

    def message_id(self, notification: UUID) -> str:
        """The same for every attempt, so that a repeat can be told."""


# Words of ours for what a mail server or a mailbox does; its own words quote addresses.
Fault = Literal[
    "unsendable",
    "unreachable",
    "timed_out",
    "disconnected",
    "tls_not_offered",
    "tls_failed",
    "login_refused",
    "busy",
    "sender_refused",
    "not_understood",
    "refused",
    "refused_for_now",
    "not_kept",
]


class MailFault(Exception):
    """It was not taken. `is_servers` where any mail would fail now."""

    def __init__(self, code: Fault, *, is_servers: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_servers = is_servers


class Mailer(Protocol):
    def send(self, mail: Mail) -> None:
        """Returns once the server has taken it. Raises MailFault."""
