"""A mail is asked for once per kind and cause, ends once, and is still true when it is sent (manual 6; R3.8, R8)."""

from datetime import date, datetime
from uuid import UUID

import pytest

from domain.certificate import Certificate, Reason, certificate_stream
from domain.credentials import account_stream
from domain.errors import NotGivenUp
from domain.fact import WORKER, Fact
from domain.notification import (
    Cancelled,
    Expiry,
    Kind,
    Notification,
    NotificationCancelled,
    NotificationGivenUp,
    NotificationRequested,
    NotificationSent,
    daily_stream,
    expiry_due,
    expiry_mail_time,
    notification_from,
    notification_stream,
    renews,
    why_not_to_send,
)
from tests.support.accounts import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    NINE,
    SECOND,
    TARO,
    certificate_after,
    certificate_issued,
    certificate_planned,
    japan,
)

CAUSE = account_stream("taro01")
ABOUT = certificate_stream(TARO, 1)
WINDOW = japan(2027, 10, 24)  # NINE is 2026-11-23 in Japan: the last day is 2027-11-23, and this 30 days before it
OVER = japan(2027, 11, 24)


# ---- once per kind and cause


def test_asking_twice_for_the_same_mail_ends_in_one_stream_that_never_moves() -> None:
    # Literal for ever: another namespace or spelling would send the mails of the past again.
    assert notification_stream("locked", CAUSE, 7) == UUID("e39f87f7-3174-5a85-af31-ded73cef83cf")
    assert notification_stream("locked", CAUSE, 7) == notification_stream("locked", CAUSE, 7)
    assert notification_stream("expiring", CAUSE) == UUID("880d609a-dabf-5e82-a248-000971594a7d")


def test_another_kind_cause_or_version_is_another_mail() -> None:
    streams = {
        notification_stream("locked", CAUSE, 7),
        notification_stream("blocked", CAUSE, 7),
        notification_stream("locked", account_stream("jiro02"), 7),
        notification_stream("locked", CAUSE, 17),
        notification_stream("locked", CAUSE, 0),
        notification_stream("locked", CAUSE),
    }

    assert len(streams) == 6


# ---- it ends once


def asked() -> list[Fact]:
    return Notification.request("expiring", TARO, ABOUT, None, WORKER, NINE)


def test_a_mail_that_was_asked_for_is_the_one_that_waits() -> None:
    facts = asked()

    assert facts == [
        NotificationRequested(at=NINE, by=WORKER, kind="expiring", user_id=TARO, stream=ABOUT, version=None)
    ]
    assert notification_from(facts) == Notification(kind="expiring", user_id=TARO, stream=ABOUT, version=None)


@pytest.mark.parametrize(
    ("fact", "outcome"),
    [
        (NotificationSent(at=NINE, by=WORKER, message_id="1@example.com", attempts=2), "sent"),
        (NotificationGivenUp(at=NINE, by=WORKER, reason="refused", attempts=40), "given_up"),
        (NotificationCancelled(at=NINE, by=WORKER, reason="renewed"), "cancelled"),
    ],
    ids=["sent", "given up", "cancelled"],
)
def test_a_mail_ends_once_and_what_comes_later_records_nothing(fact: Fact, outcome: str) -> None:
    waiting = notification_from(asked())
    ended = notification_from([*asked(), fact])
    assert waiting is not None
    assert ended is not None

    assert fact in [*decided(waiting)]
    assert ended.outcome == outcome
    assert decided(ended) == []


def decided(mail: Notification) -> list[Fact]:
    """Everything that can be decided on it."""
    return [
        *mail.sent("1@example.com", 2, WORKER, NINE),
        *mail.give_up("refused", 40, WORKER, NINE),
        *mail.cancel("renewed", WORKER, NINE),
    ]


def test_a_stream_without_a_request_is_no_mail() -> None:
    assert notification_from([]) is None
    assert notification_from([NotificationCancelled(at=NINE, by=WORKER, reason="erased")]) is None


# ---- which expiry mail is due


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (NINE, None),
        (WINDOW - SECOND, None),
        (WINDOW, "expiring"),
        (OVER - MILLISECOND, "expiring"),
        (OVER, "expired"),
        (OVER + 400 * DAY, "expired"),
    ],
)
def test_a_mail_is_due_from_30_days_before_the_last_day_and_another_once_that_is_over(
    now: datetime, due: Expiry | None
) -> None:
    assert expiry_due(certificate_issued(), is_renewed=False, now=now) == due


@pytest.mark.parametrize("now", [WINDOW, OVER])
def test_nothing_is_due_for_what_was_renewed_or_only_planned(now: datetime) -> None:
    assert expiry_due(certificate_issued(), is_renewed=True, now=now) is None
    assert expiry_due(certificate_planned(), is_renewed=False, now=now) is None


