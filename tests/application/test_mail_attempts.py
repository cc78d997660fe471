"""Mails that were not taken, workers that die, and a database that is away: none lost, none twice (R8.3)."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from application.mail_ports import MailFault
from application.notifications import GRACE, RECORD_PAUSE
from application.ports import Changes, Unavailable
from domain.fact import WORKER
from domain.notification import NotificationSent
from domain.policy import LONGEST_MAIL_PAUSE, MAIL_ATTEMPTS, Policy
from infra.mail_claims import LEASE
from tests.support.accounts import MINUTE, SECOND, fact
from tests.support.house import NINE, House
from tests.support.post import AWAY, REFUSED, Post


@pytest.fixture
def policy() -> Policy:
    """Nobody is told of an issue: the mails are those that a test is about."""
    return Policy(mail_when_issued=False)


@pytest.fixture
def post(house: House, policy: Policy) -> Post:
    return Post(house, policy)


@pytest.fixture
def locked(post: Post) -> Post:
    """Locked at nine: its mail waits."""
    post.house.fail(6)
    return post


def fail(post: Post, fault: MailFault, times: int) -> list[timedelta]:
    """The mail server's answer as often; the pauses that followed."""
    pauses = []
    for _ in range(times):
        post.house.between.fails_at("smtp", fault)
        post.send()
        pauses.append(post.next_due() - post.house.clock())
        post.house.clock.set(post.next_due())
    return pauses


# ---- sent


def test_what_is_sent_is_the_letters_words_and_the_log_names_it_without_them(locked: Post) -> None:
    with capture_logs() as logs:
        locked.send()

    [mail] = locked.server.taken
    assert (mail.subject, mail.body, mail.recipient) == ("subject locked", "body for 見本 太郎", "taro@example.com")
    assert logs == [
        {
            "event": "mail sent",
            "log_level": "info",
            "notification": str(locked.stream()),
            "kind": "locked",
            "user_id": "taro0001",
            "attempts": 1,
        }
    ]


# ---- put off, and given up


def test_pauses_double_from_a_minute_to_an_hour(locked: Post) -> None:
    minutes = [1, 2, 4, 8, 16, 32, 60, 60]

    assert fail(locked, REFUSED, times=8) == [each * MINUTE for each in minutes]


def test_a_pause_is_longer_by_up_to_a_quarter_so_that_not_all_come_at_once(locked: Post) -> None:
    locked.jitter = 1.0

    assert fail(locked, REFUSED, times=8)[-1] == LONGEST_MAIL_PAUSE * 1.25


def test_what_was_put_off_is_sent_when_it_is_due_and_says_how_often_it_was_tried(locked: Post) -> None:
    fail(locked, REFUSED, times=2)
    locked.house.clock.set(NINE + 3 * MINUTE - SECOND)
    too_early = locked.send()
    locked.house.clock.set(NINE + 3 * MINUTE)

    assert (too_early, locked.send()) == (0, 1)
    assert locked.ends() == [
        fact("NotificationSent", NINE + 3 * MINUTE, by=WORKER, message_id=locked.message_id(), attempts=3)
    ]


def test_of_what_is_put_off_the_log_names_the_fault_and_when_it_is_due_again(locked: Post) -> None:
    with capture_logs() as logs:
        fail(locked, AWAY, times=1)

    assert logs == [
        {
            "event": "mail put off",
            "log_level": "warning",
            "notification": str(locked.stream()),
            "kind": "locked",
            "fault": "unreachable",
            "attempts": 1,
            "again": (NINE + MINUTE).isoformat(),
        }
    ]


def test_after_forty_attempts_it_is_given_up_with_the_last_faults_code(locked: Post) -> None:
    fail(locked, AWAY, times=MAIL_ATTEMPTS - 1)
    before = locked.ends()
    locked.house.between.fails_at("smtp", REFUSED)
    locked.send()

    assert before == []
    assert locked.ends() == [
        fact(
            "NotificationGivenUp",
            locked.house.clock(),
            by=WORKER,
            reason="refused",
            attempts=MAIL_ATTEMPTS,
        )
    ]
    assert locked.send() == 0


def test_a_mail_server_that_is_away_ends_the_round_and_spends_no_other_mails_attempts(locked: Post) -> None:
    locked.house.register("jiro0001")
    locked.house.fail(6, "jiro0001")
    locked.house.between.fails_at("smtp", AWAY)

    first, second = locked.send(), locked.send()

    assert (first, second) == (0, 1)
    locked.house.clock.advance(MINUTE)
    locked.send()
    assert sorted(each.attempts for each in locked.ends() if isinstance(each, NotificationSent)) == [1, 2]


def test_a_mail_that_is_refused_holds_up_none_of_the_others(locked: Post) -> None:
    locked.house.register("jiro0001")
    locked.house.fail(6, "jiro0001")
    locked.house.between.fails_at("smtp", REFUSED)

    assert locked.send() == 1


