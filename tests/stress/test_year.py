"""Four hundred days of three users, and the mails the manual sends them (measure Q6; manual 6; R8.1, R8.2)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from application.notifications import Notifications
from application.reminders import Reminders
from domain.notification import NotificationRequested, NotificationSent
from domain.policy import Policy
from infra.issuance_codes import CodeDrawer
from infra.mail_claims import MailClaims
from infra.views import CurrentViews
from projections.runner import Connection, catch_up, connect
from tests.support.accounts import DAY, HOUR, MINUTE
from tests.support.database import Dsn
from tests.support.fleet import Fleet
from tests.support.house import NINE, House
from tests.support.mail_server import ADDRESS
from tests.support.mail_server import MailServer as SmtpServer
from tests.support.moved_clock import ahead, needs_faketime
from tests.support.post import Impatient, MailServer, PlainLetters
from tests.support.stress_table import record

COMMAND = "make stress"
DAYS = 400
RENEWS, LAPSES, MOVES = "kaoru001", "noboru01", "megumi01"
EIGHT, EVENING = -1 * HOUR, 9 * HOUR  # from nine in the morning

# Day 0 is 24 November 2026. A certificate's last day is the 365th after that of its issue, the window opens 30 before.
ACTS: dict[int, list[tuple[str, str]]] = {
    0: [("issue", RENEWS)],
    1: [("issue", LAPSES)],
    2: [("issue", MOVES)],
    20: [("new PC", MOVES)],
    335: [("issue", RENEWS)],  # the first day of the window, an hour after the mail
}
DOWN = {"first": {*range(60, 65), 336, 337, *range(367, 372)}, "second": {200, *range(336, 339), *range(367, 372)}}
MAILS = {
    335: [("expiring", RENEWS)],
    338: [("expiring", LAPSES)],  # due on 336, when both workers were down for two days
    355: [("expiring", MOVES)],  # of the certificate of day 20; the one of day 2 was revoked
    372: [("expired", LAPSES)],  # due on 367, when both workers were down for five days
    386: [("expired", MOVES)],
}
WORKED = {335, 336, 337, 338, 339, 355, 356, 367, 371, 372, 373, 386, 387}  # in the form with real processes
DECISIVE = sorted(
    {*ACTS, 5, 60, 64, 199, 200, 201, *range(330, 345), *range(353, 358), *range(364, 375), 384, 385, 386, 387}
)


class Year:
    """The three users at their own times; `day` is counted from the first."""

    def __init__(self, house: House, begins: datetime) -> None:
        self.house, self._begins = house, begins
        house.clock.set(begins)
        house.organization()
        for user_id in (RENEWS, LAPSES, MOVES):
            house.user(user_id)

    def at(self, day: int, after: timedelta) -> datetime:
        """`after` nine in the morning."""
        return self._begins + day * DAY + after

    def act(self, day: int) -> None:
        self.house.clock.set(self.at(day, timedelta()))
        for act, user_id in ACTS.get(day, ()):
            if act == "new PC":
                self.house.desk.revocation.revoke_user(user_id, "pc_changed", "bank0001", self.house.clock())
            self.house.issue(user_id)

    def mails(self) -> dict[int, list[tuple[str, str]]]:
        """What was sent on each day, by kind and user."""
        asked: dict[UUID, tuple[str, str]] = {}
        sent: dict[int, list[tuple[str, str]]] = {}
        for entry in self.house.store.entries(0, 10_000):
            match entry.fact:
                case NotificationRequested(kind=kind, user_id=user_id):
                    asked[entry.stream] = (kind, user_id)
                case NotificationSent(at=at):
                    day = (at - self.at(0, EIGHT)) // DAY
                    sent.setdefault(day, []).append(asked[entry.stream])
        return sent


class Worker:
    """In this process, on connections of its own, with the views as they are after each step."""

    def __init__(self, house: House, projector: Connection, policy: Policy, server: MailServer) -> None:
        self._house, self._projector = house, projector
        self._views = CurrentViews(house.database)
        claims = MailClaims(house.database, self._views.waiting_mails)
        self._reminders = Reminders(house.store, self._views, policy)
        self._notifications = Notifications(
            house.store, house.people, CodeDrawer(house.database), claims, PlainLetters(), server, policy
        )

    def round(self, now: datetime) -> None:
        self._house.clock.set(now)
        self._fold()
        self._reminders.ask_for_expiry_mails(now)
        self._fold()
        self._notifications.send(self._house.clock, Impatient())

    def _fold(self) -> None:
        for view in self._views.all:
            catch_up(self._projector, view, self._house.store)


@pytest.fixture
def policy() -> Policy:
    """Only what time brings."""
    return Policy(mail_when_issued=False)


@pytest.fixture
def projector(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "test") as connection:
        yield connection


def test_in_four_hundred_days_each_gets_the_mails_of_the_manual_once_and_no_other(
    house: House, second_house: House, projector: Connection, policy: Policy, long: bool
) -> None:
    year, server = Year(house, NINE), MailServer(house.between)
    workers = {
        "first": Worker(house, projector, policy, server),
        "second": Worker(second_house, projector, policy, server),
    }

    for day in range(DAYS + 1) if long else DECISIVE:
        up = [worker for name, worker in workers.items() if day not in DOWN[name]]
        for worker in up:
            worker.round(year.at(day, EIGHT))
        year.act(day)
        for worker in reversed(up):
            worker.round(year.at(day, EVENING))

    assert year.mails() == MAILS
    assert len(server.taken) == sum(map(len, MAILS.values()))
    record(
        "Q6",
        f"{DAYS} days, two workers that are down for one to five days here and there; one user renews, one lets the "
        "certificate expire, one changes the PC",
        "one mail before and one after the end of each certificate that was neither renewed nor revoked; no other",
        COMMAND,
    )


@needs_faketime
def test_real_workers_at_their_own_clocks_send_the_same_mails(house: House, fleet: Fleet, long: bool) -> None:
    last = DAYS if long else 338
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + 2 * DAY
    year = Year(house, tomorrow)
    fleet.start("project")

    with SmtpServer() as server:
        for day in (day for day in DECISIVE if day <= last):
            for name in DOWN:
                if day in WORKED and day not in DOWN[name]:
                    seconds = int((year.at(day, EIGHT) + MINUTE - datetime.now(UTC)).total_seconds())
                    url = f"smtp://{ADDRESS}:{server.port}"
                    assert fleet.start("remind", "--once", SHOMEI_SMTP_URL=url, **ahead(seconds)).ended() == 0
            year.act(day)
        taken = len(server.taken)

    expected = {day: mails for day, mails in MAILS.items() if day <= last}
    assert year.mails() == expected
    assert taken == sum(map(len, expected.values()))
    record(
        "Q6-processes",
        "the same with `remind --once` under a moved clock, on the days that matter",
        "the same mails on the same days",
        COMMAND,
    )
