"""How much one client address may do (R3.10): 120 posts a minute, refused tries on 10 user IDs an hour."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from hashlib import sha256
from threading import Thread
from typing import Any

import psycopg
import pytest

import infra.rate_limits
from application.ports import Busy
from domain.errors import CertificateUnknown, WrongPassword
from infra.postgres import Database
from infra.rate_limits import RateLimits, network
from tests.support.clock import MovableClock
from tests.support.crowd import refusals, together
from tests.support.house import NINE
from web.limits import TooMany

CLIENT = "192.0.2.7"
OTHER = "192.0.2.8"
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NINE)


@pytest.fixture
def limits(database: Database, clock: MovableClock) -> RateLimits:
    return RateLimits(database, clock, posts=5, user_ids=3)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.rate_limits, "WAIT_FOR_A_PLACE", 0.02)


def refused(limits: RateLimits, user_id: str, client: str = CLIENT) -> None:
    with pytest.raises(WrongPassword), limits.trying(client, user_id):
        raise WrongPassword


def accepted(limits: RateLimits, user_id: str, client: str = CLIENT) -> None:
    with limits.trying(client, user_id):
        pass


def told(call: Callable[[], object]) -> int:
    """The seconds of Retry-After."""
    with pytest.raises(TooMany) as told:
        call()
    return told.value.seconds


def test_the_sixth_post_of_a_minute_is_refused_where_five_are_allowed(limits: RateLimits) -> None:
    for _ in range(5):
        limits.post(CLIENT)

    assert told(lambda: limits.post(CLIENT)) == 60


def test_the_minute_begins_with_its_first_post_and_ends_sixty_seconds_later(
    limits: RateLimits, clock: MovableClock
) -> None:
    for _ in range(5):
        limits.post(CLIENT)

    clock.advance(59 * SECOND)
    assert told(lambda: limits.post(CLIENT)) == 1

    clock.advance(SECOND)
    limits.post(CLIENT)


def test_another_address_has_a_limit_of_its_own(limits: RateLimits) -> None:
    for _ in range(5):
        limits.post(CLIENT)

    limits.post(OTHER)


def test_processes_share_the_limit(limits: RateLimits, database: Database, clock: MovableClock) -> None:
    other_process = RateLimits(database, clock, posts=5, user_ids=3)
    for _ in range(5):
        other_process.post(CLIENT)

    assert told(lambda: limits.post(CLIENT)) == 60


def test_refused_tries_on_a_fourth_user_id_are_stopped_where_three_are_allowed(limits: RateLimits) -> None:
    for user_id in ("taro0001", "taro0002", "taro0003"):
        refused(limits, user_id)

    assert told(lambda: refused(limits, "taro0004")) == 3600


def test_refused_tries_on_the_same_user_ids_go_on_in_whatever_case_they_are_typed(limits: RateLimits) -> None:
    for user_id in ("taro0001", "taro0002", "taro0003"):
        refused(limits, user_id)

    refused(limits, "taro0001")
    refused(limits, "TARO0003")


def test_after_an_hour_other_user_ids_may_fail_again(limits: RateLimits, clock: MovableClock) -> None:
    for user_id in ("taro0001", "taro0002", "taro0003"):
        refused(limits, user_id)

    clock.advance(HOUR - SECOND)
    assert told(lambda: refused(limits, "taro0004")) == 1

    clock.advance(SECOND)
    refused(limits, "taro0004")


def test_a_try_that_was_accepted_does_not_count(limits: RateLimits) -> None:
    for number in range(10):
        accepted(limits, f"taro{number:04}")

    refused(limits, "hanako01")


def test_a_refusal_that_is_no_refused_password_does_not_count(limits: RateLimits) -> None:
    for number in range(10):
        with pytest.raises(CertificateUnknown), limits.trying(CLIENT, f"taro{number:04}"):
            raise CertificateUnknown

    refused(limits, "hanako01")


def test_of_many_tries_at_once_on_different_user_ids_no_more_than_the_limit_are_made(limits: RateLimits) -> None:
    outcomes = together([partial(refused, limits, f"taro{number:04}") for number in range(12)])

    assert sum(isinstance(outcome, TooMany) for outcome in outcomes) == 9


def test_of_pairs_at_once_on_each_user_id_no_more_user_ids_than_the_limit_are_tried(limits: RateLimits) -> None:
    tried: set[str] = set()

    def guess(user_id: str) -> None:
        with limits.trying(CLIENT, user_id):
            tried.add(user_id)
            raise WrongPassword

    outcomes = together([partial(guess, f"taro{number // 2:04}") for number in range(24)])

    assert len(tried) == 3
    assert refusals(outcomes).count(TooMany) == 18


def test_a_try_that_fails_beside_one_that_never_came_to_the_check_counts(limits: RateLimits) -> None:
    def meanwhile(user_id: str) -> None:
        with limits.trying(CLIENT, user_id):
            refused(limits, user_id)
            raise Busy("no turn in time")

    for user_id in ("taro0001", "taro0002", "taro0003"):
        with pytest.raises(Busy):
            meanwhile(user_id)

    assert told(lambda: refused(limits, "taro0004")) == 3600


@pytest.mark.usefixtures("hurry")
def test_a_place_given_back_beside_a_try_under_way_stays_that_one_s(limits: RateLimits) -> None:
    refused(limits, "taro0001")
    refused(limits, "taro0002")

    with limits.trying(CLIENT, "taro0003"):
        accepted(limits, "taro0003")
        with pytest.raises(Busy):
            accepted(limits, "taro0004")

    refused(limits, "taro0004")


# ---- tries of colleagues, who share an address


def test_where_others_are_only_under_way_one_waits_and_is_let_in(limits: RateLimits) -> None:
    came: list[str] = []

    def fourth() -> None:
        with limits.trying(CLIENT, "taro0004"):
            came.append("taro0004")

    with ExitStack() as under_way:
        for user_id in ("taro0001", "taro0002"):
            under_way.enter_context(limits.trying(CLIENT, user_id))
        with limits.trying(CLIENT, "taro0003"):
            waiting = Thread(target=fourth)
            waiting.start()
            before = came[:]
        waiting.join()

    assert (before, came) == ([], ["taro0004"])


def test_of_many_who_come_at_once_with_right_passwords_all_are_let_in(limits: RateLimits) -> None:
    outcomes = together([partial(accepted, limits, f"taro{number:04}") for number in range(12)])

    assert refusals(outcomes) == []


def test_who_waits_while_the_last_places_are_used_up_by_failures_is_told_when_to_come_again(limits: RateLimits) -> None:
    refused(limits, "taro0001")
    refused(limits, "taro0002")
    answers: list[int] = []
    waiting = Thread(target=lambda: answers.append(told(lambda: accepted(limits, "taro0004"))))

    def third() -> None:
        with limits.trying(CLIENT, "taro0003"):
            waiting.start()
            raise WrongPassword

    with pytest.raises(WrongPassword):
        third()
    waiting.join()

    assert answers == [3600]


@pytest.mark.usefixtures("hurry")
def test_where_others_stay_under_way_one_is_told_to_come_again_soon(limits: RateLimits) -> None:
    with ExitStack() as under_way:
        for user_id in ("taro0001", "taro0002", "taro0003"):
            under_way.enter_context(limits.trying(CLIENT, user_id))

        with pytest.raises(Busy):
            accepted(limits, "taro0004")


def test_who_gets_no_place_is_never_told_that_he_has_one(database: Database, clock: MovableClock) -> None:
    now = clock()
    database.execute("insert into rate_user_ids values ('site', 'taro0001', 1, %s)", now + HOUR)

    answer = database.execute("select take_a_place('site', 'taro0002', 1, %s, %s) as free_at", now, now + HOUR)

    assert answer == [{"free_at": now}]
    assert database.execute("select user_id from rate_user_ids") == [{"user_id": "taro0001"}]


def test_a_user_id_that_fails_again_counts_for_an_hour_from_then(limits: RateLimits, clock: MovableClock) -> None:
    for user_id in ("taro0001", "taro0002", "taro0003"):
        refused(limits, user_id)
    clock.advance(HOUR - SECOND)
    refused(limits, "taro0001")
    clock.advance(SECOND)

    refused(limits, "taro0004")
    refused(limits, "taro0005")

    assert told(lambda: refused(limits, "taro0006")) == 3599


def test_a_right_password_does_not_wipe_out_the_failures_before_it(limits: RateLimits) -> None:
    for user_id in ("taro0001", "taro0002", "taro0003"):
        refused(limits, user_id)
        accepted(limits, user_id)

    assert told(lambda: refused(limits, "taro0004")) == 3600


@pytest.mark.usefixtures("hurry")
def test_the_place_of_a_try_whose_process_was_killed_is_free_after_a_minute(
    limits: RateLimits, clock: MovableClock
) -> None:
    with ExitStack() as never_left:
        for user_id in ("taro0001", "taro0002", "taro0003"):
            never_left.enter_context(limits.trying(CLIENT, user_id))
        clock.advance(59 * SECOND)
        with pytest.raises(Busy):
            accepted(limits, "taro0004")

        clock.advance(SECOND)

        refused(limits, "taro0004")


def test_a_stopped_try_takes_no_place(limits: RateLimits, clock: MovableClock) -> None:
    for user_id in ("taro0001", "taro0002", "taro0003"):
        refused(limits, user_id)
    for _ in range(5):
        told(lambda: refused(limits, "taro0004"))

    clock.advance(HOUR)
    for user_id in ("taro0004", "taro0005", "taro0006"):
        refused(limits, user_id)


def test_nothing_is_counted_where_the_limits_are_off(database: Database, clock: MovableClock) -> None:
    limits = RateLimits(database, clock, posts=0, user_ids=0)

    for number in range(20):
        limits.post(CLIENT)
        refused(limits, f"taro{number:04}")

    assert database.execute("select key from rate_counters") == []
    assert database.execute("select user_id from rate_user_ids") == []


def test_no_address_and_no_user_id_is_kept(limits: RateLimits, database: Database) -> None:
    limits.post(CLIENT)
    refused(limits, "taro0001")

    kept = str(database.execute("select key from rate_counters") + database.execute("select * from rate_user_ids"))

    assert len(database.execute("select user_id from rate_user_ids")) == 1
    assert CLIENT not in kept
    assert "taro0001" not in kept
    assert sha256(CLIENT.encode()).hexdigest()[:32] not in kept  # which trying all addresses would undo


def test_processes_hash_alike_and_another_databases_hashes_tell_nothing(
    limits: RateLimits, database: Database, owner: psycopg.Connection[Any], clock: MovableClock
) -> None:
    refused(limits, "taro0001")
    refused(RateLimits(database, clock, posts=5, user_ids=3), "taro0001")
    alike = database.execute("select site, user_id from rate_user_ids")
    owner.execute("update rate_key set key = 'the key of another database'")

    refused(RateLimits(database, clock, posts=5, user_ids=3), "taro0001")

    found = database.execute("select site, user_id from rate_user_ids")
    assert len(alike) == 1
    assert len({row["site"] for row in found}) == len({row["user_id"] for row in found}) == 2


def test_what_is_over_is_forgotten(limits: RateLimits, database: Database, clock: MovableClock) -> None:
    limits.post(CLIENT)
    refused(limits, "taro0001")
    clock.advance(60 * SECOND)

    limits.forget_old()

    assert database.execute("select key from rate_counters") == []
    assert len(database.execute("select user_id from rate_user_ids")) == 1

    clock.advance(HOUR - 60 * SECOND)
    limits.forget_old()
    assert database.execute("select user_id from rate_user_ids") == []


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ("2001:db8:1:3::", "2001:db8:1:3::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_ipv6_is_counted_by_its_first_64_bits_and_ipv4_whole(client: str, counted: str) -> None:
    assert network(client) == counted