def test_a_stop_ends_the_round_after_the_mail_under_way(locked: Post) -> None:
    locked.house.register("jiro0001")
    locked.house.fail(6, "jiro0001")
    locked.house.between.at("taken", locked.stopped.set)

    assert locked.send() == 1
    assert sorted(str(outcome) for _, outcome in locked.outcomes()) == ["None", "sent"]


# ---- workers that die, and a database that is away


class Killed(BaseException):
    """As kill -9: nothing of ours runs any more."""


def test_what_a_dead_worker_held_is_sent_by_another_once_its_claim_has_lapsed(
    locked: Post, second_house: House, policy: Policy
) -> None:
    another = Post(second_house, policy, locked)
    locked.house.between.at("smtp", die)
    with pytest.raises(Killed):
        locked.send()

    locked.house.clock.set(NINE + LEASE - SECOND)
    too_early = another.send()
    locked.house.clock.set(NINE + LEASE)

    assert (too_early, another.send()) == (0, 1)
    assert locked.ends() == [
        fact("NotificationSent", NINE + LEASE, by=WORKER, message_id=locked.message_id(), attempts=2)
    ]


def die() -> None:
    raise Killed


def test_a_worker_killed_before_it_recorded_leaves_a_mail_that_comes_again_under_the_same_message_id(
    locked: Post,
) -> None:
    locked.house.between.at("taken", die)
    with pytest.raises(Killed):
        locked.send()
    locked.house.clock.advance(LEASE)
    locked.send()

    first, second = locked.server.taken
    assert first.message_id == second.message_id
    assert len(locked.ends()) == 1


def test_a_mail_that_every_worker_died_of_is_given_up(locked: Post) -> None:
    for _ in range(MAIL_ATTEMPTS):
        locked.house.between.at("smtp", die)
        with pytest.raises(Killed):
            locked.send()
        locked.house.clock.advance(LEASE)

    assert locked.send() == 0
    assert locked.ends() == [
        fact(
            "NotificationGivenUp",
            locked.house.clock(),
            by=WORKER,
            reason="never_ended",
            attempts=MAIL_ATTEMPTS,
        )
    ]


def test_what_the_server_has_taken_is_recorded_as_soon_as_the_database_is_back_and_not_sent_twice(locked: Post) -> None:
    for _ in range(3):
        locked.house.between.fails_at("save NotificationSent", Unavailable())

    assert locked.send() == 1
    assert locked.stopped.waited == [RECORD_PAUSE] * 3
    assert (len(locked.ends()), len(locked.server.taken)) == (1, 1)


def test_a_stop_does_not_wait_for_a_database_that_stays_away(locked: Post) -> None:
    locked.house.between.at("taken", locked.stopped.set)
    locked.house.between.fails_at("save NotificationSent", Unavailable())

    with pytest.raises(Unavailable):
        locked.send()


@pytest.fixture
def another(locked: Post, second_house: House, policy: Policy) -> Post:
    """The database was away for so long that the claim of the only mail has lapsed, and this worker met with that."""
    another = Post(second_house, policy, locked)
    locked.claims.next(NINE)
    locked.house.clock.set(NINE + LEASE)
    second_house.between.fails_at("load", Unavailable())
    with pytest.raises(Unavailable):
        another.send()
    locked.house.clock.set(NINE + 2 * LEASE)
    return another


def test_after_a_claim_lapsed_while_the_database_was_away_whoever_sent_the_mail_may_record_it_first(
    another: Post,
) -> None:
    another.stopped.meanwhile = lambda: record_as_sent(another)

    assert another.send() == 0
    assert another.stopped.waited == [GRACE]
    assert (len(another.ends()), another.server.taken) == (1, [])


def test_where_nobody_has_recorded_it_by_then_it_is_sent(another: Post) -> None:
    assert another.send() == 1
    assert another.stopped.waited == [GRACE]


def test_a_stop_in_that_wait_sends_nothing_more(another: Post) -> None:
    another.stopped.meanwhile = another.stopped.set

    assert another.send() == 0
    assert another.server.taken == []


def record_as_sent(post: Post) -> None:
    [asked], [waiting] = post.mails(), post.waiting(0, 2)
    facts = asked.sent("an id", 1, WORKER, NINE)
    post.house.store.save(Changes(waiting.notification, 1, facts))


def test_a_lapsed_claim_that_another_worker_took_is_recorded_once(
    locked: Post, second_house: House, policy: Policy
) -> None:
    another = Post(second_house, policy, locked)

    def takes_long() -> None:
        locked.house.clock.advance(LEASE)
        another.send()

    locked.house.between.at("taken", takes_long)

    with capture_logs() as logged:
        sent = locked.send()

    assert sent == 0
    assert len(locked.ends()) == 1
    assert [line["event"] for line in logged] == ["mail sent", "another worker has ended this mail meanwhile"]
