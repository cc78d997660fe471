"""The worker's mails on the house's own database, with a mail server and letters made up."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event
from uuid import UUID

from application.mail_ports import Letter, Mail, MailFault
from application.notifications import Notifications
from application.reminders import Reminders
from application.streams import find_account
from domain.certificate import certificate_stream
from domain.fact import Fact
from domain.notification import (
    Notification,
    NotificationCancelled,
    NotificationGivenUp,
    NotificationRequested,
    NotificationSent,
    notification_from,
)
from domain.policy import Policy
from infra.issuance_codes import CodeDrawer
from infra.mail_claims import MailClaims
from projections.answers import WaitingMail
from tests.support.fakes import Between, WatchedStore
from tests.support.house import TARO, House


class Impatient(Event):
    """Nobody waits for it: `waited` are the seconds that would have been, and `meanwhile` happens in each."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float | None] = []
        self.meanwhile: Callable[[], object] = list

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        self.meanwhile()
        return self.is_set()


class Due:
    """What the read models name, whether or not it is due: the aggregates decide."""

    def __init__(self, certificates: Sequence[UUID] = (), accounts: Sequence[str] = ()) -> None:
        self.certificates, self.accounts = list(certificates), list(accounts)

    def expiry_mails(self, now: datetime, limit: int) -> list[UUID]:
        return self.certificates[:limit]

    def run_out_locks(self, now: datetime, limit: int) -> list[str]:
        return self.accounts[:limit]


class Waiting:
    """The view of what waits, read from the log itself: never behind, unless it is `held`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._until: int | None = None

    def hold(self) -> None:
        self._until = self._house.store.head()

    def __call__(self, after: int, limit: int) -> list[WaitingMail]:
        waiting: dict[UUID, WaitingMail] = {}
        for entry in self._house.store.entries(0, 10_000):
            if self._until is not None and entry.position > self._until:
                break
            if isinstance(entry.fact, NotificationRequested):
                waiting[entry.stream] = WaitingMail(entry.position, entry.stream, entry.fact.at)
            else:
                waiting.pop(entry.stream, None)
        return [mail for mail in waiting.values() if mail.position > after][:limit]


class PlainLetters:
    """`written` are the letters it was asked to put into words."""

    def __init__(self) -> None:
        self.written: list[Letter] = []

    def write(self, letter: Letter) -> tuple[str, str]:
        self.written.append(letter)
        return f"subject {letter.kind}", f"body for {letter.name}"

    def message_id(self, notification: UUID) -> str:
        return f"{notification}@example.com"


class MailServer:
    """Reaches `smtp` before it takes a mail, where a fault can be, and `taken` after it; `taken` are the mails."""

    def __init__(self, between: Between) -> None:
        self._between = between
        self.taken: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self._between.reach("smtp")
        self.taken.append(mail)
        self._between.reach("taken")


AWAY = MailFault("unreachable", is_servers=True)
REFUSED = MailFault("refused", is_servers=False)


class Post:
    """One worker of the house. Further ones share its view and its mail server."""

    def __init__(self, house: House, policy: Policy, first: "Post | None" = None) -> None:
        store = WatchedStore(house.store, house.between)
        self.house = house
        self.waiting: Waiting = first.waiting if first else Waiting(house)
        self.server: MailServer = first.server if first else MailServer(house.between)
        self.claims = MailClaims(house.database, self.waiting)
        self.letters = PlainLetters()
        self.due = Due()
        self.stopped = Impatient()
        self.jitter = 0.0
        self.reminders = Reminders(store, self.due, policy)
        self.notifications = Notifications(
            store,
            house.people,
            CodeDrawer(house.database),
            self.claims,
            self.letters,
            self.server,
            policy,
            lambda: self.jitter,
        )

    def send(self) -> int:
        return self.notifications.send(self.house.clock, self.stopped)

    def ask(self, number: int = 1, user_id: str = TARO) -> int:
        """For the expiry mail of that certificate."""
        self.due.certificates = [certificate_stream(user_id, number)]
        return self.reminders.ask_for_expiry_mails(self.house.clock())

    def mails(self) -> list[Notification]:
        """All that were asked for, in order, as they are now."""
        streams = [
            entry.stream
            for entry in self.house.store.entries(0, 10_000)
            if isinstance(entry.fact, NotificationRequested)
        ]
        found = (notification_from(self.house.store.load(stream)) for stream in streams)
        return [state for state in found if state is not None]

    def outcomes(self) -> list[tuple[str, str | None]]:
        return [(mail.kind, mail.outcome) for mail in self.mails()]

    def erase(self, user_id: str = TARO) -> None:
        """As the vault will: the person's rows are gone."""
        found = find_account(self.house.store, user_id)
        assert found is not None
        self.house.database.execute("delete from vault_persons where subject = %s", found.stream)

    def next_due(self) -> datetime:
        """When the only mail that waits is tried again."""
        [row] = self.house.database.execute("select due_at from mail_claims")
        due: datetime = row["due_at"]
        return due.astimezone(UTC)

    def ends(self) -> list[Fact]:
        """How those that have ended did."""
        kinds = NotificationSent | NotificationGivenUp | NotificationCancelled
        return [fact for fact in self.house.every_fact() if isinstance(fact, kinds)]

    def stream(self) -> UUID:
        """Of the only mail."""
        [entry] = [each for each in self.house.store.entries(0, 10_000) if isinstance(each.fact, NotificationRequested)]
        return entry.stream

    def message_id(self) -> str:
        """Likewise."""
        return self.letters.message_id(self.stream())
