"""What is due because time has passed: expiry mails asked for, ends of locks recorded (manual 6; R3.7, R8.1, R8.2)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from application.ports import Changes
from domain.certificate import Reason, certificate_stream
from domain.fact import WORKER, Fact
from domain.notification import notification_stream
from domain.policy import Policy
from domain.user_account_facts import AccountLockExpired
from tests.support.accounts import DAY, HOUR, MILLISECOND, SECOND, fact
from tests.support.house import NINE, OVER, RENEWAL, TARO, House
from tests.support.post import Post

EIGHT = 8 * HOUR  # after midnight in Japan
FIRST = certificate_stream(TARO, 1)


@pytest.fixture
def post(house: House, policy: Policy) -> Post:
    """Of a house where a certificate was issued at nine."""
    house.issue()
    return Post(house, policy)


def requested(house: House, stream: UUID = FIRST) -> list[Fact]:
    return [fact for kind in ("expiring", "expired") for fact in house.store.load(notification_stream(kind, stream))]


def asked(kind: str, at: datetime, stream: UUID = FIRST) -> Fact:
    return fact("NotificationRequested", at, by=WORKER, kind=kind, user_id=TARO, stream=stream, version=None)


# ---- expiry mails


def test_from_thirty_days_before_the_last_day_at_eight_the_first_mail_is_asked_for(post: Post) -> None:
    post.house.clock.set(RENEWAL + EIGHT)

    assert post.ask() == 1
    assert requested(post.house) == [asked("expiring", RENEWAL + EIGHT)]


def test_before_the_renewal_window_nothing_is_due_whatever_the_read_model_says(post: Post) -> None:
    post.house.clock.set(RENEWAL - SECOND)

    assert post.ask() == 0
    assert requested(post.house) == []


@pytest.mark.parametrize(("wait", "number"), [(EIGHT - SECOND, 0), (EIGHT, 1)])
@pytest.mark.parametrize("day", [RENEWAL, OVER])
def test_nothing_is_asked_for_before_eight_in_the_morning(
    post: Post, day: datetime, wait: timedelta, number: int
) -> None:
    post.house.clock.set(day + wait)

    assert post.ask() == number


def test_after_an_outage_of_days_it_is_asked_for_all_the_same(post: Post) -> None:
    post.house.clock.set(RENEWAL + 5 * DAY + EIGHT)

    assert post.ask() == 1
    assert requested(post.house) == [asked("expiring", RENEWAL + 5 * DAY + EIGHT)]


def test_once_the_certificate_is_over_only_the_second_mail_is_due(post: Post) -> None:
    post.house.clock.set(OVER + EIGHT)

    assert post.ask() == 1
    assert requested(post.house) == [asked("expired", OVER + EIGHT)]


def test_both_mails_of_one_certificate_are_asked_for_each_in_its_time(post: Post) -> None:
    post.house.clock.set(RENEWAL + EIGHT)
    post.ask()
    post.house.clock.set(OVER + EIGHT)
    post.ask()

    assert requested(post.house) == [asked("expiring", RENEWAL + EIGHT), asked("expired", OVER + EIGHT)]


def test_a_mail_is_asked_for_once_whoever_asks_again(post: Post, second_house: House, policy: Policy) -> None:
    post.house.clock.set(RENEWAL + EIGHT)

    counts = post.ask(), post.ask(), Post(second_house, policy).ask()

    assert counts == (1, 0, 0)
    assert requested(post.house) == [asked("expiring", RENEWAL + EIGHT)]


@pytest.mark.parametrize("reason", ["pc_changed", "superseded", "closed"])
def test_what_was_revoked_is_not_due(post: Post, reason: Reason) -> None:
    revoke(post.house, reason)
    post.house.clock.set(RENEWAL + EIGHT)
    first = post.ask()
    post.house.clock.set(OVER + EIGHT)

    assert (first, post.ask()) == (0, 0)


def revoke(house: House, reason: Reason, number: int = 1) -> None:
    stream = certificate_stream(TARO, number)
    found = house.certificate(number)
    house.store.save(Changes(stream, len(house.store.load(stream)), found.revoke(reason, "bank0001", house.clock())))


def test_what_was_renewed_is_not_due_and_its_renewal_is_not_yet(post: Post) -> None:
    post.house.clock.set(RENEWAL)
    post.house.issue()
    post.house.clock.set(RENEWAL + EIGHT)

    assert (post.ask(1), post.ask(2)) == (0, 0)


def test_what_was_renewed_by_a_certificate_that_was_revoked_again_is_due(post: Post) -> None:
    post.house.clock.set(RENEWAL)
    post.house.issue()
    revoke(post.house, "not_imported", 2)
    post.house.clock.set(RENEWAL + EIGHT)

    assert post.ask() == 1


@pytest.mark.parametrize(("wait", "number"), [(-MILLISECOND, 1), (timedelta(), 0), (100 * DAY, 0)])
def test_a_renewal_counts_if_it_was_not_revoked_before_the_end_of_the_one_before(
    post: Post, wait: timedelta, number: int
) -> None:
    post.house.clock.set(RENEWAL)
    post.house.issue()
    post.house.clock.set(OVER + wait)
    revoke(post.house, "lost", 2)
    post.house.clock.set(OVER + 100 * DAY + EIGHT)

    assert post.ask() == number


@pytest.mark.parametrize("closed_at", [RENEWAL, OVER + HOUR])
def test_of_a_closed_account_nothing_is_due(post: Post, closed_at: datetime) -> None:
    post.house.clock.set(closed_at)
    post.house.desk.accounts.close(TARO, "deleted", "hanako01", closed_at)
    post.house.clock.set(OVER + EIGHT)

    assert post.ask() == 0
    assert requested(post.house) == []


def test_a_stream_that_holds_nothing_is_not_due(post: Post) -> None:
    post.house.clock.set(RENEWAL + EIGHT)

    assert post.ask(number=7) == 0


@pytest.mark.parametrize("policy", [Policy(mail_hour=0)])
def test_the_hour_is_a_setting(post: Post) -> None:
    post.house.clock.set(RENEWAL)

    assert post.ask() == 1


# ---- the ends of locks


@pytest.fixture
def locked(house: House, policy: Policy) -> Post:
    """Locked at nine."""
    house.fail(6)
    post = Post(house, policy)
    post.due.accounts = [TARO]
    return post


def ends(house: House) -> list[Fact]:
    return [fact for fact in house.every_fact() if isinstance(fact, AccountLockExpired)]


def test_the_end_of_a_lock_that_nobody_tried_after_is_recorded_once_with_its_own_time(
    locked: Post, second_house: House, policy: Policy
) -> None:
    another = Post(second_house, policy)
    another.due.accounts = [TARO]
    locked.house.clock.set(NINE + 7 * HOUR)

    counts = [each.reminders.record_run_out_locks(NINE + 7 * HOUR) for each in (locked, locked, another)]

    assert counts == [1, 0, 0]
    assert ends(locked.house) == [fact("AccountLockExpired", NINE + HOUR, by=WORKER)]


@pytest.mark.parametrize(("wait", "number"), [(HOUR - MILLISECOND, 0), (HOUR, 1)])
def test_a_lock_has_ended_after_sixty_minutes_and_no_sooner(locked: Post, wait: timedelta, number: int) -> None:
    assert locked.reminders.record_run_out_locks(NINE + wait) == number


def test_the_end_that_the_next_decision_recorded_is_not_recorded_again(locked: Post) -> None:
    locked.house.clock.set(NINE + 2 * HOUR)
    locked.house.enter()

    assert locked.reminders.record_run_out_locks(NINE + 2 * HOUR) == 0
    assert len(ends(locked.house)) == 1


def test_a_decision_that_comes_between_leaves_one_end(locked: Post) -> None:
    house = locked.house
    house.clock.set(NINE + 2 * HOUR)
    house.between.at(
        "save AccountLockExpired", lambda: house.record(lambda account: account.suspend("hanako01", house.clock()))
    )

    assert locked.reminders.record_run_out_locks(house.clock()) == 0
    assert len(ends(house)) == 1


def test_a_lock_that_was_released_has_no_end_by_time(locked: Post) -> None:
    locked.house.desk.accounts.release(TARO, "bank0001", NINE + 30 * SECOND)

    assert locked.reminders.record_run_out_locks(NINE + 2 * HOUR) == 0
    assert ends(locked.house) == []


def test_the_lock_that_blocked_has_no_end_by_time(locked: Post) -> None:
    for lock in (1, 2):
        locked.house.clock.set(NINE + lock * HOUR)
        locked.house.fail(6)
    before = ends(locked.house)

    assert locked.house.account().lockout.blocked
    assert locked.reminders.record_run_out_locks(NINE + 9 * HOUR) == 0
    assert ends(locked.house) == before


def test_an_account_that_nobody_knows_has_no_lock(locked: Post) -> None:
    locked.due.accounts = ["nobody01"]

    assert locked.reminders.record_run_out_locks(NINE + 2 * HOUR) == 0
