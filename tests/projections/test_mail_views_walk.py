"""Folded from pages cut anywhere, the views of mails are the same, and say what the domain says: random walks.

A mail is due where the certificate itself says so and it was not asked for (R8.2); the totals are those of the mails
(R8.4; style 31).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import Cursor
from psycopg.rows import DictRow

from domain.certificate import Certificate, Reason, certificate_stream
from domain.credentials import account_stream
from domain.fact import WORKER, Fact, LogEntry
from domain.notification import Kind, Notification, expiry_due, notification_stream
from domain.validity import Validity
from projections.expiring_certificates import ExpiringCertificates
from projections.outbox import Outbox
from projections.runner import Connection, start
from projections.views import View
from tests.support.accounts import DAY, NINE, SECOND, certificate_after, fact, registered
from tests.support.copies import rows_of
from tests.support.log import MemoryLog, cut

USERS = ("taro01", "jiro02")
NEVER = 10_000  # days from NINE
PAGES = st.one_of(st.just([1]), st.lists(st.integers(1, 9), min_size=1, max_size=6))
WALK = settings(
    max_examples=10, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def folded(connection: Connection, view: View, pages: Iterator[Sequence[LogEntry]]) -> Iterator[Cursor[DictRow]]:
    """The view as these pages leave it, for as long as it is looked at."""
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        for page in pages:
            view.fold(cursor, page)
        yield cursor


class People:
    """Two users, their certificates, and the mails asked for."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.asked: set[tuple[str, UUID]] = set()
        self._closed: set[str] = set()
        self._certificates: dict[str, list[Certificate]] = {user_id: [] for user_id in USERS}
        for user_id in USERS:
            self.log.append(account_stream(user_id), registered(user_id).facts)

    def plan(self, user_id: str, now: datetime) -> None:
        number = len(self._certificates[user_id]) + 1
        facts = Certificate.plan(user_id, number, f"{user_id}{number}".encode().hex().upper(), b"", "", user_id, now)
        self._certificates[user_id].append(certificate_after(self._append(user_id, number, facts)))

    def issue(self, user_id: str, now: datetime) -> None:
        """Of a closed account it comes to a plan at most (R4.6)."""
        self.plan(user_id, now)
        if user_id in self._closed:
            return
        state = self._certificates[user_id].pop()
        facts = state.issue(state.plans[0], b"", state.plans[0], Validity.from_issue(now), user_id, now)
        self._certificates[user_id].append(certificate_after(self._append(user_id, state.number, facts), state))

    def revoke(self, user_id: str, which: int, reason: Reason, now: datetime) -> None:
        """The one that many places from the newest."""
        states = self._certificates[user_id]
        if which < len(states) and (state := states[-1 - which]).state(now) == "live":
            facts = state.revoke(reason, "bank01", now)
            states[-1 - which] = certificate_after(self._append(user_id, state.number, facts), state)

    def close(self, user_id: str, now: datetime) -> None:
        """Its certificates stand, whatever else a closing ends: nothing is due for them all the same."""
        if user_id not in self._closed:
            self.log.append(account_stream(user_id), [fact("AccountClosed", now, by="hanako01", reason="deleted")])
            self._closed.add(user_id)

    def ask_what_is_due(self, now: datetime) -> None:
        """As the reminder worker does."""
        for stream, kind, user_id in self._due(now):
            facts = Notification.request(kind, user_id, stream, None, WORKER, now)
            self.log.append(notification_stream(kind, stream), facts)
            self.asked.add((kind, stream))

    def due(self, now: datetime) -> set[UUID]:
        """As the certificates themselves say."""
        return {stream for stream, _, _ in self._due(now)}

    def _due(self, now: datetime) -> list[tuple[UUID, Kind, str]]:
        found: list[tuple[UUID, Kind, str]] = []
        for user_id, states in self._certificates.items():
            for state in states if user_id not in self._closed else []:
                renewed = any(_renews(other, state) for other in states)
                stream, kind = certificate_stream(user_id, state.number), expiry_due(state, renewed, now)
                if ("expired", stream) in self.asked:
                    continue  # also where another worker's clock is behind
                if kind and (kind, stream) not in self.asked:
                    found.append((stream, kind, user_id))
        return found

    def _append(self, user_id: str, number: int, facts: list[Fact]) -> list[Fact]:
        self.log.append(certificate_stream(user_id, number), facts)
        return facts


