"""Every mail of the manual, once, never lost (measure Q4; R8.2, R8.3): real workers killed anywhere, and a mail server
that fails in every way."""

import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from itertools import count
from typing import Literal

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from application.ports import Changes
from application.streams import load_account, mail
from domain.certificate import Certificate, certificate_stream
from domain.notification import NotificationSent
from domain.policy import LOCK_DURATION, VALIDITY_DAYS, Policy
from domain.validity import Validity
from infra.mail_claims import LEASE
from infra.views import CurrentViews
from tests.support.accounts import certificate_after, fact
from tests.support.eventually import patiently
from tests.support.fleet import NO_MAIL_SERVER, Fleet, Process
from tests.support.house import House
from tests.support.mail_server import ADDRESS, MailServer, Taker
from tests.support.moved_clock import ahead, needs_faketime
from tests.support.stress_table import record

COMMAND = "make stress"
LAPSED = int(LEASE.total_seconds()) + 1  # seconds a clock must be ahead to find a dead worker's claim lapsed
LATER = 3 * 3600  # seconds: beyond every pause of a mail that was put off a few times
MOMENT = 0.03  # seconds, at most, from a mail taken to the kill: in the conversation, in the record, or in the next

STEPS = ("AccountLockExpired", "NotificationRequested", "NotificationSent")  # of one round, in its order
# How many facts of the step stand in the log at the death, and how many mails the server has taken: of two mails, that
# of a lock was asked for with the lock.
POINTS = {
    "inside:AccountLockExpired": (0, 0),
    "before:NotificationRequested": (1, 0),
    "inside:NotificationRequested": (1, 0),
    "after:NotificationRequested": (2, 0),
    "before:NotificationSent": (0, 1),
    "inside:NotificationSent": (0, 2),
    "after:NotificationSent": (1, 3),
}

Mood = Literal["takes", "not_now", "never", "hangs"]
ANSWERS = {"not_now": "451 try again", "never": "550 nobody here"}

pytestmark = needs_faketime


class MoodyTaker(Taker):
    """Of `taken` mails each has its Message-ID in `ids`; the one of number `bell_at` rings."""

    def __init__(self) -> None:
        super().__init__(login=False)
        self.mood: Mood = "takes"
        self.ids: list[str] = []
        self.bell_at = 0
        self.bell = threading.Event()
        self.hangs = threading.Event()

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mood in ANSWERS:
            return ANSWERS[self.mood]
        envelope.rcpt_tos.append(address)
        return "250 recipient"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  (its name)
        if self.mood == "hangs":
            self.hangs.set()
            await server.loop.create_future()
        said = await super().handle_DATA(server, session, envelope)
        self.ids.append(str(message_from_bytes(envelope.original_content or b"")["Message-ID"]).strip("<>"))
        if len(self.ids) >= self.bell_at:
            self.bell.set()
        return said


class MoodyServer(MailServer):
    def __init__(self) -> None:
        super().__init__()
        self.handler = self._handler = MoodyTaker()


class Office:
    """A mail server, a projector, and workers; the mails are those of locked users."""

    def __init__(self, house: House, fleet: Fleet, server: MoodyServer) -> None:
        self.house, self.fleet, self.server = house, fleet, server.handler
        self._url = f"smtp://{ADDRESS}:{server.port}"
        self._ahead = count(0, LAPSED)
        house.clock.set(datetime.now(UTC))
        fleet.start("project")

    def lock(self, number: int) -> None:
        for each in range(number):
            user_id = f"user{each:04}"
            self.house.one_of_many(user_id)
            found = load_account(self.house.store, user_id)
            now = self.house.clock()
            locked = found.changes([fact("AccountLocked", now, by=user_id, lock=1, until=now + LOCK_DURATION)])
            self.house.store.save(locked, mail("locked", user_id, locked, locked.facts[0]))

    def certify(self, user_id: str) -> None:
        """With a certificate that ends in some days."""
        self.house.one_of_many(user_id)
        issued_at = self.house.clock() - timedelta(days=VALIDITY_DAYS - 10)
        facts = Certificate.plan(user_id, 1, "A1", b"", "", user_id, issued_at)
        facts += certificate_after(facts).issue("A1", b"", "", Validity.from_issue(issued_at), user_id, issued_at)
        self.house.store.save(Changes(certificate_stream(user_id, 1), 0, facts))

    def one_round(self, number: int = 1, **settings: str) -> list[Process]:
        """Of workers that know all that was written, once the locks have run out."""
        patiently(lambda: CurrentViews(self.house.database).settle(1.0))
        moved = ahead(int(LOCK_DURATION.total_seconds()) + next(self._ahead))
        chosen = {"SHOMEI_SMTP_URL": self._url, "SHOMEI_MAIL_HOUR": "0", **moved, **settings}
        return [self.fleet.start("remind", "--once", **chosen) for _ in range(number)]

    def workers(self, number: int) -> list[Process]:
        """Their clock is ahead of all before them: what those held when they were killed has lapsed."""
        moved = ahead(next(self._ahead))
        return [self.fleet.start("remind", SHOMEI_SMTP_URL=self._url, **moved) for _ in range(number)]

    def worker(self, seconds: int, url: str = "") -> Process:
        return self.fleet.start("remind", SHOMEI_SMTP_URL=url or self._url, **ahead(seconds))

    def sent(self) -> dict[str, NotificationSent]:
        """By Message-ID."""
        return {each.message_id: each for each in self.house.every_fact() if isinstance(each, NotificationSent)}

    def put_off(self, worker: Process) -> int:
        return worker.log.read_text().count("mail put off")