@pytest.mark.parametrize("reason", ["lost", "superseded", "closed"])
@pytest.mark.parametrize("now", [WINDOW, OVER])
def test_nothing_is_due_for_what_was_revoked(reason: Reason, now: datetime) -> None:
    assert expiry_due(revoked(reason), is_renewed=False, now=now) is None


def revoked(reason: Reason = "lost") -> Certificate:
    issued = certificate_issued()
    return certificate_after(issued.revoke(reason, "bank01", NINE + HOUR), issued)


@pytest.mark.parametrize(
    ("revoked_at", "counts"),
    [
        (None, True),
        (OVER - SECOND, False),
        (OVER - MILLISECOND, False),  # the last second still counts
        (OVER, True),
        (OVER + 100 * DAY, True),
    ],
)
def test_a_later_certificate_counts_unless_it_was_revoked_before_the_end_of_the_older(
    revoked_at: datetime | None, counts: bool
) -> None:
    assert renews(revoked_at, not_after=OVER - SECOND) == counts


# ---- whether it is still true just before it is sent


@pytest.mark.parametrize(
    ("kind", "now", "why_not"),
    [
        ("expiring", WINDOW, None),
        ("expiring", OVER - MILLISECOND, None),
        ("expiring", OVER, "ended"),
        ("expired", OVER - MILLISECOND, "not_ended"),  # the clock was set back
        ("expired", OVER, None),
        ("expired", OVER + 400 * DAY, None),
    ],
)
def test_a_mail_is_not_sent_once_its_certificate_is_past_it(
    kind: Kind, now: datetime, why_not: Cancelled | None
) -> None:
    assert why_not_to_send(kind, certificate_issued(), is_renewed=False, now=now) == why_not


@pytest.mark.parametrize("kind", ["expiring", "expired"])
@pytest.mark.parametrize("now", [WINDOW, OVER])
def test_a_mail_about_what_was_renewed_or_revoked_meanwhile_is_not_sent(kind: Kind, now: datetime) -> None:
    assert why_not_to_send(kind, certificate_issued(), is_renewed=True, now=now) == "renewed"
    assert why_not_to_send(kind, revoked(), is_renewed=False, now=now) == "ended"


# ---- from 08:00 in Japan


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (japan(2027, 10, 24), japan(2027, 10, 24, 8)),
        (japan(2027, 10, 24, 7, 59, 59), japan(2027, 10, 24, 8)),
        (japan(2027, 10, 24, 8), japan(2027, 10, 24, 8)),
        (japan(2027, 10, 24, 8) + MINUTE, japan(2027, 10, 24, 8) + MINUTE),
        (japan(2027, 10, 24, 23, 59, 59), japan(2027, 10, 24, 23, 59, 59)),
        (japan(2027, 10, 25), japan(2027, 10, 25, 8)),
    ],
)
def test_expiry_mails_wait_for_eight_in_the_morning(now: datetime, expected: datetime) -> None:
    assert expiry_mail_time(now, 8) == expected


def test_the_hour_is_a_setting() -> None:
    assert expiry_mail_time(japan(2027, 10, 24), 0) == japan(2027, 10, 24)
    assert expiry_mail_time(japan(2027, 10, 24, 22, 59, 59), 23) == japan(2027, 10, 24, 23)


# ---- given up, and asked for once more


def given_up() -> list[Fact]:
    return [*asked(), NotificationGivenUp(at=NINE, by=WORKER, reason="refused", attempts=40)]


def test_a_mail_given_up_may_be_asked_for_again_and_then_waits() -> None:
    mail = notification_from(given_up())
    assert mail is not None

    again = mail.request_again("bank01", NINE + DAY)

    assert again == [
        NotificationRequested(at=NINE + DAY, by="bank01", kind="expiring", user_id=TARO, stream=ABOUT, version=None)
    ]
    assert notification_from([*given_up(), *again]) == notification_from(asked())


@pytest.mark.parametrize(
    "ends",
    [
        [],
        [NotificationSent(at=NINE, by=WORKER, message_id="1@example.com", attempts=2)],
        [NotificationCancelled(at=NINE, by=WORKER, reason="renewed")],
    ],
    ids=["waiting", "sent", "cancelled"],
)
def test_what_waits_or_ended_otherwise_is_not_asked_for_again(ends: list[Fact]) -> None:
    mail = notification_from([*asked(), *ends])
    assert mail is not None

    with pytest.raises(NotGivenUp, match="expiring"):
        mail.request_again("bank01", NINE + DAY)


def test_what_goes_to_each_of_several_accounts_each_day_has_a_stream_for_each() -> None:
    one, other = account_stream("audit001"), account_stream("audit002")
    day = date(2026, 11, 23)

    streams = [daily_stream("tree_head", *place) for place in ((one, day), (other, day), (one, date(2026, 11, 24)))]

    assert len(set(streams)) == 3
    assert daily_stream("tree_head", one, day) == streams[0]