def _renews(later: Certificate, older: Certificate) -> bool:
    """It was issued, and not revoked as long as the older had not ended."""
    if later.number <= older.number or later.validity is None or older.validity is None:
        return False
    return later.revoked_at is None or older.validity.is_over(later.revoked_at)


LIVES = st.lists(
    st.tuples(
        st.sampled_from(USERS),
        st.sampled_from([*4 * ["issue", "ask"], *2 * ["revoke", "revoke the one before"], "plan", "close"]),
        st.sampled_from([0, 1, 30, 31, 334, 335, 366]),
    ),
    max_size=25,
)


RENEWED = [("taro01", "issue", 0), ("taro01", "issue", 335)]


@WALK
@given(steps=LIVES, lengths=PAGES)
@example(steps=[*RENEWED, ("taro01", "revoke", 30)], lengths=[1])  # on the last day of the one before
@example(steps=[*RENEWED, ("taro01", "revoke", 31)], lengths=[1])  # on the day after
@example(steps=[*RENEWED, ("taro01", "close", 366), ("taro01", "issue", 0)], lengths=[1])
def test_what_is_due_is_what_the_certificates_say_in_whatever_pages_it_was_folded(
    connection: Connection, steps: list[tuple[str, str, int]], lengths: list[int]
) -> None:
    people, now, view = People(), NINE, ExpiringCertificates()
    for user_id, act, days in steps:
        now += timedelta(days=days)
        match act:
            case "plan":
                people.plan(user_id, now)
            case "issue":
                people.issue(user_id, now)
            case "ask":
                people.ask_what_is_due(now)
            case "close":
                people.close(user_id, now)
            case _:
                people.revoke(user_id, int(act != "revoke"), "not_imported", now)
    entries = people.log.entries(0, 1000)
    instants = [now + days * DAY - second * SECOND for days in (0, 30, 335, 366) for second in (0, 32_400, 32_401)]

    start(connection, view)
    with folded(connection, view, iter([entries])) as cursor:
        whole = rows_of(connection, view)
        due = [set(view.due(cursor, at, NEVER)) for at in instants]
    with folded(connection, view, cut(entries, lengths)):
        in_pages = rows_of(connection, view)

    assert due == [people.due(at) for at in instants]
    assert in_pages == whole


MAILS = st.lists(
    st.tuples(
        st.integers(1, 8),
        st.sampled_from(["locked", "blocked", "expired"]),
        st.sampled_from(["ask", "ask", "send", "give up", "cancel"]),
    ),
    max_size=25,
)


@WALK
@given(steps=MAILS, lengths=PAGES)
def test_mails_and_their_totals_are_the_same_in_whatever_pages_they_were_folded(
    connection: Connection, steps: list[tuple[int, Kind, str]], lengths: list[int]
) -> None:
    log, view = MemoryLog(), Outbox()
    mails: dict[UUID, Notification] = {}
    for version, kind, act in steps:
        about = account_stream(USERS[0])
        stream = notification_stream(kind, about, version)
        if stream not in mails:
            facts = Notification.request(kind, USERS[0], about, version, WORKER, NINE)
            mails[stream] = Notification(kind=kind, user_id=USERS[0], stream=about, version=version)
        else:
            facts = ended(mails[stream], act)
            for each in facts:
                mails[stream] = mails[stream].after(each)
        log.append(stream, facts)
    entries = log.entries(0, 1000)

    start(connection, view)
    with folded(connection, view, iter([entries] if entries else [])) as cursor:
        whole, listed, totals = rows_of(connection, view), view.page(cursor).items, view.totals(cursor)
    with folded(connection, view, cut(entries, lengths)):
        in_pages = rows_of(connection, view)

    assert {row.notification: row.state for row in listed} == {
        stream: mail.outcome or "waiting" for stream, mail in mails.items()
    }
    counted = Counter((mail.kind, mail.outcome) for mail in mails.values())
    assert {(count.kind, count.state): count.mails for count in totals.ended} | {
        (kind, None): times for (kind, outcome), times in counted.items() if outcome is None
    } == counted
    assert totals.waiting == sum(times for (_, outcome), times in counted.items() if outcome is None)
    assert in_pages == whole


def ended(mail: Notification, act: str) -> list[Fact]:
    match act:
        case "send":
            return mail.sent("1@example.com", 1, WORKER, NINE)
        case "give up":
            return mail.give_up("refused", 40, WORKER, NINE)
        case "cancel":
            return mail.cancel("erased", WORKER, NINE)
    return []
