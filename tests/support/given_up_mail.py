"""A mail that the worker has tried in vain for long enough (R8.3)."""

from uuid import UUID

from application.ports import Changes
from domain.fact import WORKER
from domain.notification import NotificationRequested, notification_from
from tests.support.house import NINE, House


def given_up(house: House) -> UUID:
    """The first that was asked for in this house, such as that of the first certificate; its stream."""
    entry = next(each for each in house.store.entries(0, 1000) if isinstance(each.fact, NotificationRequested))
    mail = notification_from([entry.fact])
    assert mail is not None
    house.store.save(Changes(entry.stream, 1, mail.give_up("refused", 40, WORKER, NINE)))
    return entry.stream
