"""Mails sent, each once: claimed, judged again, handed over, recorded (R3.8, R8.2, R8.3, R8.4)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from domain.fact import WORKER
from domain.policy import Policy
from tests.support.accounts import DAY, HOUR, MINUTE, SECOND, fact
from tests.support.house import NINE, OVER, RENEWAL, TARO, House
from tests.support.post import REFUSED, Post

NIGHT = NINE + 16 * HOUR  # 01:00 in Japan
EIGHT = RENEWAL + 8 * HOUR  # on the first day of the renewal window


@pytest.fixture
def policy() -> Policy:
    """Nobody is told of an issue: the mails are those that a test is about."""
    return Policy(mail_when_issued=False)


@pytest.fixture
def post(house: House, policy: Policy) -> Post:
    return Post(house, policy)


@pytest.fixture
def expiring(post: Post) -> Post:
    """The mail of the renewal window's first day was asked for at eight."""
    post.house.issue()
    post.house.clock.set(EIGHT)
    post.ask()
    return post


@pytest.fixture
def locked(post: Post) -> Post:
    """Locked at nine: its mail waits."""
    post.house.fail(6)
    return post


# ---- sent


def test_a_mail_that_was_taken_is_recorded_with_its_message_id_and_leaves_nothing_to_do(locked: Post) -> None:
    counts = locked.send(), locked.send()

    assert counts == (1, 0)
    assert locked.ends() == [fact("NotificationSent", NINE, by=WORKER, message_id=locked.message_id(), attempts=1)]
    [taken] = locked.server.taken
    assert (taken.recipient, taken.subject, taken.date) == ("taro@example.com", "subject locked", NINE)
    assert taken.message_id == locked.message_id()


def test_all_that_waits_is_sent_in_one_round(locked: Post) -> None:
    locked.house.register("jiro0001")
    locked.house.fail(6, "jiro0001")

    assert locked.send() == 2
    assert locked.outcomes() == [("locked", "sent"), ("locked", "sent")]


def test_a_lock_is_told_at_once_also_at_night(post: Post) -> None:
    post.house.clock.set(NIGHT)
    post.house.fail(6)

    assert post.send() == 1


def test_there_is_one_mail_a_lock_and_for_the_third_only_that_of_the_block(post: Post) -> None:
    for lock in range(3):
        post.house.clock.set(NINE + lock * HOUR)
        post.house.fail(6)
        post.send()

    assert post.outcomes() == [("locked", "sent"), ("locked", "sent"), ("blocked", "sent")]


@pytest.mark.parametrize(("wait", "number"), [(-SECOND, 0), (timedelta(), 1)])
def test_an_expiry_mail_that_missed_its_day_waits_for_eight_in_the_morning(
    expiring: Post, wait: timedelta, number: int
) -> None:
    expiring.house.clock.set(EIGHT + 16 * HOUR)
    at_midnight = expiring.send()
    expiring.house.clock.set(EIGHT + DAY + wait)

    assert (at_midnight, expiring.send()) == (0, number)


def test_what_waits_for_the_morning_spends_no_attempt(expiring: Post) -> None:
    expiring.house.clock.set(EIGHT + 16 * HOUR)
    expiring.send()
    expiring.house.clock.set(EIGHT + DAY)
    expiring.send()

    assert expiring.ends() == [
        fact("NotificationSent", EIGHT + DAY, by=WORKER, message_id=expiring.message_id(), attempts=1)
    ]


def test_a_view_that_is_behind_sends_nothing_twice(locked: Post, second_house: House, policy: Policy) -> None:
    another = Post(second_house, policy, locked)
    locked.waiting.hold()
    locked.send()

    assert (locked.send(), another.send(), another.send()) == (0, 0, 0)
    assert len(locked.server.taken) == 1


# ---- no longer true


def revoke(post: Post) -> None:
    post.house.desk.revocation.revoke_user(TARO, "retired", "bank0001", post.house.clock())


def renew(post: Post) -> None:
    post.house.issue()


def close(post: Post) -> None:
    post.house.desk.accounts.close(TARO, "deleted", "hanako01", post.house.clock())


def expire(post: Post) -> None:
    post.house.clock.set(OVER + 8 * HOUR)


def erase(post: Post) -> None:
    post.erase()


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [(revoke, "ended"), (renew, "renewed"), (expire, "ended"), (close, "closed"), (erase, "erased")],
)
def test_an_expiry_mail_is_judged_again_just_before_it_is_sent(
    expiring: Post, meanwhile: Callable[[Post], None], reason: str
) -> None:
    meanwhile(expiring)

    assert expiring.send() == 0
    assert expiring.ends() == [fact("NotificationCancelled", expiring.house.clock(), by=WORKER, reason=reason)]
    assert expiring.server.taken == []


def test_after_the_end_the_second_mail_is_sent_and_the_first_cancelled(expiring: Post) -> None:
    expire(expiring)
    expiring.ask()

    assert expiring.send() == 1
    assert expiring.outcomes() == [("expiring", "cancelled"), ("expired", "sent")]


def test_the_second_mail_is_cancelled_once_there_is_a_new_certificate(expiring: Post) -> None:
    expiring.send()
    expire(expiring)
    expiring.ask()
    expiring.house.issue()

    assert expiring.send() == 0
    assert expiring.outcomes() == [("expiring", "sent"), ("expired", "cancelled")]


def test_the_second_mail_is_cancelled_once_the_account_is_closed(expiring: Post) -> None:
    expiring.send()
    expire(expiring)
    expiring.ask()
    close(expiring)

    assert expiring.send() == 0
    assert expiring.outcomes() == [("expiring", "sent"), ("expired", "cancelled")]
    assert expiring.ends()[-1] == fact("NotificationCancelled", expiring.house.clock(), by=WORKER, reason="closed")


def test_the_second_mail_is_cancelled_where_the_renewal_was_revoked_after_the_end(expiring: Post) -> None:
    expiring.house.clock.set(OVER + 8 * HOUR)
    expiring.ask()
    expiring.house.issue()
    expiring.house.clock.set(OVER + 9 * HOUR)
    expiring.house.desk.revocation.revoke_user(TARO, "lost", "bank0001", expiring.house.clock())

    assert expiring.send() == 0
    assert expiring.ends()[-1] == fact("NotificationCancelled", expiring.house.clock(), by=WORKER, reason="renewed")


def test_a_lock_that_was_released_meanwhile_is_told_all_the_same(locked: Post) -> None:
    locked.house.desk.accounts.release(TARO, "bank0001", NINE)

    assert locked.send() == 1


def test_there_is_no_mail_to_an_erased_person(locked: Post) -> None:
    locked.erase()

    assert locked.send() == 0
    assert locked.ends() == [fact("NotificationCancelled", NINE, by=WORKER, reason="erased")]


# ---- what nobody may read


def test_no_name_and_no_address_stands_in_a_fact_a_log_line_or_a_text_for_debugging(
    expiring: Post,
) -> None:
    house = expiring.house
    house.fail(6)
    with capture_logs() as logged:
        for step in ("smtp", "smtp"):
            house.between.fails_at(step, REFUSED)
        expiring.send()
        house.clock.advance(MINUTE)
        expiring.send()

    facts = [fact for fact in house.every_fact() if type(fact).__name__.startswith("Notification")]
    shown = [*facts, *logged, *expiring.server.taken, *expiring.letters.written, REFUSED]

    assert {line["event"] for line in logged} == {"mail put off", "mail sent"}
    for text in map(repr, shown):
        assert "太郎" not in text
        assert "taro@" not in text
