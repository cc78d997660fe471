"""Views that are told other facts than those of the log, for controls of who compares views."""

from collections.abc import Callable, Sequence

from psycopg import Cursor
from psycopg.rows import DictRow

from application.ports import Changes
from domain.fact import LogEntry
from projections.views import View
from tests.support.copies import Kind
from tests.support.history import history

# By whose last fact of this kind each view tells something else.
TOLD = {
    "lock_status": "PasswordFailed",
    "certificate_register": "CertificateIssued",
    "expiring_certificates": "CertificateIssued",
    "outbox": "NotificationSent",
    "people": "UserRegistered",
    "approvals": "ApprovalGiven",
    "audit_log": "PasswordFailed",
    "log_tree": "PasswordFailed",
}
Pages = Callable[[Sequence[LogEntry]], Sequence[Sequence[LogEntry]]]


def ending_with_what_it_tells(kind: Kind) -> list[Changes]:
    facts = history(300)
    while type(facts[-1].facts[0]).__name__ != TOLD[kind().name]:
        facts.pop()
    return facts


def altered(kind: Kind, pages: Pages) -> View:
    """The live view, which folds these pages in place of each."""

    class Altered(kind):  # type: ignore[misc, valid-type]  # any of them
        def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
            for page in pages(entries):
                super().fold(cursor, page)

    return Altered()


def without_the_last(entries: Sequence[LogEntry]) -> Sequence[Sequence[LogEntry]]:
    return [entries[:-1]]


def with_the_last_twice(entries: Sequence[LogEntry]) -> Sequence[Sequence[LogEntry]]:
    return [entries, entries[-1:]]