@pytest.fixture
def policy() -> Policy:
    return Policy(mail_when_issued=False)


@pytest.fixture
def office(house: House, fleet: Fleet) -> Iterator[Office]:
    with MoodyServer() as server:
        yield Office(house, fleet, server)
        fleet.stop()


def test_workers_killed_at_random_moments_lose_no_mail_and_repeat_only_what_they_were_killed_in(
    office: Office, long: bool
) -> None:
    mails, kills = (400, 60) if long else (40, 6)
    chance = random.Random(4)  # noqa: S311  (a moment, no secret)
    office.lock(mails)

    for _ in range(kills // 2):
        office.server.bell.clear()
        office.server.bell_at = len(office.server.ids) + chance.randint(1, mails // (kills // 2) - 1)
        workers = office.workers(2)
        patiently(office.server.bell.is_set)
        for worker in workers:
            threading.Event().wait(chance.uniform(0, MOMENT))
            worker.kill()
    office.workers(2)
    patiently(lambda: len(office.sent()) == mails)

    sent, taken = office.sent(), Counter(office.server.ids)
    assert set(taken) == set(sent)
    assert len(sent) == mails
    assert all(times <= sent[each].attempts for each, times in taken.items())
    repeats = taken.total() - mails
    assert repeats <= kills
    record(
        "Q4",
        f"`remind` killed (-9) {kills} times at random moments over {mails} mails, two workers",
        f"0 lost; {repeats} repeated, each by a worker killed before its record, under the same Message-ID",
        COMMAND,
    )


def test_workers_killed_at_each_step_leave_each_thing_done_once_and_repeat_only_a_mail_not_yet_recorded(
    office: Office,
) -> None:
    office.lock(1)
    office.certify("sato2001")

    deaths: dict[str, tuple[int, int, int]] = {}
    for point in POINTS:
        [worker] = office.one_round(SHOMEI_FAILPOINT=point)
        deaths[point] = (worker.ended(), office.house.count(point.partition(":")[2]), len(office.server.ids))
    statuses = [each.ended() for each in office.one_round(2)]

    sent, taken = office.sent(), Counter(office.server.ids)
    assert deaths == {point: (-signal.SIGKILL, *left) for point, left in POINTS.items()}
    assert statuses == [0, 0]
    assert [office.house.count(step) for step in STEPS] == [1, 2, 2]
    assert set(taken) == set(sent)
    assert taken.total() == len(sent) + 2  # by those killed before their record was whole
    assert all(times <= sent[each].attempts for each, times in taken.items())


def test_a_mail_server_that_is_down_refuses_or_hangs_loses_no_mail_and_repeats_none(office: Office, long: bool) -> None:
    mails = 100 if long else 8
    office.lock(mails)

    down = office.worker(0, NO_MAIL_SERVER)
    patiently(lambda: office.put_off(down) > 0)
    down.stop()
    moods: tuple[Mood, ...] = ("not_now", "never")
    for hours, mood in enumerate(moods, start=1):
        office.server.mood = mood
        worker = office.worker(hours * LATER)
        patiently(lambda: office.put_off(worker) == mails)  # noqa: B023  (asked at once)
        worker.stop()
    office.server.mood = "hangs"
    hanging = office.worker(3 * LATER)
    patiently(office.server.hangs.is_set)
    leave_an_old_counter(office.house)
    patiently(lambda: not old_counters(office.house))
    hanging.kill()
    before = list(office.server.ids)
    office.server.mood = "takes"
    workers = [office.worker(4 * LATER) for _ in range(2)]
    patiently(lambda: len(office.sent()) == mails)
    for worker in workers:
        worker.stop()

    sent, taken = office.sent(), Counter(office.server.ids)
    assert before == []
    assert taken == Counter(sent.keys())
    assert all(each.attempts >= 3 for each in sent.values())
    record(
        "Q4-server",
        f"{mails} mails to a server that is down, answers 451, answers 550, hangs until the worker is killed",
        "0 lost, 0 repeated; the other duties went on meanwhile",
        COMMAND,
    )


def leave_an_old_counter(house: House) -> None:
    """For another duty of the worker's to clear away."""
    house.database.execute("insert into rate_counters (key, count, until) values ('old', 1, '2020-01-01')")


def old_counters(house: House) -> int:
    return len(house.database.execute("select key from rate_counters where key = 'old'"))
